// Hot: `received` is called for each message that comes, `send` and `deliver` for each that goes.
import { randomUUID } from 'node:crypto';
import type { Exchange } from '../http/exchange';
import type { CancelReason } from '../lifetime/end-reason';
import type { Lifetime } from '../lifetime/lifetime';
import type { Class } from '../metadata/slot';
import { checkClose, CLOSE, closeCodeOf } from './close-codes';
import { websocketErrors } from './errors';
import { Heartbeat } from './heartbeat';
import { Inbox } from './inbox';
import { JoinedRooms } from './joined-rooms';
import { MessageRate } from './message-rate';
import { MessageReader } from './message-reader';
import { Outbox } from './outbox';
import type { PreparedMessage } from './prepared-message';
import { compileReading } from './read-message';
import type { Audience, Member } from './rooms';
import type { OpenConnection, SessionRooms } from './session-rooms';
import type { Listening } from './socket-events';
import type { Socket } from './upgrade';
import { type LiveSession, WebSocketSession } from './web-socket-session';

/**
 * For the close frame of a session to leave that is closed only when it is cut, and for a client nearby to answer it. Plugins
 * wait 50 ms or more for what they cut, and say that what takes longer is stuck.
 */
const LAST_WORDS_MS = 10;

/** Whose time-out can be lifted. */
interface Untimeable {
  untime(): void;
}

/** One client's session at work: what comes goes to the handlers of its class, one message at a time. */
export class Session implements LiveSession, Member, Listening {
  /** What handlers hold. */
  readonly facade: WebSocketSession;
  readonly lifetime: Lifetime;
  readonly exchange: Exchange | undefined;
  user: unknown;
  /** Observables and async iterables that are being sent. */
  streams: number;
  /** What is being handled, or was last. */
  current: Untimeable | undefined;
  readonly #shared: SessionRooms<Session>;
  readonly #socket: Socket;
  readonly #outbox: Outbox;
  readonly #heartbeat: Heartbeat;
  readonly #rate: MessageRate | undefined;
  readonly #giveBack: () => void;
  /** Made when something has to wait: what is handled in the tick it came needs none. */
  #inbox: Inbox | undefined;
  #id: string | undefined;
  #joined: JoinedRooms | undefined;
  #values: Map<unknown, unknown> | undefined;
  #closeCode: number | undefined;
  #closeReason: string;
  /** Asked to come to its end: it is closed as soon as nothing is being handled. */
  #isStopping: boolean;

  constructor({ stream, socket, user, exchange, giveBack }: OpenConnection, shared: SessionRooms<Session>) {
    const { settings, clock } = shared;
    this.facade = new WebSocketSession(this);
    this.lifetime = shared.lifetime.open(this);
    this.exchange = exchange;
    this.user = user;
    this.streams = 0;
    this.current = undefined;
    this.#shared = shared;
    this.#socket = socket;
    this.#outbox = new Outbox(stream, socket, settings, this);
    this.#heartbeat = new Heartbeat(this, shared, settings.pingIntervalMs, settings.missedPings);
    this.#rate = settings.maxMessagesPerSecond > 0 ? new MessageRate(clock, settings.maxMessagesPerSecond) : undefined;
    this.#giveBack = giveBack;
    this.#inbox = undefined;
    this.#id = undefined;
    this.#joined = undefined;
    this.#values = undefined;
    this.#closeCode = undefined;
    this.#closeReason = '';
    this.#isStopping = false;
    // The socket outlives the end of the session by the handshake of its closing.
    this.lifetime.keep();
    shared.rooms.enter(this);
    shared.instruments.connections.add(1);
    socket.session = this;
  }

  get inbox(): Inbox {
    if (this.#inbox === undefined) {
      this.#inbox = new Inbox(this, this.#shared.settings);
      if (!this.isOpen || this.#isStopping) this.#inbox.close();
    }
    return this.#inbox;
  }

  get id(): string {
    this.#id ??= randomUUID();
    return this.#id;
  }

  /** The template of its path. */
  get route(): string {
    return this.#shared.route;
  }

  get signal(): AbortSignal {
    return this.lifetime.signal;
  }

  get protocol(): string {
    return this.#socket.protocol;
  }

  get isOpen(): boolean {
    return this.#closeCode === undefined;
  }

  get closeCode(): number | undefined {
    return this.#closeCode;
  }

  get closeReason(): string {
    return this.#closeReason;
  }

  get bufferedBytes(): number {
    return this.#outbox.bufferedBytes;
  }

  get roomNames(): readonly string[] {
    return this.#joined?.names ?? [];
  }

  get values(): Map<unknown, unknown> {
    this.#values ??= new Map();
    return this.#values;
  }

  /** Settles when the client has caught up; `undefined`: it has. */
  get room(): Promise<void> | undefined {
    return this.#outbox.room;
  }

  send(data: unknown): Promise<void> | undefined {
    return this.#counted(this.isOpen && this.#outbox.send(data));
  }

  deliver(message: PreparedMessage): Promise<void> | undefined {
    return this.#counted(this.isOpen && this.#outbox.sendPrepared(message));
  }

  messages(type: Class | undefined): AsyncIterableIterator<unknown> {
    if (this.inbox.isRead) throw websocketErrors.WEBSOCKET_MESSAGES_TAKEN();
    const convert = compileReading(type);
    this.current?.untime();
    return new MessageReader(this, convert);
  }

  join(room: string): void {
    if (!this.isOpen) return;
    this.#joined ??= new JoinedRooms(this.#shared.rooms, this);
    this.#joined.join(room);
  }

  leave(room: string): void {
    this.#joined?.leave(room);
  }

  to(room: string): Audience {
    return this.#shared.rooms.to(room);
  }

  close(code: number, reason: string): void {
    checkClose(code, reason);
    this.#close(code, reason, 'manual');
  }

  /** Has messages wait until `handled` has settled. */
  busyWith(handled: Promise<void> | undefined): void {
    if (handled !== undefined) this.inbox.busyWith(handled);
  }

  refuse(error: unknown): void {
    this.#shared.refuse(this, error);
  }

  /** Closes it as soon as nothing is being handled; nothing more is begun. */
  stop(): void {
    if (!this.isOpen || this.#isStopping) return;
    this.#isStopping = true;
    this.#drop(this.#inbox?.close() ?? 0);
    if (this.#inbox?.isBusy !== true) this.#close(this.#shared.farewell, '', 'shutdown');
  }

  /** Closes it now, whatever is being handled. A client that was told before and has not answered yet is cut. */
  stopNow(): void {
    this.#close(this.#shared.farewell, '', 'shutdown');
    this.#heartbeat.hurry(Math.min(LAST_WORDS_MS, this.#shared.settings.closeTimeoutMs));
  }

  received(data: Buffer, isBinary: boolean): void {
    if (this.#isStopping || !this.isOpen) return;
    this.#heartbeat.heard();
    this.#shared.instruments.received.add(1);
    if (!this.#isWithinRate()) return;
    if (this.#inbox !== undefined) this.#inbox.receive(data, isBinary);
    else this.busyWith(this.handle(data, isBinary));
  }

  pinged(): void {
    if (!this.isOpen) return;
    this.#heartbeat.heard();
    this.#isWithinRate();
  }

  heard(): void {
    this.#heartbeat.heard();
  }

  broken(error: Error): void {
    if (!this.isOpen) return;
    this.#end(closeCodeOf(error), error.message, 'client');
    this.#heartbeat.endWithin(this.#shared.settings.closeTimeoutMs);
  }

  socketClosed(code: number, reason: string): void {
    const { instruments, logger, route } = this.#shared;
    this.#heartbeat.stop();
    if (this.isOpen) this.#end(code, reason, 'client');
    this.#giveBack();
    instruments.connections.add(-1);
    instruments.closed(this.#closeCode ?? code);
    logger.debug('a WebSocket was closed', { route, code: this.#closeCode, reason: this.#closeReason });
    this.#shared.closed(this);
    this.lifetime.letGo();
  }

  /** @internal For the inbox. */
  handle(data: Buffer, isBinary: boolean): Promise<void> | undefined {
    return this.#shared.handle(this, data, isBinary);
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  idle(): void {
    if (this.#isStopping) this.#close(this.#shared.farewell, '', 'shutdown');
  }

  get isDeaf(): boolean {
    return this.#inbox?.isPaused === true;
  }

  ping(): void {
    this.#socket.ping();
  }

  giveUp(): void {
    if (this.isOpen) {
      this.#shared.logger.info('a WebSocket was cut: its client does not answer pings', { route: this.#shared.route });
      this.#end(CLOSE.abnormal, '', 'client');
    }
    this.#socket.terminate();
  }

  skipped(): void {
    this.#shared.instruments.dropped('skipped', 1);
  }

  overflowed(bufferedBytes: number): void {
    const { logger, route, instruments } = this.#shared;
    logger.warn('a WebSocket was cut: its client does not keep up', { route, code: CLOSE.tryAgainLater, bufferedBytes });
    instruments.dropped('cut', 1);
    this.#end(CLOSE.tryAgainLater, '', 'client');
    this.#socket.terminate();
  }

  #counted(sent: boolean | Promise<void>): Promise<void> | undefined {
    if (sent === false) return undefined;
    this.#shared.instruments.sent.add(1);
    return sent === true ? undefined : sent;
  }

  #isWithinRate(): boolean {
    if (this.#rate === undefined || this.#rate.allows()) return true;
    const { logger, route } = this.#shared;
    logger.info('a WebSocket was closed: its client sends too often', { route, code: CLOSE.policyViolation });
    this.#close(CLOSE.policyViolation, 'too many messages', 'manual');
    return false;
  }

  #close(code: number, reason: string, why: CancelReason): void {
    if (!this.isOpen) return;
    this.#end(code, reason, why);
    this.#socket.close(code, reason);
    this.#heartbeat.endWithin(this.#shared.settings.closeTimeoutMs);
  }

  /** Nothing more is handled or sent; its socket may take a while to be closed. */
  #end(code: number, reason: string, why: CancelReason): void {
    this.#closeCode = code;
    this.#closeReason = reason;
    this.#joined?.leaveAll();
    this.#joined = undefined;
    this.#shared.rooms.exit(this);
    this.#drop(this.#inbox?.close() ?? 0);
    // What comes is read on, for the answer to the closing.
    if (this.isDeaf) this.#socket.resume();
    this.lifetime.end(why);
  }

  #drop(messages: number): void {
    if (messages > 0) this.#shared.instruments.dropped('closed', messages);
  }
}
