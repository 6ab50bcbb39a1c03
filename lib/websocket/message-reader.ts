import type { Inbox, Incoming } from './inbox';

/** What reading by hand needs of a session. */
interface ReadSession {
  readonly inbox: Inbox;
  /** Answers a message that is not taken. */
  refuse(error: unknown): void;
}

/** Makes of a message what is read; throws when it is not taken. */
type Convert = (incoming: Incoming) => unknown;

/** The messages of a session, read by hand until it is returned or the session is over. */
export class MessageReader implements AsyncIterableIterator<unknown> {
  readonly #session: ReadSession;
  readonly #convert: Convert;
  #isDone: boolean;

  constructor(session: ReadSession, convert: Convert) {
    this.#session = session;
    this.#convert = convert;
    this.#isDone = false;
    session.inbox.openReader();
  }

  async next(): Promise<IteratorResult<unknown>> {
    while (!this.#isDone) {
      const incoming = await this.#session.inbox.take();
      if (incoming === undefined) break;
      try {
        return { done: false, value: await this.#convert(incoming) };
      } catch (error) {
        this.#session.refuse(error);
      }
    }
    this.#close();
    return { done: true, value: undefined };
  }

  /** Messages are handled again. */
  return(): Promise<IteratorResult<unknown>> {
    this.#close();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #close(): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#session.inbox.closeReader();
  }
}
