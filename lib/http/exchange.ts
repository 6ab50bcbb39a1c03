// Hot: one per request; every field is set in the constructor, so that all exchanges have one shape.
import { validateHeaderName, validateHeaderValue } from 'node:http';
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { Logger } from '../diagnostics/logger';
import type { FrameworkError } from '../errors/framework-error';
import type { Clock } from '../lifetime/clock';
import { Deadline, type Deadlines, type Expiring } from '../lifetime/deadline';
import type { CancelReason, EndReason } from '../lifetime/end-reason';
import type { Lifetime } from '../lifetime/lifetime';
import type { RouteTable } from '../routing/route-table';
import type { ClientOrigin } from './client-origin';
import type { Connection, Unanswered } from './connection';
import type { BodyParsers } from './content-type-parsers';
import { httpErrors } from './errors';
import type { HttpLimits } from './limits';
import type { MultipartOptions } from './multipart-limits';
import type { NodeWire } from './node-wire';
import { StreamWire } from './stream-wire';
import type { Target } from './target';
import type { Fields, Wire } from './wire';

/** A route's target for this kernel's exchanges. */
export type RouteTarget = Target<Exchange>;

/** A connection that somebody took over, or is about to. */
export interface TakenConnection {
  /** Set once somebody has it. */
  done: { streamClosed(): void; handlerDone(failure: unknown): void } | undefined;
  /** The handler returned, or failed, before somebody had it. */
  handler: { readonly failure: unknown } | undefined;
}

/** What an exchange needs of the server it came in by. */
export interface Host {
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  readonly limits: HttpLimits;
  readonly logger: Logger;
  /** What the application adds to the content types that are understood. */
  readonly parsers: BodyParsers | undefined;
  /** The application's own limits of multipart bodies. */
  readonly multipart: MultipartOptions | undefined;
  /** No more requests are wanted: new ones get 503, and kept connections are closed behind their answers. */
  readonly stopping: boolean;
  /** What answers at which path. */
  readonly routes: RouteTable<RouteTarget>;
  /** What cookies are signed with: the first signs, all verify. */
  readonly cookieSecrets: readonly string[];
  /** Whether every answer says that its content type is not to be guessed. */
  readonly nosniff: boolean;
  /** Where a request comes from as its client saw it. */
  readonly readOrigin: (exchange: Exchange) => ClientOrigin;
  /** Answers, as far as somebody still listens, for an exchange that was cut. */
  cutShort(exchange: Exchange, reason: CancelReason): void;
  /** Counts and tells of work that goes on although its exchange was cut. */
  workGoesOn(exchange: Exchange): void;
  /** Keeps a body that nobody reads (yet) from hiding that the client left. */
  unreadBody(exchange: Exchange): void;
  /** Records an answer that went out through Node's response, and is through. */
  answered(exchange: Exchange): void;
  /** Keeps nothing more of a connection of HTTP/1.1 that somebody took over, but that it is open. */
  forget(connection: Connection): void;
  /** Answers a request that was made in the place of `parent`'s client, on the stream that was promised to it. */
  answerPromised(parent: Exchange, stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Exchange;
}

/** One request and its response, the same over HTTP/1.1 and HTTP/2. */
export class Exchange implements Expiring, Unanswered {
  readonly host: Host;
  readonly connection: Connection;
  wire: Wire;
  /** Where it goes; another one where middleware rewrote its URL or method. */
  target: RouteTarget;
  params: Readonly<Record<string, string | undefined>>;
  /** The query as it was sent, without its question mark. */
  search: string;
  readonly startedMs: number;
  /** Status of the response to come. */
  status: number;
  statusDeclared: boolean;
  /** Header fields of the response to come; `undefined` while it has none but the usual. */
  fields: Fields | undefined;
  /** Whether a final response was begun, or given up. */
  replied: boolean;
  /** Whether a stream was given as the answer, whose head waits for its first value. */
  answering: boolean;
  /** Set from the moment in which somebody asked to take its connection over. */
  taken: TakenConnection | undefined;
  /** What it failed with, whether that was sent as its answer or broke its answer off; `undefined`: nothing so far. */
  failure: unknown;
  /** When the head of an answer went out whose body follows, or its connection was taken over; 0: neither was. */
  headMs: number;
  /** How its body was read, `undefined` while it was not. */
  bodyTaken: string | undefined;
  /** The whole body, or why it did not come, where that was known before the route was run. */
  arrivedBody: Buffer | Error | undefined;
  /** Told when the rest of the body can no longer come. */
  bodyReader: { fail(failure: Error): void } | undefined;
  /** How long a caller that is believed waits, in milliseconds; 0: it did not say. */
  askedMs: number;
  /** What to answer when it is cut, where the reason alone does not say it. */
  cutFailure: FrameworkError | undefined;
  /** The parsed query and cookies, once somebody asked. */
  query: Readonly<Record<string, string | string[] | undefined>> | undefined;
  cookies: Readonly<Record<string, string | undefined>> | undefined;
  /** Where it comes from, once somebody asked. */
  origin: ClientOrigin | undefined;
  /** Who is asking, once authentication said so. */
  user: unknown;
  /** What higher rooms keep with it: the context a handler holds, instances made for this request. */
  context: unknown;
  scope: unknown;
  /** Neighbours in the connection's list. */
  older: Unanswered | undefined;
  newer: Unanswered | undefined;
  private life: Lifetime | undefined;
  private deadline: Deadline | undefined;
  private isUntimed: boolean;

  constructor(
    host: Host,
    connection: Connection,
    wire: Wire,
    target: RouteTarget,
    params: Readonly<Record<string, string | undefined>>,
    search: string,
  ) {
    this.host = host;
    this.connection = connection;
    this.wire = wire;
    this.target = target;
    this.params = params;
    this.search = search;
    this.startedMs = host.clock.now();
    this.status = target.status;
    this.statusDeclared = target.statusDeclared;
    this.fields = undefined;
    this.replied = false;
    this.answering = false;
    this.taken = undefined;
    this.failure = undefined;
    this.headMs = 0;
    this.bodyTaken = undefined;
    this.arrivedBody = undefined;
    this.bodyReader = undefined;
    this.askedMs = 0;
    this.cutFailure = undefined;
    this.query = undefined;
    this.cookies = undefined;
    this.origin = undefined;
    this.user = undefined;
    this.context = undefined;
    this.scope = undefined;
    this.older = undefined;
    this.newer = undefined;
    this.life = undefined;
    this.deadline = undefined;
    this.isUntimed = false;
  }

  /** Its lifetime if something needed one so far. */
  get begun(): Lifetime | undefined {
    return this.life;
  }

  /**
   * Made by the first that needs it (a signal, the body, a promise, a stream) and by nothing else: a request
   * answered in the tick it began owns nothing. From here on the client's leaving is seen and the deadline runs.
   */
  get lifetime(): Lifetime {
    return this.life ?? this.#begin();
  }

  /** Milliseconds it may take to answer, 0: no limit. What its caller says shortens what its route says. */
  get limitMs(): number {
    const { askedMs, target } = this;
    return askedMs > 0 && (target.timeoutMs === 0 || askedMs < target.timeoutMs) ? askedMs : target.timeoutMs;
  }

  /** Milliseconds until the deadline, `undefined` when there is none. */
  get remainingMs(): number | undefined {
    const { limitMs } = this;
    if (limitMs === 0 || this.isUntimed) return undefined;
    const reason = this.life?.reason;
    if (reason !== undefined && reason !== 'finished') return 0;
    const atMs = this.deadline?.atMs ?? this.startedMs + limitMs;
    return Math.max(0, atMs - this.host.clock.now());
  }

  /** Whether it is the client's turn: to send the rest of its body, or to read what waits for it. */
  get waitsForClient(): boolean {
    return this.bodyReader !== undefined || (this.replied && this.wire.unsentBytes > 0);
  }

  /** The time to answer ran out; or it was cut a while ago, and its work should be over. */
  deadlineReached(): void {
    if (this.life?.ended === true) {
      if (this.life.state !== 'closed') this.host.workGoesOn(this);
      return;
    }
    // The time went by waiting for the client: that is its 408, and nobody's 504.
    if (this.bodyReader !== undefined) this.cutFailure = httpErrors.REQUEST_TIMEOUT();
    this.life?.end('deadline');
  }

  /** Cuts it as its deadline does, in the name of whoever counts a time of its own; what has begun to be answered goes on. */
  timeOut(failure: FrameworkError): void {
    if (this.replied || this.headMs > 0) return;
    this.cutFailure = failure;
    this.lifetime.end('deadline');
  }

  /** Lifts the deadline: what is streamed lasts as long as it lasts. */
  untimed(): void {
    this.isUntimed = true;
    this.deadline?.disarm();
  }

  /** Starts the deadline now: what went before, untimed, was not the handler's time. */
  timed(): void {
    this.isUntimed = false;
    const { life, limitMs, host } = this;
    if (life === undefined || life.ended || limitMs === 0) return;
    this.deadline ??= new Deadline(this);
    host.deadlines.arm(this.deadline, host.clock.now(), limitMs);
  }

  /** Goes elsewhere than it was sorted at first: its URL or method was rewritten. */
  redirect(target: RouteTarget, params: Readonly<Record<string, string | undefined>>, search: string): void {
    this.target = target;
    this.params = params;
    this.search = search;
    this.query = undefined;
    if (!this.statusDeclared) this.status = target.status;
    this.statusDeclared ||= target.statusDeclared;
    this.life?.moveTo(target.owner);
  }

  /** The counterpart of `lifetime.keep()`: work that held it is over. */
  release(): void {
    const { life } = this;
    if (life?.ended === true) this.deadline?.disarm();
    life?.letGo();
    if (life?.ended === true && life.reason !== 'finished' && !life.occupied) this.#tellWoundUp();
  }

  /** The client left before the answer was complete. */
  clientGone(): void {
    const { wire, taken } = this;
    if (taken?.done !== undefined) taken.done.streamClosed();
    else if (!(wire instanceof StreamWire) && (wire as NodeWire).endedByHand) this.host.answered(this);
    else if (this.life?.ended === false) {
      this.life.end('client');
      this.takenBack();
    }
  }

  takenBack(): void {
    this.connection.takenBack?.();
  }

  get unsentBytes(): number {
    return this.wire.unsentBytes;
  }

  inputBroken(failure: Error): boolean {
    const { wire, bodyReader } = this;
    // What came whole may still wait to be read: only the last request of a connection can lack something.
    if (wire instanceof StreamWire || (wire as NodeWire).request.complete) return false;
    if (bodyReader !== undefined) bodyReader.fail(failure);
    // Whoever reads it as a stream hears of it there; the connection goes with it.
    else if (this.bodyTaken !== undefined || (wire as NodeWire).isBeingRead) wire.input.destroy(failure);
    else return false;
    return true;
  }

  /** Sets a response field; a value before it under that name is replaced. `name` in lower case. Fails with: REPLY_HEADER_INVALID. */
  setField(name: string, value: string): void {
    checkField(name, value);
    this.removeField(name);
    (this.fields ??= []).push(name, value);
  }

  /** Takes back all response fields of that name. */
  removeField(name: string): void {
    const { fields } = this;
    if (fields === undefined) return;
    for (let i = fields.length - 2; i >= 0; i -= 2) if (fields[i] === name) fields.splice(i, 2);
  }

  /** Adds a response field beside those of the same name (`set-cookie`). Fails with: REPLY_HEADER_INVALID. */
  addField(name: string, value: string): void {
    checkField(name, value);
    (this.fields ??= []).push(name, value);
  }

  /** The value of a response field: set for this response, or what the route says for all. */
  field(name: string): string | undefined {
    return valueIn(this.fields, name) ?? valueIn(this.target.fields, name);
  }

  /**
   * Node's request and response, made on first use over HTTP/2. From here on its lifetime runs: whoever holds them may
   * answer by hand, now or later, and the exchange is over when that answer is through.
   */
  toNode(): NodeWire {
    let { wire } = this;
    if (wire instanceof StreamWire) {
      wire = wire.toNode();
      this.wire = wire;
    }
    const node = wire as NodeWire;
    if (!node.touched) {
      node.touch(() => this.host.answered(this));
      void this.lifetime;
    }
    return node;
  }

  #begin(): Lifetime {
    const { target, connection, host, wire } = this;
    const life = target.owner.open(this);
    this.life = life;
    if (this.replied) {
      life.end('finished');
      return life;
    }
    connection.add(this);
    wire.watch(this);
    if (this.limitMs > 0 && !this.isUntimed) {
      this.deadline = new Deadline(this);
      host.deadlines.arm(this.deadline, this.startedMs, this.limitMs);
    }
    life.defer((reason) => this.#over(reason));
    if (connection.gone) life.end('client');
    else if (this.bodyTaken === undefined && this.arrivedBody === undefined && wire.hasBody) host.unreadBody(this);
    return life;
  }

  #tellWoundUp(): void {
    const { deadline, host, target } = this;
    if (deadline !== undefined) target.instruments.woundUp(host.clock.now() - deadline.atMs + WINDING_UP_MS);
  }

  #over(reason: EndReason): void {
    this.connection.remove(this);
    this.deadline?.disarm();
    if (reason === 'finished') {
      if (this.taken === undefined) this.wire.unwatch(this.connection.takenBack);
      return;
    }
    this.host.cutShort(this, reason);
    if (this.life?.occupied !== true) return;
    // The place in the queue that the time to answer had is free.
    this.deadline ??= new Deadline(this);
    const { deadlines, clock } = this.host;
    deadlines.arm(this.deadline, clock.now(), WINDING_UP_MS);
  }
}

/** After a cut, what work may take to come to its end before it counts as work that ignores its signal. */
const WINDING_UP_MS = 100;

function valueIn(fields: readonly string[] | undefined, name: string): string | undefined {
  if (fields === undefined) return undefined;
  for (let i = 0; i < fields.length; i += 2) if (fields[i] === name) return fields[i + 1];
  return undefined;
}

/** A route as people name it, for messages. */
export function routeOf({ wire, target }: Exchange): string {
  return `${wire.method} ${target.route || wire.url}`;
}

/** Node checks what goes out over HTTP/1.1 only, and too late to answer with anything else. */
function checkField(name: string, value: string): void {
  if (name === 'transfer-encoding') {
    throw httpErrors.REPLY_HEADER_INVALID({ name, reason: 'how a body is framed is up to the server' }, { detail: UNSENDABLE });
  }
  try {
    validateHeaderName(name);
    validateHeaderValue(name, value);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw httpErrors.REPLY_HEADER_INVALID({ name, reason }, { detail: UNSENDABLE });
  }
}

const UNSENDABLE = 'The answer could not be sent.';
