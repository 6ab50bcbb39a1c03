import type { Row, RowCursor } from './row-cursor';
import type { Work } from './work';

/** What rows are read from, and the work that this is a part of. */
export interface OpenedRows {
  readonly work: Work;
  readonly cursor: RowCursor;
  /** Whether the reading is all of the work: it ends it, and each row renews its time. */
  readonly isAll: boolean;
}

/**
 * The rows of a query one by one, a batch fetched when the one before was read. No generator: that could only be ended
 * between two rows, and a query may run long before the first.
 */
export class RowReader<T> implements AsyncIterableIterator<T> {
  readonly #open: () => OpenedRows;
  #opened: OpenedRows | undefined;
  #batch: readonly Row[] = [];
  #at = 0;
  #isOver = false;
  /** Whoever asks again before he was answered stands in line. */
  #line: Promise<unknown> | undefined;

  /** Nothing is asked before the first row is. */
  constructor(open: () => OpenedRows) {
    this.#open = open;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<T>> {
    // Most rows are there already, and nobody stands in line: 2 µs less for each.
    if (this.#line === undefined && this.#hasNext) return Promise.resolve(this.#take());
    const next = this.#line === undefined ? this.#next() : this.#line.then(() => this.#next());
    const line = next
      .catch(() => undefined)
      .then(() => {
        if (this.#line === line) this.#line = undefined;
      });
    this.#line = line;
    return next;
  }

  /** Ends it at once, also while a row is awaited: what is awaited is then that there are no more. */
  return(): Promise<IteratorResult<T>> {
    this.#end();
    return Promise.resolve(NO_MORE);
  }

  get #hasNext(): boolean {
    return this.#at < this.#batch.length && this.#opened?.work.failure === undefined;
  }

  async #next(): Promise<IteratorResult<T>> {
    try {
      if (!this.#isOver && this.#at === this.#batch.length) await this.#fetch();
      return this.#isOver ? NO_MORE : this.#take();
    } catch (error) {
      if (this.#isOver) return NO_MORE;
      this.#end();
      throw error;
    }
  }

  /** The next row that is there; none: it was the last. */
  #take(): IteratorResult<T> {
    const { work, isAll } = this.#opened as OpenedRows;
    if (work.failure !== undefined) throw work.failure;
    if (isAll) work.goesOn();
    if (this.#at < this.#batch.length) return { done: false, value: this.#batch[this.#at++] as T };
    this.#end();
    return NO_MORE;
  }

  async #fetch(): Promise<void> {
    const { work, cursor, isAll } = (this.#opened ??= this.#begin());
    if (work.failure !== undefined) throw work.failure;
    if (isAll) work.renew();
    this.#batch = await work.untilCut(cursor.next());
    this.#at = 0;
  }

  #begin(): OpenedRows {
    const opened = this.#open();
    // Who was cut may never ask again.
    if (opened.isAll) opened.work.lifetime.defer(() => void opened.cursor.close());
    return opened;
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#batch = [];
    if (this.#opened?.isAll === true) this.#opened.work.done();
    else void this.#opened?.cursor.close();
  }
}

const NO_MORE = { done: true, value: undefined } as const;
