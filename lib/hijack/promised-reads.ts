import { hijackErrors } from './errors';

const LF = 0x0a;
const CR = 0x0d;

/** The longest line that is taken where nothing else is said, and the most that can be asked for at once. */
export const LONGEST_LINE_BYTES = 64 * 1024;
export const LARGEST_READ_BYTES = 16 * 1024 * 1024;

/** Where reads are served from. */
interface Source {
  /** What is there, or exactly `size` of it; `null` while that is not there; at the end, what is left. */
  take(size?: number): Buffer | null;
  /** Puts back what was not wanted. */
  giveBack(bytes: Buffer): void;
  /** Whether no more will come than what is there. */
  inputEnded(): boolean;
}

/** A stream that is read by hand. */
export interface ReadByHand extends Source {
  /** Whether its end was told: nothing can be put back any more. */
  endTold(): boolean;
  on(event: 'readable' | 'end', listener: () => void): unknown;
  off(event: 'readable' | 'end', listener: () => void): unknown;
}

/** One thing that is waited for. */
interface PromisedRead {
  /** Out: whether it is settled. */
  attempt(): boolean;
  fail(error: unknown): void;
}

/** Reads that settle when what they ask for has come, in the order they were asked. */
export class PromisedReads {
  readonly #stream: ReadByHand;
  readonly #source: Source;
  readonly #waiting: PromisedRead[] = [];
  /** What was put back when the stream took nothing back any more. */
  #rest: Buffer | undefined;

  constructor(stream: ReadByHand) {
    this.#stream = stream;
    this.#source = {
      take: (size) => (this.#rest === undefined ? stream.take(size) : this.#takeRest(size)),
      giveBack: (bytes) => (stream.endTold() ? this.#keepRest(bytes) : stream.giveBack(bytes)),
      inputEnded: () => stream.inputEnded(),
    };
  }

  /** Whether somebody waits. */
  get isWaiting(): boolean {
    return this.#waiting.length > 0;
  }

  /** A line without its end (LF, or CR LF); what stands behind the last one is a line as well. `undefined`: none is left. */
  line(limit: number): Promise<string | undefined> {
    return this.#ask((resolve, reject) => new LineRead(this.#source, limit, resolve, reject));
  }

  /** Exactly so many bytes. */
  bytes(size: number): Promise<Buffer> {
    return this.#ask((resolve, reject) => new BytesRead(this.#source, size, false, resolve, reject));
  }

  /** So many bytes, or what there is before the end, without taking them. */
  peek(size: number): Promise<Buffer> {
    return this.#ask((resolve, reject) => new BytesRead(this.#source, size, true, resolve, reject));
  }

  /** Fails everything that is waited for. What came of it stays to be read. */
  fail(error: unknown): void {
    const waiting = this.#waiting.splice(0);
    if (waiting.length > 0) this.#listen(false);
    // The first may hold what came; the others have nothing yet.
    for (const read of waiting) read.fail(error);
  }

  #ask<T>(make: (resolve: (value: T) => void, reject: (error: unknown) => void) => PromisedRead): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const read = make(resolve, reject);
      if (this.#waiting.length === 0 && read.attempt()) return;
      this.#waiting.push(read);
      if (this.#waiting.length === 1) this.#listen(true);
    });
  }

  #takeRest(size?: number): Buffer | null {
    const rest = this.#rest as Buffer;
    const left = size === undefined || size >= rest.length ? undefined : rest.subarray(size);
    this.#rest = left;
    return left === undefined ? rest : rest.subarray(0, size);
  }

  #keepRest(bytes: Buffer): void {
    this.#rest = this.#rest === undefined ? bytes : Buffer.concat([bytes, this.#rest]);
  }

  #listen(on: boolean): void {
    for (const event of ['readable', 'end'] as const) {
      if (on) this.#stream.on(event, this.#look);
      else this.#stream.off(event, this.#look);
    }
  }

  readonly #look = (): void => {
    while (this.#waiting.length > 0) {
      if (!this.#waiting[0].attempt()) return;
      this.#waiting.shift();
    }
    this.#listen(false);
  };
}

class LineRead implements PromisedRead {
  readonly #source: Source;
  readonly #limit: number;
  readonly #resolve: (line: string | undefined) => void;
  readonly #reject: (error: unknown) => void;
  /** What came before and had no end of a line in it. */
  #parts: Buffer[] = [];
  #length = 0;

  constructor(source: Source, limit: number, resolve: (line: string | undefined) => void, reject: (error: unknown) => void) {
    this.#source = source;
    this.#limit = limit;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  attempt(): boolean {
    for (;;) {
      // Newer versions of Node give what is there part by part.
      const bytes = this.#source.take();
      if (bytes === null) return this.#source.inputEnded() && this.#finish();
      const before = this.#length;
      this.#parts.push(bytes);
      this.#length += bytes.length;
      const end = bytes.indexOf(LF);
      if (end >= 0) return this.#settle(before + end, 1);
      // Its last byte may be the CR in front of an LF to come.
      if (this.#length > this.#limit + 1) return this.#refuse();
    }
  }

  fail(error: unknown): void {
    if (this.#length > 0) this.#source.giveBack(this.#whole());
    this.#reject(error);
  }

  #finish(): boolean {
    if (this.#length > 0) return this.#settle(this.#length, 0);
    this.#resolve(undefined);
    return true;
  }

  /** In: how long the line is, and its end. */
  #settle(length: number, endLength: number): boolean {
    const whole = this.#whole();
    const line = whole.subarray(0, whole[length - 1] === CR && endLength > 0 ? length - 1 : length);
    if (line.length > this.#limit) return this.#refuse();
    if (length + endLength < whole.length) this.#source.giveBack(whole.subarray(length + endLength));
    this.#resolve(line.toString('utf8'));
    return true;
  }

  #refuse(): boolean {
    this.fail(hijackErrors.HIJACK_LINE_TOO_LONG({ limit: this.#limit }));
    return true;
  }

  #whole(): Buffer {
    return this.#parts.length === 1 ? this.#parts[0] : Buffer.concat(this.#parts);
  }
}

class BytesRead implements PromisedRead {
  readonly #source: Source;
  readonly #size: number;
  readonly #isPeek: boolean;
  readonly #resolve: (bytes: Buffer) => void;
  readonly #reject: (error: unknown) => void;

  constructor(source: Source, size: number, isPeek: boolean, resolve: (bytes: Buffer) => void, reject: (error: unknown) => void) {
    this.#source = source;
    this.#size = size;
    this.#isPeek = isPeek;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  attempt(): boolean {
    const source = this.#source;
    if (this.#size === 0) {
      this.#resolve(Buffer.alloc(0));
      return true;
    }
    const bytes = source.take(this.#size);
    if (bytes === null && !source.inputEnded()) return false;
    const got = bytes ?? Buffer.alloc(0);
    const isShort = got.length < this.#size;
    if ((this.#isPeek || isShort) && got.length > 0) source.giveBack(got);
    if (isShort && !this.#isPeek) this.#reject(hijackErrors.HIJACK_INPUT_ENDED({ wanted: this.#size, got: got.length }));
    else this.#resolve(got);
    return true;
  }

  fail(error: unknown): void {
    this.#reject(error);
  }
}
