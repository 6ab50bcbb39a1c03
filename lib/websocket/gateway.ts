// Hot: `handle` is called for each message.
import type { Logger } from '../diagnostics/logger';
import type { FrameworkError } from '../errors/framework-error';
import { isRefusal, toFailure, toProblem } from '../http/failure-reply';
import type { Clock } from '../lifetime/clock';
import type { Deadlines } from '../lifetime/deadline';
import { isCancellation } from '../lifetime/end-reason';
import { type Lifetime, outermost } from '../lifetime/lifetime';
import { CLOSE } from './close-codes';
import { websocketErrors } from './errors';
import { Message, type MessageHandler, type MessageRooms } from './message';
import type { MessageForm } from './message-value';
import { malformed, readJson, readRaw } from './read-message';
import type { Rooms } from './rooms';
import { Session } from './session';
import type { SessionRooms } from './session-rooms';
import type { WebSocketInstruments } from './web-socket-instruments';
import type { WebSocketSettings } from './web-socket-options';

/** The compiled methods of a class, by what they handle. */
export interface GatewayHandlers {
  readonly byType: ReadonlyMap<string, MessageHandler>;
  /** Whatever no type takes, and the form it is wanted in. */
  readonly other: { readonly handler: MessageHandler; readonly form: MessageForm } | undefined;
  readonly open: MessageHandler | undefined;
  readonly close: MessageHandler | undefined;
}

/** What an application lends to a gateway. */
export interface GatewayRooms {
  readonly route: string;
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  readonly logger: Logger;
  readonly instruments: WebSocketInstruments;
  readonly rooms: Rooms;
  /** The plugin whose code runs. */
  readonly owner: Lifetime;
}

/** A class with `@WebSocket` at work: its sessions, and who handles what comes of them. */
export class Gateway implements SessionRooms<Session>, MessageRooms {
  readonly route: string;
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  readonly logger: Logger;
  readonly instruments: WebSocketInstruments;
  readonly rooms: Rooms;
  readonly lifetime: Lifetime;
  readonly settings: WebSocketSettings;
  readonly maxStreams: number;
  readonly #handlers: GatewayHandlers;
  readonly #application: Lifetime;
  /** The one form and handler of a class without types of messages. */
  readonly #only: GatewayHandlers['other'];

  constructor(rooms: GatewayRooms, settings: WebSocketSettings, handlers: GatewayHandlers) {
    this.route = rooms.route;
    this.clock = rooms.clock;
    this.deadlines = rooms.deadlines;
    this.logger = rooms.logger;
    this.instruments = rooms.instruments;
    this.rooms = rooms.rooms;
    this.lifetime = rooms.owner.openScope(this);
    this.settings = settings;
    this.maxStreams = settings.maxStreams;
    this.#handlers = handlers;
    this.#application = outermost(rooms.owner);
    this.#only = handlers.byType.size === 0 ? handlers.other : undefined;
    // Asked to finish, sessions end when they have nothing to do; cut, at once.
    this.lifetime.finishing.addEventListener('abort', () => this.#each((session) => session.stop()), { once: true });
    this.lifetime.defer(() => this.#each((session) => session.stopNow()));
  }

  /** The application goes on where only the plugin of the class is exchanged: whoever comes again meets the new one. */
  get farewell(): number {
    return this.#application.state === 'open' ? CLOSE.serviceRestart : CLOSE.goingAway;
  }

  /** A session has begun. In: what was read for `@OnOpen` before the upgrade. */
  opened(session: Session, args: readonly unknown[]): void {
    const { open } = this.#handlers;
    // It was asked to finish while the upgrade was on its way.
    if (this.lifetime.state !== 'open') session.stopNow();
    else if (open !== undefined) session.busyWith(new Message(session, open, args, this).handle());
  }

  handle(session: Session, data: Buffer, isBinary: boolean): Promise<void> | undefined {
    let message: Message;
    try {
      message = this.#sort(session, data, isBinary);
    } catch (error) {
      this.refuse(session, error);
      return undefined;
    }
    return message.handle();
  }

  closed(session: Session): void {
    const { close } = this.#handlers;
    if (close === undefined) return;
    // Inside of the session, which is over, nothing begins any more.
    const owner = this.lifetime.ended ? this.#application : this.lifetime;
    void new Message(session, close, undefined, this, owner).handle();
  }

  refuse(session: Session, error: unknown): void {
    this.#tell(session, toFailure(error), this.route);
  }

  failed(session: Session, handler: MessageHandler, error: unknown): void {
    if (handler === this.#handlers.close || !session.isOpen) {
      this.#tellLate(handler, error);
      return;
    }
    const failure = toFailure(error);
    this.#tell(session, failure, handler.place);
    if (handler !== this.#handlers.open) return;
    session.close(closeCodeFor(failure), '');
  }

  /** Those whose socket is still closing included. */
  #each(act: (session: Session) => void): void {
    for (const { subject } of this.lifetime.inside()) if (subject instanceof Session) act(subject);
  }

  #sort(session: Session, data: Buffer, isBinary: boolean): Message {
    const only = this.#only;
    if (only !== undefined) return new Message(session, only.handler, inForm(only.form, data, isBinary), this);
    const { byType, other } = this.#handlers;
    if (other !== undefined && isBinary) return new Message(session, other.handler, inForm(other.form, data, true), this);
    const value = this.#parse(data, isBinary);
    const type = typeOf(value);
    const handler = type === undefined ? undefined : byType.get(type);
    if (handler !== undefined) return new Message(session, handler, value, this);
    if (other === undefined) throw this.#unknownType();
    return new Message(session, other.handler, other.form === 'json' ? value : inForm(other.form, data, isBinary), this);
  }

  /** `undefined`: it is no JSON, and there is somebody who takes that. */
  #parse(data: Buffer, isBinary: boolean): unknown {
    const { other } = this.#handlers;
    try {
      return readJson(data, isBinary);
    } catch (error) {
      if (other === undefined || other.form === 'json') throw error;
      return undefined;
    }
  }

  #unknownType(): FrameworkError {
    const known = [...this.#handlers.byType.keys()];
    const types = known.length === 0 ? 'none are taken here' : `type must be one of ${known.join(', ')}`;
    return websocketErrors.MESSAGE_TYPE_UNKNOWN({ types }, { errors: [{ path: 'type', message: types, code: 'isIn' }] });
  }

  /** Tells the client, and the log what is the server's own fault. */
  #tell(session: Session, failure: FrameworkError, place: string): void {
    const { code, status = 500 } = failure;
    const fields = { route: this.route, handler: place, status, code };
    if (status >= 500 && !isRefusal(failure)) this.logger.error('a message failed', { ...fields, err: failure.cause ?? failure });
    else this.logger.debug('a message was refused', { ...fields, reason: failure.detail });
    void session.send(errorFrame(failure));
  }

  /** Nobody is left to be told. That a cancelled handler gave up is no failure. */
  #tellLate(handler: MessageHandler, error: unknown): void {
    if (isCancellation(error)) return;
    const level = handler === this.#handlers.close ? 'error' : 'debug';
    this.logger[level]('a handler failed after its session was over', { route: this.route, handler: handler.place, err: error });
  }
}

/** Of a session that could not begin. */
function closeCodeFor(failure: FrameworkError): number {
  if (isRefusal(failure)) return CLOSE.tryAgainLater;
  return (failure.status ?? 500) >= 500 ? CLOSE.internalError : CLOSE.policyViolation;
}

function inForm(form: MessageForm, data: Buffer, isBinary: boolean): unknown {
  if (form === 'raw') return readRaw(data, isBinary);
  if (form === 'json') return readJson(data, isBinary);
  if (isBinary !== (form === 'bytes')) throw malformed(isBinary ? 'text is expected, got bytes' : 'bytes are expected, got text');
  return readRaw(data, isBinary);
}

function typeOf(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, 'type')) return undefined;
  const { type } = value as { readonly type: unknown };
  return typeof type === 'string' ? type : undefined;
}

/** A failure as a client sees it, in the words of HTTP. Never a stack, a cause or another server's text. */
function errorFrame(failure: FrameworkError): object {
  const { code, errors = [], members } = failure;
  return { ...members, type: 'error', code, detail: toProblem(failure).detail, errors };
}
