import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { FrameworkError } from '../errors/framework-error';
import { framingOf } from './body-framing';
import { closeLingering } from './close-softly';
import type { Connection, ConnectionWaiting, DivertedRequest } from './connection';
import { type BodyListener, DivertedBody } from './diverted-body';
import { httpErrors } from './errors';
import type { Host } from './exchange';
import { CONTINUE } from './head-rules';
import { Http1Request } from './http1-request';

/** What the parser's hook gets: Node has a say in `upgrade`, and so has the hook. */
export type ArrivingRequest = IncomingMessage & { upgrade?: boolean };

/** What Node's parser is told by its hook: the message ends with its head, and what follows is no HTTP. */
const LEAVE_PARSER = 2;

/** How Node's parser gives a request its body. */
type Push = (chunk: unknown, encoding?: BufferEncoding) => boolean;

type Listener = (...args: unknown[]) => void;

/**
 * A request of HTTP/1.1 whose connection leaves Node's parser exactly at the end of its head: because its route takes
 * connections over, because its handler asked for that in the tick it came, or because it has an `Upgrade` (Node drops what
 * follows those in the same packet).
 *
 * What the client sent behind it stays in the socket, unread, whatever it looks like. Whoever takes the connection reads
 * it there; where nobody does, the request is answered as any other.
 */
export class Diversion implements DivertedRequest, BodyListener {
  readonly host: Host;
  readonly connection: Connection;
  readonly request: ArrivingRequest;
  /** Whether somebody takes the connection over, so that the end of what its client sends is no end of it. */
  readonly takesOver: boolean;
  /** Node's; made when the earlier answers of the connection are through. */
  response: ServerResponse | undefined;
  /** Told when the earlier answers are through and nobody has begun to answer it yet. */
  begin: (() => void) | undefined;
  #body: DivertedBody | undefined;
  #isBodyOver: boolean;
  #isTooLong: boolean;
  #failure: FrameworkError | undefined;
  #hasTurn: boolean;
  #waiting: ConnectionWaiting | undefined;
  #drained: readonly Listener[];
  #push: Push | undefined;

  constructor(host: Host, connection: Connection, request: ArrivingRequest, takesOver: boolean) {
    this.host = host;
    this.connection = connection;
    this.request = request;
    this.takesOver = takesOver;
    this.response = undefined;
    this.begin = undefined;
    this.#body = undefined;
    this.#isBodyOver = framingOf(request) === 0;
    this.#isTooLong = Number(request.headers['content-length'] ?? 0) > host.limits.bodyLimitBytes;
    this.#failure = undefined;
    this.#hasTurn = false;
    this.#waiting = undefined;
    this.#drained = [];
    this.#push = undefined;
    connection.diversion = this;
  }

  get isWhole(): boolean {
    return this.#isBodyOver;
  }

  /** What the parser's hook answers, so that Node lets go of the connection and hands it over in the same tick. */
  leave(): number {
    const { request, connection } = this;
    request.upgrade = true;
    if (!this.#isBodyOver) {
      // Node takes the request for complete; its body is still to come, and may be waited for already.
      this.#push = (request as { readonly push: Push }).push;
      request.push = keepOpen;
    }
    this.#drained = connection.socket.listeners('drain') as Listener[];
    return LEAVE_PARSER;
  }

  /** Node let go. In: what came behind the head in the same packet. */
  left(head: Buffer): void {
    const { connection, request, host } = this;
    const { socket } = connection;
    socket.off('error', ignore).on('error', ignore);
    if (this.takesOver) socket.off('end', connection.clientGone);
    else socket.on('readable', this.#lookForEnd);
    if ('setTimeout' in socket) (socket as Duplex & { setTimeout(ms: number): void }).setTimeout(0);
    // Answers that are still being written wait for it.
    for (const drained of this.#drained) socket.on('drain', drained);
    if (head.length > 0) socket.unshift(head);
    if (!this.#isBodyOver) {
      request.push = this.#push ?? keepOpen;
      request.complete = false;
      this.#body = DivertedBody.open(socket, request, host, this);
      if (this.#body === undefined) this.bodyBroken(httpErrors.REQUEST_MALFORMED());
    }
    this.#awaitTurn();
  }

  /** Settles when the connection can be had: its earlier answers are through, and the body of the request has come. */
  ready(waiting: ConnectionWaiting): boolean {
    this.#waiting = waiting;
    this.#look();
    return (this.#waiting as ConnectionWaiting | undefined) !== undefined;
  }

  /** Nobody wants it any more. */
  forget(): void {
    this.#waiting = undefined;
  }

  /** HTTP lets go of the socket: nothing of it is left there. */
  release(): Duplex {
    const { connection, response } = this;
    const { socket } = connection;
    for (const drained of this.#drained) socket.off('drain', drained);
    socket.off('readable', this.#lookForEnd);
    if (response !== undefined) letGo(response, socket);
    connection.diversion = undefined;
    // Put there by Node's server, for reading past its parser.
    // A property that is deleted makes an object slow for good: 3 of 7 µs a message (Node 20).
    for (const name of ['on', 'addListener', 'prependListener', 'setEncoding'] as const) unwrap(socket, name);
    return socket;
  }

  /** Makes the response, as Node would have. */
  makeResponse(keepAlive: boolean): ServerResponse {
    const { connection, request } = this;
    const response = new ServerResponse(request);
    response.shouldKeepAlive = keepAlive;
    const { expect } = request.headers;
    if (expect !== undefined && CONTINUE.test(expect)) (response as Private)._expect_continue = true;
    response.assignSocket(connection.socket as never);
    this.response = response;
    return response;
  }

  bodyComplete(): void {
    this.#isBodyOver = true;
    this.#look();
  }

  bodyTooLong(): void {
    this.#isTooLong = true;
    this.#look();
  }

  bodyBroken(failure: FrameworkError): void {
    const { connection } = this;
    this.#failure = failure;
    connection.broken = true;
    // Whoever reads has a time of its own. Where nobody reads, the request is answered as it is, and the connection ends.
    const isLate = failure.code === httpErrors.REQUEST_TIMEOUT.code && this.#waiting !== undefined;
    if (connection.stopDropping !== undefined) connection.stopDropping();
    else if (!isLate) connection.inputBroken(failure);
    this.#fail(failure);
    if (failure.code === httpErrors.BODY_INCOMPLETE.code) connection.clientGone();
  }

  /** Nobody reads the socket, and unread, its end would not be told. */
  readonly #lookForEnd = (): void => {
    const { socket } = this.connection;
    if (socket.readableLength === 0) socket.read();
  };

  /** Whether the body waits for somebody to read it. */
  get #isUnread(): boolean {
    const { request } = this;
    return request.readableFlowing !== true && !request.readableEnded && request.push !== keepOpen && !isReceived(request);
  }

  #fail(failure: FrameworkError): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.failed(failure);
  }

  /** Its own answer has begun to be made when it is taken in the tick it came; then Node says when it is its turn. */
  #awaitTurn(): void {
    const { response, connection } = this;
    const turn = (): void => {
      this.#hasTurn = true;
      this.begin?.();
      this.#look();
    };
    const { lastResponse } = connection;
    if (response === undefined) {
      // Its `close` is behind everything that Node still does with the connection for it.
      if (lastResponse === undefined || lastResponse.destroyed) turn();
      else lastResponse.once('close', turn);
    } else if (response.socket !== null) {
      turn();
    } else {
      response.once('socket', turn);
    }
  }

  #look(): void {
    if (this.#waiting === undefined || !this.#hasTurn) return;
    if (this.#failure !== undefined) this.#fail(this.#failure);
    else if (this.#isTooLong && this.#isUnread) this.#fail(httpErrors.BODY_TOO_LARGE({ limit: this.host.limits.bodyLimitBytes }));
    else if (this.#isBodyOver) {
      const waiting = this.#waiting;
      this.#waiting = undefined;
      waiting.ready();
    }
  }
}

interface Private extends ServerResponse {
  _expect_continue?: boolean;
  _last?: boolean;
  _closed?: boolean;
  destroyed: boolean;
}

/** Node's response is over, whether it was sent or not, and whoever waits for that is told, as Node does it. */
export function letGo(response: ServerResponse, socket: Duplex): void {
  if (response.socket !== null) response.detachSocket(socket as never);
  process.nextTick(() => {
    const own = response as Private;
    if (own._closed === true) return;
    own.destroyed = true;
    own._closed = true;
    response.emit('close');
  });
}

/** Whether the connection ends behind this response, which has been sent. */
export function isLast(response: ServerResponse): boolean {
  return (response as Private)._last === true;
}

/** Ends a connection behind an answer; what its client still sends is read, and nobody's. */
export function endBehindAnswer(socket: Duplex): void {
  closeLingering(socket);
  socket.resume();
}

/** The method of the class in place of the socket's own. */
function unwrap(socket: Duplex, name: 'on' | 'addListener' | 'prependListener' | 'setEncoding'): void {
  if (Object.hasOwn(socket, name))
    Object.assign(socket, { [name]: (Object.getPrototypeOf(socket) as Record<string, unknown>)[name] });
}

/** Whether somebody takes the body before it becomes a stream. */
function isReceived(request: IncomingMessage): boolean {
  return request instanceof Http1Request && request.receiver !== undefined;
}

function keepOpen(): boolean {
  return true;
}

function ignore(): void {
  // Its close follows, and tells of the end.
}
