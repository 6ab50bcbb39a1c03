// Hot: from the parser, or the stream, to the exchange.
import type { IncomingMessage, Server as Http1Server, ServerResponse } from 'node:http';
import type { Http2Server, IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import { createServer as createTcp, type Server as TcpServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Logger } from '../diagnostics/logger';
import type { FrameworkError } from '../errors/framework-error';
import type { Clock } from '../lifetime/clock';
import type { Deadlines } from '../lifetime/deadline';
import type { RouteMatch, RouteTable } from '../routing/route-table';
import { answerBrokenInput } from './broken-input';
import type { ClientOrigin } from './client-origin';
import { Connection } from './connection';
import type { BodyParsers } from './content-type-parsers';
import { Diversion, endBehindAnswer, isLast } from './diversion';
import { answered, cutShort, dispatch, workGoesOn } from './dispatch';
import { httpErrors } from './errors';
import { Exchange, type Host, type RouteTarget } from './exchange';
import { replyFailure } from './failure-reply';
import { CONTINUE, refusalOfRequest, refusalOfStream } from './head-rules';
import { closeWhenIdle } from './idle-session';
import type { HttpLimits } from './limits';
import type { MultipartOptions } from './multipart-limits';
import { makeHttp1, makeHttp2 } from './node-servers';
import { NodeWire } from './node-wire';
import { OpenConnections } from './open-connections';
import { openPort, urlOf } from './open-port';
import { parserHookFailure, parserOf } from './parser-hook';
import { originOf, readDirectOrigin } from './read-origin';
import { limitResets } from './rapid-reset';
import { sniffProtocol } from './sniff-protocol';
import { StreamWire } from './stream-wire';
import { openTlsDoor, type TlsOptions } from './tls-door';
import { unreadBody } from './unread-body';

export interface HttpServerOptions {
  /** `true`: HTTP/2 and HTTP/1.1 on one TLS port; `'h2c'`: both without TLS, HTTP/2 by prior knowledge. */
  readonly http2: boolean | 'h2c';
  readonly tls: TlsOptions | undefined;
  readonly limits: HttpLimits;
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  readonly logger: Logger;
  readonly parsers?: BodyParsers | undefined;
  readonly multipart?: MultipartOptions | undefined;
  readonly routes: RouteTable<RouteTarget>;
  /** Answers what no route matches. */
  readonly unmatched: RouteTarget;
  /** Default: none. */
  readonly cookieSecrets?: readonly string[];
  /** Default: `false`. */
  readonly nosniff?: boolean;
  /** Default: what the connection says. */
  readonly readOrigin?: ((exchange: Exchange) => ClientOrigin) | undefined;
  /** How long the caller says it waits, in milliseconds, where it is believed. Default: nobody is asked. */
  readonly readTimeout?: ((exchange: Exchange) => number | undefined) | undefined;
  /** Why a request is refused before anything is done for it, if it is. Default: none is. */
  readonly admit?: ((exchange: Exchange) => FrameworkError | undefined) | undefined;
}

/** Where a connection is kept on what Node hands over with each event. */
const CONNECTION = Symbol('rockstar-web.connection');

interface Carrier {
  [CONNECTION]?: Connection;
}

/** Sockets in, exchanges out: HTTP/1.1 on `node:http`, HTTP/2 on bare streams, behind one port. */
export class HttpServer implements Host {
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  readonly limits: HttpLimits;
  readonly logger: Logger;
  readonly parsers: BodyParsers | undefined;
  readonly multipart: MultipartOptions | undefined;
  /** The one mutable cell: exchanging the table is one assignment, while requests run. */
  routes: RouteTable<RouteTarget>;
  unmatched: RouteTarget;
  /** What stands in front of the routes, if something does: middleware of the whole application. */
  front: ((target: RouteTarget) => RouteTarget) | undefined;
  stopping: boolean;
  readonly cookieSecrets: readonly string[];
  readonly nosniff: boolean;
  readonly readOrigin: (exchange: Exchange) => ClientOrigin;
  readonly #options: HttpServerOptions;
  readonly #http1: Http1Server;
  readonly #http2: Http2Server | undefined;
  readonly #open: OpenConnections;
  #door: TcpServer | undefined;
  /** Whether Node's HTTP/1.1 server enforces its time-outs: without a port of its own only once it is told. */
  #isTimed: boolean;
  #isClosed: boolean;
  /** Set by the parser's hook, taken by the request (or by the HTTP/2 session) that follows in the same tick. */
  #arriving: Connection | undefined;
  #match: RouteMatch<RouteTarget> | null;

  constructor(options: HttpServerOptions) {
    this.clock = options.clock;
    this.deadlines = options.deadlines;
    this.limits = options.limits;
    this.logger = options.logger;
    this.parsers = options.parsers;
    this.multipart = options.multipart;
    this.routes = options.routes;
    this.unmatched = options.unmatched;
    this.front = undefined;
    this.stopping = false;
    this.cookieSecrets = options.cookieSecrets ?? [];
    this.nosniff = options.nosniff ?? false;
    this.readOrigin = options.readOrigin ?? readDirectOrigin;
    this.#options = options;
    this.#open = new OpenConnections(options.clock, options.limits.keepAliveTimeoutMs);
    this.#isTimed = false;
    this.#isClosed = false;
    this.#arriving = undefined;
    this.#match = null;
    const unsupported = parserHookFailure();
    if (unsupported !== undefined) this.logger.error('connections cannot be taken over', { err: unsupported });
    this.#http1 = this.#makeHttp1();
    this.#http2 = options.http2 === false ? undefined : this.#makeHttp2();
  }

  cutShort = cutShort;
  workGoesOn = workGoesOn;
  unreadBody = unreadBody;
  answered = answered;

  /** How many connections are open. */
  get connections(): number {
    return this.#open.size;
  }

  /** Opens the port. Out: the address it answers at. Fails with: SERVER_LISTEN_FAILED, SERVER_TLS_INVALID. */
  async listen(port: number, host: string): Promise<URL> {
    const door = await this.#openDoor();
    const address = await openPort(door, port, host);
    this.#door = door;
    door.on('error', (error) => this.logger.error('the listening socket failed', { err: error }));
    return urlOf(address, this.#options.tls !== undefined || this.#options.http2 === true);
  }

  /** Serves a connection that came by another way than the port: in-process requests of tests. */
  serve(socket: Duplex): void {
    this.#hand(socket, false);
  }

  /** No new connections; new requests on kept ones get 503; HTTP/2 clients are told to go elsewhere (GOAWAY). */
  drain(): void {
    if (this.stopping) return;
    this.stopping = true;
    this.#door?.close();
    this.#open.goAway();
  }

  /** Closes what is idle and waits for what is still being written; settles when every connection is closed. */
  async closeConnections(): Promise<void> {
    this.drain();
    this.#isClosed = true;
    this.#open.closeBehindAnswers();
    await this.#open.empty();
    this.#http1.close();
  }

  /** Cuts every connection now. */
  destroyConnections(): void {
    this.#open.destroy();
  }

  #makeHttp1(): Http1Server {
    const server = makeHttp1(this.limits);
    server.on('request', this.#onRequest);
    server.on('checkContinue', this.#onRequest);
    server.on('checkExpectation', this.#onExpectation);
    server.on('upgrade', this.#onLeft);
    server.on('connect', this.#onLeft);
    server.on('clientError', this.#onClientError);
    server.on('timeout', this.#onTimeout);
    return server;
  }

  #makeHttp2(): Http2Server {
    const server = makeHttp2(this.limits);
    server.on('session', (session) => this.#admitSession(session));
    server.on('stream', this.#onStream);
    server.on('sessionError', (error: Error) => this.logger.debug('an HTTP/2 connection failed', { err: error }));
    return server;
  }

  async #openDoor(): Promise<TcpServer> {
    const { http2, tls } = this.#options;
    if (tls !== undefined || http2 === true) {
      const options = { http2: http2 === true, handshakeTimeoutMs: this.limits.handshakeTimeoutMs };
      const door = await openTlsDoor(tls ?? 'self-signed', options, (socket, isHttp2) => this.#hand(socket, isHttp2));
      door.on('connection', (socket: Socket) => this.#open.arrive(socket));
      door.on('tlsClientError', (error, socket) => {
        this.logger.debug('a TLS handshake failed', { err: error });
        // Node tells of its time-out, and leaves the rest to whoever listens.
        socket.destroy();
      });
      return door;
    }
    return createTcp({ noDelay: true }, (socket) => {
      if (http2 === false) {
        this.#hand(socket, false);
        return;
      }
      this.#open.arrive(socket);
      sniffProtocol(socket, this.limits.headersTimeoutMs, (isHttp2) => this.#hand(socket, isHttp2));
    });
  }

  /** It is known what a connection speaks. */
  #hand(socket: Duplex, isHttp2: boolean): void {
    if (this.#isClosed || socket.destroyed) {
      socket.destroy();
      return;
    }
    const connection = new Connection(socket, isHttp2 ? '2.0' : '1.1', 'encrypted' in socket, this.clock.now());
    (socket as Carrier)[CONNECTION] = connection;
    this.#open.settle(socket, connection);
    this.#arriving = connection;
    // Half-closed, a client of HTTP/2 can open no window any more, and Node's session would not notice that it left.
    socket.allowHalfOpen = !isHttp2;
    if (isHttp2) this.#http2?.emit('connection', socket);
    else this.#admitHttp1(socket, connection);
  }

  #admitHttp1(socket: Duplex, connection: Connection): void {
    if (!this.#isTimed) {
      this.#isTimed = true;
      this.#http1.emit('listening');
    }
    socket.once('close', connection.clientGone);
    this.#parse(socket, connection);
  }

  #parse(socket: Duplex, connection: Connection): void {
    this.#http1.emit('connection', socket);
    // A half-closed client counts as gone: Node ends its side as well, and a later answer would be lost.
    socket.off('end', connection.clientGone).once('end', connection.clientGone);
    this.#hookParser(socket, connection);
  }

  /** Sorts before the desk: the route is known when the head is complete, before Node has made a response. */
  #hookParser(socket: Duplex, connection: Connection): void {
    const parser = parserOf(socket);
    const proceed = parser.onIncoming;
    parser.onIncoming = (request, keepAlive) => {
      const match = this.routes.find(request.method as string, request.url as string);
      const takesOver = match !== null && match.store !== null && match.store.takesOver;
      if (takesOver || request.upgrade === true) {
        const diversion = new Diversion(this, connection, request, takesOver);
        diversion.begin = () => this.#serveDiverted(diversion, match, keepAlive && !takesOver && request.method !== 'CONNECT');
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
    const diversion = (socket as Carrier)[CONNECTION]?.diversion;
    if (diversion?.request === request) diversion.left(head);
    else socket.destroy();
  };

  /**
   * What was asked before it on the connection is answered. In: whether the connection may go on behind it; who is refused a
   * take-over may have sent what is no HTTP already.
   */
  #serveDiverted(diversion: Diversion, match: RouteMatch<RouteTarget> | null, keepAlive: boolean): void {
    const { connection, request } = diversion;
    if (connection.gone || connection.socket.destroyed) return;
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
    if (isLast(response) || !isWhole || this.#isClosed) endBehindAnswer(socket);
    else this.#parse(socket, connection);
  }

  readonly #onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    const connection = this.#arriving as Connection;
    if (connection.gone || connection.unanswered >= MOST_PIPELINED) {
      this.#drop(connection);
      return;
    }
    const match = this.#match;
    const wire = new NodeWire(request, response);
    this.#begins(connection, response);
    const found = match !== null && match.store !== null;
    const exchange = found
      ? new Exchange(this, connection, wire, match.store, match.params, match.searchParams)
      : new Exchange(this, connection, wire, this.unmatched, NO_PARAMETERS, searchOf(wire.url));
    const refusal = refusalOfRequest(request, this.limits, found);
    if (refusal === undefined) this.#walk(exchange);
    else replyFailure(exchange, refusal);
  };

  #walk(exchange: Exchange): void {
    const refusal = this.#options.admit?.(exchange);
    if (refusal !== undefined) {
      replyFailure(exchange, refusal);
      return;
    }
    if (this.front !== undefined) exchange.target = this.front(exchange.target);
    const askedMs = this.#options.readTimeout?.(exchange);
    if (askedMs === 0) {
      // Nobody waits for it any more: nothing is begun.
      replyFailure(exchange, httpErrors.DEADLINE_EXCEEDED({ limit: 0 }));
      return;
    }
    if (askedMs !== undefined) exchange.askedMs = askedMs;
    dispatch(exchange);
  }

  #begins(connection: Connection, response: ServerResponse): void {
    connection.lastResponse = response;
    // What the client is told (`Keep-Alive: timeout=`).
    (response as ServerResponse & { _keepAliveTimeout?: number })._keepAliveTimeout = this.limits.keepAliveTimeoutMs;
  }

  /** Node reads on however many wait. */
  #drop(connection: Connection): void {
    if (!connection.gone) this.logger.debug('a connection was closed: too many requests wait on it', { limit: MOST_PIPELINED });
    connection.clientGone();
    connection.socket.destroy();
  }

  readonly #onExpectation = (request: IncomingMessage, response: ServerResponse): void => {
    const connection = this.#arriving as Connection;
    this.#begins(connection, response);
    const wire = new NodeWire(request, response);
    const exchange = new Exchange(this, connection, wire, this.unmatched, NO_PARAMETERS, '');
    replyFailure(exchange, httpErrors.REQUEST_EXPECTATION_UNKNOWN());
  };

  readonly #onTimeout = (socket: Socket): void => {
    // Quiet is not stalled: see `guardSocket`.
    if (socket.writableLength > 0) socket.destroy();
  };

  readonly #onClientError = (error: NodeJS.ErrnoException, socket: Duplex): void => {
    const connection = (socket as Carrier)[CONNECTION];
    if (connection === undefined) socket.destroy();
    else answerBrokenInput(connection, error, this.limits, this.logger, this.unmatched.instruments);
  };

  #admitSession(session: ServerHttp2Session): void {
    const connection = this.#arriving as Connection;
    (session as Carrier)[CONNECTION] = connection;
    this.#open.addSession(session);
    closeWhenIdle(session, connection, this.clock, this.limits.keepAliveTimeoutMs);
    connection.takenBack = limitResets(session, this.clock, this.logger);
    if (this.stopping) session.close();
  }

  readonly #onStream = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, _flags: number, rawHeaders: string[]): void => {
    const connection = (stream.session as Carrier | undefined)?.[CONNECTION];
    // A stream reset by its client emits an error; its close, and not this, is what counts.
    stream.on('error', ignore);
    if (connection === undefined || stream.destroyed) return;
    connection.promises?.asked(headers[':path'] ?? '');
    this.#receive(connection, stream, headers, rawHeaders);
  };

  answerPromised(parent: Exchange, stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Exchange {
    const rawHeaders = Object.entries(headers).flat() as string[];
    return this.#receive(parent.connection, stream, headers, rawHeaders, originOf(parent));
  }

  #receive(
    connection: Connection,
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    rawHeaders: string[],
    origin?: ClientOrigin,
  ): Exchange {
    const url = headers[':path'] ?? '';
    const match =
      headers[':method'] === 'CONNECT' ? this.#findTunnel(headers) : this.routes.find(headers[':method'] as string, url);
    const wire = new StreamWire(stream, headers, rawHeaders);
    const found = match !== null && match.store !== null;
    const exchange = found
      ? new Exchange(this, connection, wire, match.store, match.params, match.searchParams)
      : new Exchange(this, connection, wire, this.unmatched, NO_PARAMETERS, searchOf(wire.url));
    connection.askedAtMs = exchange.startedMs;
    exchange.origin = origin;
    const refusal = refusalOfStream(headers, rawHeaders, this.limits, found);
    if (refusal === undefined) this.#walk(exchange);
    else replyFailure(exchange, refusal);
    return exchange;
  }

  /** An extended CONNECT (RFC 8441) asks at a path, as a GET with an `Upgrade` does over HTTP/1.1; a plain one at an authority. */
  #findTunnel({
    ':protocol': protocol,
    ':path': path = '',
    ':authority': authority = '',
  }: IncomingHttpHeaders): RouteMatch<RouteTarget> | null {
    if (protocol === undefined) return this.routes.find('CONNECT', authority);
    const match = this.routes.find('GET', path);
    return match?.store?.takesOver === true ? match : null;
  }
}

/** The query of a target that no route matched, for whoever answers for that. */
function searchOf(url: string): string {
  const [target] = url.split('#', 1);
  const at = target.indexOf('?');
  return at < 0 ? '' : target.slice(at + 1);
}

/** More requests than this may not wait for their answers on one HTTP/1.1 connection; those answered at once do not count. */
const MOST_PIPELINED = 1_000;

const NO_PARAMETERS: Readonly<Record<string, string | undefined>> = Object.freeze({});

function ignore(): void {
  // See where it is attached.
}
