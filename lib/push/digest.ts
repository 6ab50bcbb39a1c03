import type { PushRow } from './push-report';

/** What a client has of a path. */
export interface Given {
  /** Of the file that it was; `undefined` for what a route answered. */
  readonly etag: string | undefined;
  /** By the application's clock; what is under way is fresh. */
  freshUntilMs: number;
  /** Where it is counted when the client asks for it although it was pushed; `undefined`: it was not pushed, or that was counted. */
  row: PushRow | undefined;
}

/** What is remembered under: the path, where it was asked for with GET. */
export function keyOf(method: string | undefined, path: string): string {
  return method === 'HEAD' ? `HEAD ${path}` : path;
}

/** What the client of one connection was given, by path; the last ones, up to a limit. */
export class Digest {
  readonly #given = new Map<string, Given>();
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  get size(): number {
    return this.#given.size;
  }

  /** Whether the client has it as it is now. In: the `ETag` that a file has now, `undefined` for what a route answers. */
  has(path: string, etag: string | undefined, nowMs: number): boolean {
    const given = this.#given.get(path);
    if (given === undefined) return false;
    if (etag === undefined ? nowMs >= given.freshUntilMs : given.etag !== etag) return false;
    this.#given.delete(path);
    this.#given.set(path, given);
    return true;
  }

  get(path: string): Given | undefined {
    return this.#given.get(path);
  }

  /** The one that was used longest ago makes room. */
  add(path: string, given: Given): void {
    this.#given.delete(path);
    this.#given.set(path, given);
    if (this.#given.size <= this.#most) return;
    for (const oldest of this.#given.keys()) {
      this.#given.delete(oldest);
      return;
    }
  }

  delete(path: string): void {
    this.#given.delete(path);
  }
}
