// Hot: one is made for each message.
import type { Observable } from 'rxjs';
import { isAsyncIterable } from '../controllers/compile-hooks';
import type { Call } from '../controllers/call';
import { isPromise } from '../controllers/collect-arguments';
import type { FrameworkError } from '../errors/framework-error';
import { httpErrors } from '../http/errors';
import type { Exchange } from '../http/exchange';
import type { Clock } from '../lifetime/clock';
import { Deadline, type Deadlines, type Expiring } from '../lifetime/deadline';
import type { Lifetime } from '../lifetime/lifetime';
import { isObservable, subscribeWithin } from '../lifetime/observable';
import { websocketErrors } from './errors';
import type { Session } from './session';

/** What handles a message, or the beginning or end of a session; compiled. */
export interface MessageHandler {
  /** `LiveFeed.say`. */
  readonly place: string;
  /** The template of the path, e.g. `/rooms/:id`. */
  readonly route: string;
  readonly metadata: ReadonlyMap<unknown, unknown>;
  /** Milliseconds it may take; 0: no limit. */
  readonly timeoutMs: number;
  readonly durations: { record(seconds: number): void };
  /** Runs guards, arguments, interceptors and the method: a value, promise, Observable or async iterable. May throw. */
  run(message: Message): unknown;
}

/** What messages are answered with the help of. */
export interface MessageRooms {
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  readonly maxStreams: number;
  /** Answers with a failure; never throws. In: who failed. */
  failed(session: Session, handler: MessageHandler, error: unknown): void;
}

/** One message while it is handled and answered; also the beginning and the end of a session. */
export class Message implements Call, Expiring {
  readonly session: Session;
  readonly handler: MessageHandler;
  /** As it came, or as it was parsed. */
  readonly value: unknown;
  /** What a handler holds of it; the rooms above make it. */
  context: unknown;
  /** The promise of the handler itself, where what is answered is something around it. */
  pending: PromiseLike<unknown> | undefined;
  readonly #rooms: MessageRooms;
  /** What it is inside of. */
  readonly #owner: Lifetime;
  readonly #startedMs: number;
  #life: Lifetime | undefined;
  #deadline: Deadline | undefined;
  #isUntimed: boolean;
  /** Its time is up: what its handler still gives is nobody's. */
  #isExpired: boolean;
  #isRecorded: boolean;
  /** Lets the next message be handled. */
  #goOn: (() => void) | undefined;

  /** In: `owner`, where it outlives its session. */
  constructor(session: Session, handler: MessageHandler, value: unknown, rooms: MessageRooms, owner = session.lifetime) {
    this.session = session;
    this.handler = handler;
    this.value = value;
    this.context = undefined;
    this.pending = undefined;
    this.#rooms = rooms;
    this.#owner = owner;
    this.#startedMs = rooms.clock.now();
    this.#life = undefined;
    this.#deadline = undefined;
    this.#isUntimed = false;
    this.#isExpired = false;
    this.#isRecorded = false;
    this.#goOn = undefined;
  }

  get user(): unknown {
    return this.session.user;
  }

  set user(user: unknown) {
    this.session.user = user;
  }

  /** The request that its session began as. Only kept where a handler of the class asks for it. */
  get exchange(): Exchange {
    return this.session.exchange as Exchange;
  }

  /** What is known of it beforehand. */
  get target(): Pick<MessageHandler, 'route' | 'place' | 'metadata'> {
    return this.handler;
  }

  get begun(): Lifetime {
    return this.#life ?? this.#owner;
  }

  get lifetime(): Lifetime {
    this.#life ??= this.#open();
    return this.#life;
  }

  /** What outlives its session holds it all the same: what was made for it is there until this is through. */
  #open(): Lifetime {
    const lifetime = this.#owner.open(this);
    if (this.#owner !== this.session.lifetime) void lifetime.closed.then(this.session.lifetime.hold());
    return lifetime;
  }

  /** Milliseconds until its time is up; `undefined`: it has all the time. */
  get remainingMs(): number | undefined {
    const { timeoutMs } = this.handler;
    if (timeoutMs === 0 || this.#isUntimed) return undefined;
    return Math.max(0, this.#startedMs + timeoutMs - this.#rooms.clock.now());
  }

  /** Has it handled, and sends what comes of that. Never throws. Out: settles when the next one may be handled; `undefined`: now. */
  handle(): Promise<void> | undefined {
    this.session.current = this;
    let value: unknown;
    try {
      value = this.handler.run(this);
    } catch (error) {
      this.#fail(error);
      return undefined;
    }
    return this.#answer(value);
  }

  untime(): void {
    this.#isUntimed = true;
    this.#deadline?.disarm();
  }

  deadlineReached(): void {
    this.timeOut(httpErrors.DEADLINE_EXCEEDED({ limit: this.handler.timeoutMs }));
  }

  timeOut(failure: FrameworkError): void {
    this.#isExpired = true;
    this.lifetime.end('deadline');
    this.#fail(failure);
    this.#goOn?.();
  }

  #answer(value: unknown): Promise<void> | undefined {
    if (typeof value === 'object' && value !== null) {
      if (isPromise(value)) return this.#waitFor(value, (later) => this.#answer(later));
      if (isObservable(value)) return this.#subscribe(value);
      if (isAsyncIterable(value)) {
        this.#iterate(value);
        return undefined;
      }
    }
    if (value === undefined || this.#send(value)) this.#done();
    return undefined;
  }

  /** Out: whether it could be written at all. */
  #send(value: unknown): boolean {
    try {
      void this.session.send(value);
      return true;
    } catch (error) {
      this.#fail(error);
      return false;
    }
  }

  /** An unsettled promise keeps its plugin from closing, also after the client left. */
  #waitFor(promise: PromiseLike<unknown>, use: (value: unknown) => Promise<void> | undefined): Promise<void> {
    const { lifetime } = this.session;
    lifetime.keep();
    return new Promise((resolve) => {
      this.#startTime(resolve);
      promise.then(
        (value) => {
          this.#deadline?.disarm();
          const more = this.#isExpired ? undefined : use(value);
          if (more === undefined) resolve();
          else void more.then(resolve);
          lifetime.letGo();
        },
        (error: unknown) => {
          this.#deadline?.disarm();
          if (!this.#isExpired) this.#fail(error);
          resolve();
          lifetime.letGo();
        },
      );
    });
  }

  #startTime(goOn: () => void): void {
    const { timeoutMs } = this.handler;
    if (timeoutMs === 0 || this.#isUntimed) return;
    this.#goOn = goOn;
    this.#deadline ??= new Deadline(this);
    this.#rooms.deadlines.arm(this.#deadline, this.#startedMs, timeoutMs);
  }

  /** What comes is sent as it comes. The next message does not wait for it, but for the handler, where something stands around that. */
  #subscribe(source: Observable<unknown>): Promise<void> | undefined {
    if (!this.#openStream()) return undefined;
    const { lifetime } = this;
    subscribeWithin(lifetime, source, {
      next: (value) => void this.#send(value),
      error: (error: unknown) => this.#fail(error),
      complete: () => this.#done(),
    });
    if (this.pending === undefined) {
      this.#record();
      return undefined;
    }
    // What it fails with, whatever stands around the handler is told.
    return this.#waitFor(whenOver(this.pending), () => this.#record());
  }

  /** No faster than the client reads. */
  #iterate(source: AsyncIterable<unknown>): void {
    if (!this.#openStream()) return;
    this.#record();
    void this.#pull(source[Symbol.asyncIterator]());
  }

  async #pull(iterator: AsyncIterator<unknown>): Promise<void> {
    const { lifetime, session } = this;
    lifetime.keep();
    lifetime.defer((reason) => {
      if (reason !== 'finished') void Promise.resolve(iterator.return?.()).catch(() => undefined);
    });
    try {
      for (let next = await iterator.next(); next.done !== true && !lifetime.ended; next = await iterator.next()) {
        await session.send(next.value);
        await session.room;
      }
      this.#done();
    } catch (error) {
      this.#fail(error);
    } finally {
      lifetime.letGo();
    }
  }

  #openStream(): boolean {
    const { session, lifetime } = this;
    const { maxStreams } = this.#rooms;
    if (session.streams >= maxStreams) {
      this.#fail(websocketErrors.MESSAGE_STREAMS_LIMIT({ limit: maxStreams }));
      return false;
    }
    session.streams++;
    lifetime.defer(() => session.streams--);
    return true;
  }

  #fail(error: unknown): void {
    this.#done();
    this.#rooms.failed(this.session, this.handler, error);
  }

  #done(): void {
    const { session } = this;
    if (session.current === this) session.current = undefined;
    this.#record();
    this.#life?.end('finished');
  }

  /** How long it took until it was answered, or until the stream that answers it began. */
  #record(): undefined {
    if (this.#isRecorded) return;
    this.#isRecorded = true;
    this.handler.durations.record((this.#rooms.clock.now() - this.#startedMs) / 1_000);
  }
}

function whenOver(promise: PromiseLike<unknown>): PromiseLike<void> {
  const nothing = (): void => undefined;
  return promise.then(nothing, nothing);
}
