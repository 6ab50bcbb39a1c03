// Hot: `walk` is asked for each request.
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { createServer as createTcp, type Server as TcpServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Logger } from '../diagnostics/logger';
import type { FrameworkError } from '../errors/framework-error';
import type { Clock } from '../lifetime/clock';
import type { Deadlines } from '../lifetime/deadline';
import type { RouteTable } from '../routing/route-table';
import type { ClientOrigin } from './client-origin';
import { Connection } from './connection';
import type { BodyParsers } from './content-type-parsers';
import { answered, cutShort, dispatch, workGoesOn } from './dispatch';
import { httpErrors } from './errors';
import type { Exchange, RouteTarget } from './exchange';
import { replyFailure } from './failure-reply';
import { Http1Intake } from './http1-intake';
import { Http2Intake } from './http2-intake';
import { carry, type IntakeHost } from './intake';
import type { HttpLimits } from './limits';
import type { MultipartOptions } from './multipart-limits';
import { OpenConnections } from './open-connections';
import { openPort, urlOf } from './open-port';
import { parserHookFailure } from './parser-hook';
import { readDirectOrigin } from './read-origin';
import { sniffProtocol } from './sniff-protocol';
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

/** Sockets in, exchanges out: HTTP/1.1 on `node:http`, HTTP/2 on bare streams, behind one port. */
export class HttpServer implements IntakeHost {
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
  isClosed: boolean;
  readonly cookieSecrets: readonly string[];
  readonly nosniff: boolean;
  readonly readOrigin: (exchange: Exchange) => ClientOrigin;
  readonly #options: HttpServerOptions;
  readonly #http1: Http1Intake;
  readonly #http2: Http2Intake | undefined;
  readonly #open: OpenConnections;
  #door: TcpServer | undefined;

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
    this.isClosed = false;
    this.cookieSecrets = options.cookieSecrets ?? [];
    this.nosniff = options.nosniff ?? false;
    this.readOrigin = options.readOrigin ?? readDirectOrigin;
    this.#options = options;
    this.#open = new OpenConnections(options.clock, options.limits.keepAliveTimeoutMs);
    const unsupported = parserHookFailure();
    if (unsupported !== undefined) this.logger.error('connections cannot be taken over', { err: unsupported });
    this.#http1 = new Http1Intake(this);
    this.#http2 = options.http2 === false ? undefined : new Http2Intake(this, this.#open);
  }

  cutShort = cutShort;
  workGoesOn = workGoesOn;
  unreadBody = unreadBody;
  answered = answered;

  forget({ socket }: Connection): void {
    carry(socket, undefined);
    this.#open.forget(socket);
  }

  answerPromised(parent: Exchange, stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Exchange {
    return (this.#http2 as Http2Intake).answerPromised(parent, stream, headers);
  }

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
    this.isClosed = true;
    this.#open.closeBehindAnswers();
    await this.#open.empty();
    this.#http1.close();
  }

  /** Cuts every connection now. */
  destroyConnections(): void {
    this.#open.destroy();
  }

  async #openDoor(): Promise<TcpServer> {
    const { http2, tls } = this.#options;
    if (tls !== undefined || http2 === true) {
      const options = { http2: http2 === true, handshakeTimeoutMs: this.limits.handshakeTimeoutMs };
      const door = await openTlsDoor(tls ?? 'self-signed', options, (socket, isHttp2) => this.#hand(socket, isHttp2));
      door.on('connection', (socket: Socket) => this.#open.arrive(socket, true));
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
      this.#open.arrive(socket, false);
      sniffProtocol(socket, this.limits.headersTimeoutMs, (isHttp2) => this.#hand(socket, isHttp2));
    });
  }

  /** It is known what a connection speaks. */
  #hand(socket: Duplex, isHttp2: boolean): void {
    if (this.isClosed || socket.destroyed) {
      socket.destroy();
      return;
    }
    const connection = new Connection(socket, isHttp2 ? '2.0' : '1.1', 'encrypted' in socket, this.clock.now());
    carry(socket, connection);
    this.#open.settle(socket, connection);
    // Half-closed, a client of HTTP/2 can open no window any more, and Node's session would not notice that it left.
    socket.allowHalfOpen = !isHttp2;
    if (isHttp2) this.#http2?.admit(socket, connection);
    else this.#http1.admit(socket, connection);
  }

  walk(exchange: Exchange): void {
    const refusal = this.#options.admit?.(exchange);
    if (refusal !== undefined) {
      replyFailure(exchange, refusal);
      return;
    }
    if (this.front !== undefined) exchange.target = this.front(exchange.target);
    const askedMs = this.#options.readTimeout?.(exchange);
    if (askedMs === 0) {
      // Nobody waits for it any more: nothing is begun.
      exchange.target.instruments.cameTooLate();
      replyFailure(exchange, httpErrors.DEADLINE_EXCEEDED({ limit: 0 }));
      return;
    }
    if (askedMs !== undefined) exchange.askedMs = askedMs;
    dispatch(exchange);
  }
}
