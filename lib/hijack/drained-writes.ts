// Hot: all bytes that are written to a hijacked connection go through here.
import type { Duplex } from 'node:stream';

/** How a `Writable` is told that it may go on. */
export type Done = (error?: Error | null) => void;

/** Writes to a stream: as much as it takes at once is through, and what it keeps waits for whoever reads at its other end. */
export class DrainedWrites {
  readonly #stream: Duplex;
  #undrained: Done | undefined;

  constructor(stream: Duplex) {
    this.#stream = stream;
    this.#undrained = undefined;
  }

  write(chunk: Buffer, done: Done): void {
    if (this.#stream.write(chunk)) done();
    else this.#awaitDrain(done);
  }

  /** In one piece, as far as the system takes it. */
  writeAll(chunks: readonly { readonly chunk: Buffer }[], done: Done): void {
    const stream = this.#stream;
    let hasRoom = true;
    stream.cork();
    for (const { chunk } of chunks) hasRoom = stream.write(chunk);
    stream.uncork();
    if (hasRoom) done();
    else this.#awaitDrain(done);
  }

  /** What waits will not be through any more. */
  fail(failure: Error): void {
    const undrained = this.#undrained;
    this.#undrained = undefined;
    undrained?.(failure);
  }

  #awaitDrain(done: Done): void {
    this.#undrained = done;
    this.#stream.once('drain', this.#drained);
  }

  readonly #drained = (): void => {
    const done = this.#undrained;
    this.#undrained = undefined;
    done?.();
  };
}
