// Hot: from Node's parser to the exchange.
import type { IncomingMessage, Server as Http1Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { RouteMatch } from '../routing/route-table';
import { answerBrokenInput } from './broken-input';
import type { Connection } from './connection';
import { Diversion, endBehindAnswer, isLast } from './diversion';
import { httpErrors } from './errors';
import type { RouteTarget } from './exchange';
import { replyFailure } from './failure-reply';
import { CONTINUE, refusalOfRequest } from './head-rules';
import type { Http1Request } from './http1-request';
import { connectionOf, type IntakeHost, isFound, openExchange } from './intake';
import { makeHttp1 } from './node-servers';
import { NodeWire } from './node-wire';
import { parserOf } from './parser-hook';

/** Connections of HTTP/1.1 in, exchanges out: on `node:http`, sorted by the hook of its parser before a request exists. */
export class Http1Intake {
  readonly #host: IntakeHost;
  readonly #server: Http1Server;
  /** Whether Node's server enforces its time-outs: without a port of its own only once it is told. */
  #isTimed: boolean;
  /** Set by the parser's hook, taken by the request that follows in the same tick. */
  #arriving: Connection | undefined;
  #match: RouteMatch<RouteTarget> | null;

  constructor(host: IntakeHost) {
    this.#host = host;
    this.#server = this.#makeServer();
    this.#isTimed = false;
    this.#arriving = undefined;
    this.#match = null;
  }

  /** A connection that speaks HTTP/1.1. */
  admit(socket: Duplex, connection: Connection): void {
    if (!this.#isTimed) {
      this.#isTimed = true;
      this.#server.emit('listening');
    }
    socket.once('close', connection.clientGone);
    this.#parse(socket, connection);
  }

  /** Its connections are closed. */
  close(): void {
    this.#server.close();
  }

  #parse(socket: Duplex, connection: Connection): void {
    this.#server.emit('connection', socket);
    // A half-closed client counts as gone: Node ends its side as well, and a later answer would be lost.
    socket.off('end', connection.clientGone).once('end', connection.clientGone);
    this.#hookParser(socket, connection);
  }

  /** Sorts before the desk: the route is known when the head is complete, before Node has made a response. */
  #hookParser(socket: Duplex, connection: Connection): void {
    const parser = parserOf(socket);
    const proceed = parser.onIncoming;
    parser.onIncoming = (request, keepAlive) => {
      const { routes } = this.#host;
      const match = routes.find(request.method as string, request.url as string);
      const takesOver = match !== null && match.store !== null && match.store.takesOver;
      if (takesOver || request.upgrade === true) {
        const diversion = new Diversion(this.#host, connection, request, takesOver);
        diversion.begin = () => {
          // Its turn may come when other routes have taken the place of those it was sorted by.
          const found =
            routes === this.#host.routes ? match : this.#host.routes.find(request.method as string, request.url as string);
          this.#serveDiverted(diversion, found, keepAlive && !takesOver && request.method !== 'CONNECT');
        };
        return diversion.leave();
      }
      this.#arriving = connection;
      this.#match = match;
      connection.arriving = request;
      const skip = proceed(request, keepAlive);
      connection.arriving = undefined;
      // Its handler took the connection over while it was asked.
      return connection.diversion === undefined ? skip : connection.diversion.leave();
    };
  }

  /** Node has let go of a connection. */
  readonly #onLeft = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    const diversion = connectionOf(socket)?.diversion;
    if (diversion?.request === request) diversion.left(head);
    else socket.destroy();
  };

  /**
   * What was asked before it on the connection is answered. In: whether the connection may go on behind it; who is refused a
   * take-over may have sent what is no HTTP already.
   */
  #serveDiverted(diversion: Diversion, match: RouteMatch<RouteTarget> | null, keepAlive: boolean): void {
    const { connection, request } = diversion;
    if (connection.gone || connection.socket.destroyed || isEnding(connection)) return;
    const response = diversion.makeResponse(keepAlive);
    response.once('finish', () => this.#answeredDiverted(diversion, response));
    this.#arriving = connection;
    this.#match = match;
    const { expect } = request.headers;
    if (expect === undefined || CONTINUE.test(expect)) this.#onRequest(request, response);
    else this.#onExpectation(request, response);
  }

  #answeredDiverted(diversion: Diversion, response: ServerResponse): void {
    const { connection, isWhole } = diversion;
    const socket = diversion.release();
    if (isLast(response) || !isWhole || this.#host.isClosed) endBehindAnswer(socket);
    else this.#parse(socket, connection);
  }

  readonly #onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    const connection = this.#arriving as Connection;
    if (connection.gone || connection.unanswered >= MOST_PIPELINED) {
      this.#drop(connection);
      return;
    }
    if (isEnding(connection)) {
      request.resume();
      return;
    }
    const match = this.#match;
    if (connection.diversion === undefined) (request as Http1Request).keepUnasked();
    const wire = new NodeWire(request, response);
    this.#begins(connection, response);
    const exchange = openExchange(this.#host, connection, wire, match);
    const refusal = refusalOfRequest(request, this.#host.limits, isFound(match));
    if (refusal === undefined) this.#host.walk(exchange);
    else replyFailure(exchange, refusal);
  };

  #begins(connection: Connection, response: ServerResponse): void {
    connection.lastResponse = response;
    // What the client is told (`Keep-Alive: timeout=`).
    (response as ServerResponse & { _keepAliveTimeout?: number })._keepAliveTimeout = this.#host.limits.keepAliveTimeoutMs;
  }

  /** Node reads on however many wait. */
  #drop(connection: Connection): void {
    if (!connection.gone)
      this.#host.logger.debug('a connection was closed: too many requests wait on it', { limit: MOST_PIPELINED });
    connection.clientGone();
    connection.socket.destroy();
  }

  readonly #onExpectation = (request: IncomingMessage, response: ServerResponse): void => {
    const connection = this.#arriving as Connection;
    this.#begins(connection, response);
    const wire = new NodeWire(request, response);
    const exchange = openExchange(this.#host, connection, wire, null);
    replyFailure(exchange, httpErrors.REQUEST_EXPECTATION_UNKNOWN());
  };

  readonly #onTimeout = (socket: Socket): void => {
    // Quiet is not stalled: see `guardSocket`.
    if (socket.writableLength > 0) socket.destroy();
  };

  readonly #onClientError = (error: NodeJS.ErrnoException, socket: Duplex): void => {
    const connection = connectionOf(socket);
    if (connection === undefined) socket.destroy();
    else answerBrokenInput(connection, error, this.#host.limits, this.#host.logger, this.#host.unmatched.instruments);
  };

  #makeServer(): Http1Server {
    const server = makeHttp1(this.#host.limits);
    server.on('request', this.#onRequest);
    server.on('checkContinue', this.#onRequest);
    server.on('checkExpectation', this.#onExpectation);
    server.on('upgrade', this.#onLeft);
    server.on('connect', this.#onLeft);
    server.on('clientError', this.#onClientError);
    server.on('timeout', this.#onTimeout);
    return server;
  }
}

/** Whether the last answer on it says that none follows: what its client sent behind that is nobody's (RFC 9112 §9.6). */
function isEnding({ lastResponse }: Connection): boolean {
  return lastResponse !== undefined && isLast(lastResponse);
}

/** More requests than this may not wait for their answers on one connection; those answered at once do not count. */
const MOST_PIPELINED = 1_000;
