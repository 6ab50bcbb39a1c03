// Hot: from the stream to the exchange.
import type { Http2Server, IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import type { Duplex } from 'node:stream';
import type { RouteMatch } from '../routing/route-table';
import type { ClientOrigin } from './client-origin';
import type { Connection } from './connection';
import type { Exchange, RouteTarget } from './exchange';
import { replyFailure } from './failure-reply';
import { refusalOfStream } from './head-rules';
import { closeWhenIdle } from './idle-session';
import { carry, connectionOf, type IntakeHost, isFound, openExchange } from './intake';
import { makeHttp2 } from './node-servers';
import type { OpenConnections } from './open-connections';
import { limitResets } from './rapid-reset';
import { originOf } from './read-origin';
import { StreamWire } from './stream-wire';

/** Connections of HTTP/2 in, exchanges out: on bare streams of `node:http2`. */
export class Http2Intake {
  readonly #host: IntakeHost;
  readonly #open: OpenConnections;
  readonly #server: Http2Server;
  /** Taken by the session that Node makes in the same tick. */
  #arriving: Connection | undefined;

  constructor(host: IntakeHost, open: OpenConnections) {
    this.#host = host;
    this.#open = open;
    this.#arriving = undefined;
    this.#server = this.#makeServer();
  }

  /** A connection that speaks HTTP/2. */
  admit(socket: Duplex, connection: Connection): void {
    this.#arriving = connection;
    this.#server.emit('connection', socket);
  }

  /** Answers a request that was made in the place of `parent`'s client, on the stream that was promised to it. */
  answerPromised(parent: Exchange, stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Exchange {
    const rawHeaders = Object.entries(headers).flat() as string[];
    return this.#receive(parent.connection, stream, headers, rawHeaders, originOf(parent));
  }

  #admitSession(session: ServerHttp2Session): void {
    const connection = this.#arriving as Connection;
    carry(session, connection);
    this.#open.addSession(session);
    closeWhenIdle(session, connection, this.#host.clock, this.#host.limits.keepAliveTimeoutMs);
    connection.takenBack = limitResets(session, this.#host.clock, this.#host.logger, () =>
      this.#host.unmatched.instruments.flooded(),
    );
    if (this.#host.stopping) session.close();
  }

  readonly #onStream = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, _flags: number, rawHeaders: string[]): void => {
    const connection = stream.session === undefined ? undefined : connectionOf(stream.session);
    // A stream reset by its client emits an error; its close, and not this, is what counts.
    stream.on('error', ignore);
    if (connection === undefined || stream.destroyed) return;
    connection.promises?.asked(headers[':path'] ?? '');
    this.#receive(connection, stream, headers, rawHeaders);
  };

  #receive(
    connection: Connection,
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    rawHeaders: string[],
    origin?: ClientOrigin,
  ): Exchange {
    const url = headers[':path'] ?? '';
    const match =
      headers[':method'] === 'CONNECT' ? this.#findTunnel(headers) : this.#host.routes.find(headers[':method'] as string, url);
    const wire = new StreamWire(stream, headers, rawHeaders);
    const exchange = openExchange(this.#host, connection, wire, match);
    connection.askedAtMs = exchange.startedMs;
    exchange.origin = origin;
    const refusal = refusalOfStream(headers, rawHeaders, this.#host.limits, isFound(match));
    if (refusal === undefined) this.#host.walk(exchange);
    else replyFailure(exchange, refusal);
    return exchange;
  }

  /** An extended CONNECT (RFC 8441) asks at a path, as a GET with an `Upgrade` does over HTTP/1.1; a plain one at an authority. */
  #findTunnel({
    ':protocol': protocol,
    ':path': path = '',
    ':authority': authority = '',
  }: IncomingHttpHeaders): RouteMatch<RouteTarget> | null {
    if (protocol === undefined) return this.#host.routes.find('CONNECT', authority);
    const match = this.#host.routes.find('GET', path);
    return match?.store?.takesOver === true ? match : null;
  }

  #makeServer(): Http2Server {
    const server = makeHttp2(this.#host.limits);
    server.on('session', (session) => this.#admitSession(session));
    server.on('stream', this.#onStream);
    server.on('sessionError', (error: Error) => this.#host.logger.debug('an HTTP/2 connection failed', { err: error }));
    return server;
  }
}

function ignore(): void {
  // See where it is attached.
}
