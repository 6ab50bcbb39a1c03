// Hot: all bytes that are written to a hijacked connection go through here.
import type { Duplex } from 'node:stream';

/** How a `Writable` is told that it may go on. */
export type Done = (error?: Error | null) => void;

/** Writes to a stream: as much as it takes at once is through, and what it keeps waits for whoever reads at its other end. */
export class DrainedWrites {
  readonly #stream: Duplex;
  #undrained: Done | undefined;
  #isListening: boolean;

  constructor(stream: Duplex) {
    this.#stream = stream;
    this.#undrained = undefined;
    this.#isListening = false;
  }

  write(chunk: Buffer, done: Done): void {
    this.#settle(this.#stream.write(chunk), done);
  }

  /** In one piece, as far as the system takes it. */
  writeAll(chunks: readonly { readonly chunk: Buffer }[], done: Done): void {
    const stream = this.#stream;
    let hasRoom = true;
    stream.cork();
    for (const { chunk } of chunks) hasRoom = stream.write(chunk);
    stream.uncork();
    this.#settle(hasRoom, done);
  }

  /** What waits will not be through any more. */
  fail(failure: Error): void {
    const undrained = this.#undrained;
    this.#undrained = undefined;
    undrained?.(failure);
  }

  #settle(hasRoom: boolean, done: Done): void {
    const stream = this.#stream;
    // A large piece is told as too much even where the system has taken all of it by now.
    if (hasRoom || (stream.writableLength === 0 && !stream.destroyed)) done();
    else this.#awaitDrain(done);
  }

  #awaitDrain(done: Done): void {
    this.#undrained = done;
    if (this.#isListening) return;
    this.#isListening = true;
    // Stays for as long as the stream does: to listen anew for each piece costs more than to be told of some for nothing.
    this.#stream.on('drain', this.#drained);
  }

  readonly #drained = (): void => {
    const done = this.#undrained;
    this.#undrained = undefined;
    done?.();
  };
}
