import { Duplex } from 'node:stream';
import { Worker } from 'node:worker_threads';
import { WORKER_SOURCE, type WorkerData, type WorkerSays } from './embedded-worker';

type Done = (error?: Error | null) => void;

/** A connection to an embedded PostgreSQL in a thread, as the driver knows sockets. Ending it ends the thread. */
export class EmbeddedStream extends Duplex {
  readonly #data: WorkerData;
  #worker: Worker | undefined;
  #ended: Promise<unknown> | undefined;

  constructor(data: WorkerData) {
    super();
    this.#data = data;
  }

  /** As of a socket; where to is known already. */
  connect(): this {
    const worker = new Worker(WORKER_SOURCE, { eval: true, workerData: this.#data });
    this.#worker = worker;
    worker.on('message', (says: WorkerSays) => {
      if ('ready' in says) this.emit('connect');
      else if ('bytes' in says) this.push(Buffer.from(says.bytes.buffer, says.bytes.byteOffset, says.bytes.byteLength));
      else this.destroy(new Error(says.failure));
    });
    worker.on('error', (error) => this.destroy(error));
    worker.once('exit', () => this.destroy());
    return this;
  }

  /** As of a socket. */
  ref(): this {
    this.#worker?.ref();
    return this;
  }

  /** As of a socket: while nothing is asked, the process may end. */
  unref(): this {
    this.#worker?.unref();
    return this;
  }

  /** As of a socket; there is nothing to delay. */
  setNoDelay(): this {
    return this;
  }

  /** As of a socket; there is nothing to keep alive. */
  setKeepAlive(): this {
    return this;
  }

  /** Settles when the thread is gone, and its files can be opened by another. */
  async gone(): Promise<void> {
    await this.#ended;
  }

  override _read(): void {
    // Pushed as it comes: who asks waits for the whole answer before asking again.
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: Done): void {
    this.#worker?.postMessage(new Uint8Array(chunk));
    done();
  }

  override _writev(chunks: { readonly chunk: Buffer }[], done: Done): void {
    this.#worker?.postMessage(new Uint8Array(Buffer.concat(chunks.map(({ chunk }) => chunk))));
    done();
  }

  override _final(done: Done): void {
    this.#end().then(() => done(), done);
    this.push(null);
  }

  override _destroy(error: Error | null, done: Done): void {
    this.#end().then(() => done(error), done);
  }

  async #end(): Promise<void> {
    this.#ended ??= this.#worker?.terminate() ?? Promise.resolve();
    await this.#ended;
  }
}
