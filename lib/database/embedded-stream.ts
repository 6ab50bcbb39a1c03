import { mkdirSync, readdirSync } from 'node:fs';
import { Duplex } from 'node:stream';
import { Worker } from 'node:worker_threads';
import { embeddedModule, type EmbeddedTemplate, embeddedTemplate } from './embedded-template';
import { UNFINISHED, WORKER_SOURCE, type WorkerData, type WorkerSays } from './embedded-worker';

type Done = (error?: Error | null) => void;

export interface EmbeddedFiles {
  readonly dataDir: string;
  /** Whether somebody opens them again later: then they are left as a database that was shut down. */
  readonly isKept: boolean;
}

/** How long a database may take to be shut down. */
const SHUTDOWN_MS = 3_000;

/** A connection to an embedded PostgreSQL in a thread, as the driver knows sockets. Ending it ends the thread. */
export class EmbeddedStream extends Duplex {
  /** Settles when the thread is gone, and its files can be opened by another. */
  readonly gone: Promise<void>;
  readonly #files: EmbeddedFiles;
  readonly #before: Promise<void>;
  #isGone: () => void = ignore;
  #worker: Worker | undefined;
  #template: EmbeddedTemplate | undefined;
  #isReferenced = true;
  #isReady = false;
  #whenClosed: () => void = ignore;

  /** In: what must settle before its files may be opened. */
  constructor(files: EmbeddedFiles, before: Promise<void>) {
    super();
    this.#files = files;
    this.#before = before;
    this.gone = new Promise((resolve) => (this.#isGone = resolve));
  }

  /** Whether it is only just starting: nobody could ask it anything yet. */
  get isStarting(): boolean {
    return !this.#isReady && !this.destroyed;
  }

  /** As of a socket; where to is known already. */
  connect(): this {
    void this.#before.then(() => {
      if (this.destroyed) return;
      try {
        this.#start();
      } catch (error) {
        this.destroy(error as Error);
      }
    });
    return this;
  }

  /** As of a socket. */
  ref(): this {
    this.#isReferenced = true;
    this.#worker?.ref();
    return this;
  }

  /** As of a socket: while nothing is asked, the process may end. */
  unref(): this {
    this.#isReferenced = false;
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

  /** The driver has said good-bye. */
  override _final(done: Done): void {
    const over = (): void => {
      clearTimeout(timer);
      this.push(null);
      done();
    };
    const timer = setTimeout(over, SHUTDOWN_MS);
    if (this.#files.isKept && this.#worker !== undefined) this.#whenClosed = over;
    else over();
  }

  override _destroy(error: Error | null, done: Done): void {
    const over = (): void => {
      this.#template?.making?.remove();
      this.#isGone();
      done(error);
    };
    // One that never had a thread is not gone before the one it waited for.
    void (this.#worker?.terminate() ?? this.#before).then(over, over);
  }

  #start(): void {
    mkdirSync(this.#files.dataDir, { recursive: true });
    const { dataDir } = this.#files;
    const names = readdirSync(dataDir);
    const template = names.length === 0 || names.includes(UNFINISHED) ? embeddedTemplate() : undefined;
    this.#template = template;
    const workerData: WorkerData = {
      module: embeddedModule(),
      dataDir,
      template: template?.path,
      making: template?.making?.path,
      unfinished: UNFINISHED,
    };
    // Nothing of how this process was started: what it loads first is not meant for the thread.
    const worker = new Worker(WORKER_SOURCE, { eval: true, workerData, execArgv: [] });
    this.#worker = worker;
    if (!this.#isReferenced) worker.unref();
    worker.on('message', (says: WorkerSays) => this.#hear(says));
    worker.on('error', (error) => this.destroy(error));
    worker.once('exit', () => {
      this.#whenClosed();
      this.destroy();
    });
  }

  #hear(says: WorkerSays): void {
    if ('failure' in says) this.destroy(new Error(says.failure));
    else if ('bytes' in says) this.push(Buffer.from(says.bytes.buffer, says.bytes.byteOffset, says.bytes.byteLength));
    else if (says.is === 'ready') {
      this.#template?.making?.remove();
      this.#isReady = true;
      this.emit('connect');
    } else this.#whenClosed();
  }
}

function ignore(): void {
  // Nobody waits.
}
