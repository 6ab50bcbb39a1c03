// Hot: what comes from one client goes through here.

/** A message as it came. */
export interface Incoming {
  readonly data: Buffer;
  readonly isBinary: boolean;
}

/** Who handles what comes. */
interface Handling {
  /** Handles a message; never throws. Out: a promise when the next one has to wait for it; it never rejects. */
  handle(data: Buffer, isBinary: boolean): Promise<void> | undefined;
  /** No more is read from the client, or is again. */
  pause(): void;
  resume(): void;
  /** Nothing is being handled any more. */
  idle(): void;
}

/** How much may wait. */
interface InboxLimits {
  readonly maxWaiting: number;
  readonly messageLimitBytes: number;
}

/**
 * Hands on what comes, one message at a time and in its order: the next when the last is handled. What has to wait is
 * kept, within limits; beyond them no more is read from the client. While it is read by hand, it goes to the reader.
 */
export class Inbox {
  readonly #handling: Handling;
  readonly #limits: InboxLimits;
  #waiting: Incoming[] | undefined;
  #waitingBytes: number;
  #isBusy: boolean;
  #isRead: boolean;
  #isPaused: boolean;
  #isOver: boolean;
  /** Readers that wait for a message. */
  #readers: ((incoming: Incoming | undefined) => void)[] | undefined;

  constructor(handling: Handling, limits: InboxLimits) {
    this.#handling = handling;
    this.#limits = limits;
    this.#waiting = undefined;
    this.#waitingBytes = 0;
    this.#isBusy = false;
    this.#isRead = false;
    this.#isPaused = false;
    this.#isOver = false;
    this.#readers = undefined;
  }

  /** Whether something is being handled. */
  get isBusy(): boolean {
    return this.#isBusy;
  }

  /** Whether no more is read from the client for now. */
  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** Whether it is read by hand. */
  get isRead(): boolean {
    return this.#isRead;
  }

  /** How many messages wait. */
  get size(): number {
    return this.#waiting?.length ?? 0;
  }

  receive(data: Buffer, isBinary: boolean): void {
    if (this.#isRead) this.#offer({ data, isBinary });
    else if (this.#isBusy) this.#keep({ data, isBinary });
    else this.busyWith(this.#handling.handle(data, isBinary));
  }

  /** Keeps what comes waiting until `handled` has settled. */
  busyWith(handled: Promise<void> | undefined): void {
    if (handled === undefined) return;
    this.#isBusy = true;
    void handled.then(() => this.#goOn());
  }

  /** From now on messages go to whoever calls `take`. */
  openReader(): void {
    this.#isRead = true;
  }

  /** The next message; `undefined`: there is none any more. */
  take(): Promise<Incoming | undefined> {
    const next = this.#shift();
    if (next !== undefined || this.#isOver || !this.#isRead) return Promise.resolve(next);
    return new Promise((resolve) => (this.#readers ??= []).push(resolve));
  }

  /** Messages are handled again, those that were not taken first. */
  closeReader(): void {
    if (!this.#isRead) return;
    this.#isRead = false;
    if (this.#isOver) this.#waiting = undefined;
    this.#dismissReaders();
    if (!this.#isBusy) this.#goOn();
  }

  /** Nothing more comes. Out: how many messages nobody will handle. */
  close(): number {
    this.#isOver = true;
    const left = this.#isRead ? 0 : this.size;
    if (!this.#isRead) this.#waiting = undefined;
    this.#dismissReaders();
    return left;
  }

  #goOn(): void {
    this.#isBusy = false;
    while (!this.#isRead && !this.#isBusy) {
      const next = this.#shift();
      if (next === undefined) {
        this.#handling.idle();
        return;
      }
      this.busyWith(this.#handling.handle(next.data, next.isBinary));
    }
  }

  #offer(incoming: Incoming): void {
    const reader = this.#readers?.shift();
    if (reader === undefined) this.#keep(incoming);
    else reader(incoming);
  }

  #keep(incoming: Incoming): void {
    const waiting = (this.#waiting ??= []);
    waiting.push(incoming);
    this.#waitingBytes += incoming.data.length;
    const { maxWaiting, messageLimitBytes } = this.#limits;
    if (this.#isPaused || (waiting.length < maxWaiting && this.#waitingBytes < messageLimitBytes)) return;
    this.#isPaused = true;
    this.#handling.pause();
  }

  #shift(): Incoming | undefined {
    const next = this.#waiting?.shift();
    if (next === undefined) return undefined;
    this.#waitingBytes -= next.data.length;
    if (this.#isPaused && this.size <= this.#limits.maxWaiting / 2 && this.#waitingBytes <= this.#limits.messageLimitBytes / 2) {
      this.#isPaused = false;
      this.#handling.resume();
    }
    return next;
  }

  #dismissReaders(): void {
    const readers = this.#readers;
    this.#readers = undefined;
    readers?.forEach((dismiss) => dismiss(undefined));
  }
}
