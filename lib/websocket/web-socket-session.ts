import type { Class } from '../metadata/slot';
import type { Incoming } from './inbox';
import type { Audience } from './rooms';

/** What a session does for whoever holds it. */
export interface LiveSession {
  readonly id: string;
  user: unknown;
  readonly signal: AbortSignal;
  readonly protocol: string;
  readonly isOpen: boolean;
  readonly closeCode: number | undefined;
  readonly closeReason: string;
  readonly bufferedBytes: number;
  readonly roomNames: readonly string[];
  readonly values: Map<unknown, unknown>;
  send(data: unknown): Promise<void> | undefined;
  messages(type: Class | undefined): AsyncIterableIterator<unknown>;
  join(room: string): void;
  leave(room: string): void;
  to(room: string): Audience;
  close(code: number, reason: string): void;
}

/** A message as it came: text as a string, bytes as a Buffer. */
export type RawMessage = string | Incoming['data'];

/**
 * One client on a WebSocket, from the upgrade to its close: what the methods of a `@WebSocket` class are given.
 *
 * Ends: when either side closes it, when the client answers no pings or does not keep up with what it is sent, when a limit
 * is broken, when the application stops (1001) or its plugin is replaced (1012). Then it is in no room any more, and `signal` is aborted.
 */
export class WebSocketSession {
  readonly #session: LiveSession;

  /** @internal */
  constructor(session: LiveSession) {
    this.#session = session;
  }

  /** A name for it in logs, and for others; made on first use. */
  get id(): string {
    return this.#session.id;
  }

  /** Who opened it, as `auth.authenticate` said of the upgrade; `undefined`: nobody known. */
  get user(): unknown {
    return this.#session.user;
  }

  /** Aborted with a `CancelledError` when it is over: `client`, `shutdown`, or `manual` when this side closed it. */
  get signal(): AbortSignal {
    return this.#session.signal;
  }

  /** The subprotocol that was agreed on; empty: none. */
  get protocol(): string {
    return this.#session.protocol;
  }

  /** Whether something sent now can still arrive. */
  get isOpen(): boolean {
    return this.#session.isOpen;
  }

  /** Why it was closed (RFC 6455 §7.4): 1005, the client gave no code; 1006, it vanished; `undefined`: it is open. */
  get closeCode(): number | undefined {
    return this.#session.closeCode;
  }

  /** What was said about that; mostly empty. */
  get closeReason(): string {
    return this.#session.closeReason;
  }

  /** Bytes that wait for the client to read them. */
  get bufferedBytes(): number {
    return this.#session.bufferedBytes;
  }

  /** The rooms it is in. */
  get rooms(): readonly string[] {
    return this.#session.roomNames;
  }

  /** A value that was kept with it. */
  get(key: unknown): unknown {
    return this.#session.values.get(key);
  }

  /** Keeps a value with it, until it is over. */
  set(key: unknown, value: unknown): void {
    this.#session.values.set(key, value);
  }

  /**
   * Sends text and bytes as they are, a `prepareMessage` as it is framed, anything else as JSON. Without effect when it is over;
   * `backpressure` says what happens when the client does not keep up.
   *
   * Out: with `backpressure: 'wait'`, where the client is behind, a promise that settles when it has caught up; else `undefined`.
   * Fails with: WEBSOCKET_UNSENDABLE.
   */
  send(data: unknown): Promise<void> | undefined {
    return this.#session.send(data);
  }

  /**
   * What comes, read by hand: from this call until the iterator is returned, messages go here and to no `@OnMessage` method.
   * Where it is called in a method that handles a message, that has no time-out any more.
   *
   * In: a class with class-validator decorators; messages are made of it, and one that is faulty is answered with an error
   * frame and left out. Without it they are text or bytes, as they come. Out: ends with the session.
   * Fails with: WEBSOCKET_MESSAGES_TAKEN, VALIDATION_CLASS_EMPTY.
   */
  messages(): AsyncIterableIterator<RawMessage>;
  messages<T>(type: Class<T>): AsyncIterableIterator<T>;
  messages(type?: Class): AsyncIterableIterator<unknown> {
    return this.#session.messages(type);
  }

  /** Enters a room of its class; one that is over enters none. Fails with: WEBSOCKET_ROOMS_LIMIT (1,000 rooms). */
  join(room: string): void {
    this.#session.join(room);
  }

  /** Leaves a room. */
  leave(room: string): void {
    this.#session.leave(room);
  }

  /** All that are in a room of its class, itself included if it is: `socket.to('lobby').send({ … })`. */
  to(room: string): Audience {
    return this.#session.to(room);
  }

  /**
   * Closes it: what was sent arrives first, then the client is told `code` and `reason`. Without effect when it is over.
   *
   * In: `code`, default 1000; `reason` of at most 123 bytes. Fails with: WEBSOCKET_CLOSE_INVALID.
   */
  close(code = 1000, reason = ''): void {
    this.#session.close(code, reason);
  }
}
