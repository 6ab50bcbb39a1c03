import type { ServerHttp2Session } from 'node:http2';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { CancelTimer, Clock } from '../lifetime/clock';
import { closeSoftly } from './close-softly';
import type { Connection } from './connection';
import { isIdle } from './idle-socket';
import { guardSocket } from './stalled-reader';

/** Every connection of a server, from its first packet to its close. */
export class OpenConnections {
  /**
   * Those that did not say what they speak yet, before their first byte: themselves. In their TLS handshake, by their peer's
   * address: another socket object takes their place, and that is what both have.
   */
  readonly #arriving = new Map<Duplex | string, Socket>();
  /** Those that did. The connection is there for HTTP/1.1, where nobody else knows when it is idle, until it is forgotten. */
  readonly #sockets = new Map<Duplex, Connection | undefined>();
  readonly #sessions = new Set<ServerHttp2Session>();
  readonly #clock: Clock;
  readonly #quietMs: number;
  #cancelLook: CancelTimer | undefined;
  #whenEmpty: (() => void) | undefined;
  /** One function for all of them: a closure apiece would cost each idle one. */
  readonly #gone: (this: Duplex) => void;

  /** In: how long a client may ask nothing, or leave unread what waits for it. */
  constructor(clock: Clock, quietMs: number) {
    this.#clock = clock;
    this.#quietMs = quietMs;
    const closed = (socket: Duplex): void => this.#closed(socket);
    this.#gone = function () {
      closed(this);
    };
  }

  get size(): number {
    return this.#arriving.size + this.#sockets.size;
  }

  /** A connection was made. */
  arrive(socket: Socket, isBeforeTls: boolean): void {
    this.#arriving.set(isBeforeTls ? peerOf(socket) : socket, socket);
    socket.on('close', this.#gone);
  }

  /** It is known what the connection speaks. */
  settle(socket: Duplex, connection: Connection): void {
    const isWatched = this.#arriving.delete(socket);
    if (!isWatched && connection.encrypted) this.#arriving.delete(peerOf(socket as Socket));
    this.#sockets.set(socket, connection.protocol === '1.1' ? connection : undefined);
    if (connection.protocol === '1.1') this.#cancelLook ??= this.#clock.setTimer(this.#look, this.#quietMs / 4);
    if (!isWatched) socket.on('close', this.#gone);
  }

  /** It is somebody else's, who closes it; it is waited for. */
  forget(socket: Duplex): void {
    if (this.#sockets.has(socket)) this.#sockets.set(socket, undefined);
  }

  addSession(session: ServerHttp2Session): void {
    this.#sessions.add(session);
    session.once('close', () => this.#sessions.delete(session));
  }

  /** Tells HTTP/2 clients to go elsewhere (GOAWAY, RFC 9113 §6.8): what they asked for is answered, then the connection closes. */
  goAway(): void {
    for (const session of this.#sessions) session.close();
  }

  /** Closes what is idle now, and the others behind their answers. */
  closeBehindAnswers(): void {
    for (const socket of this.#arriving.values()) socket.destroy();
    for (const [socket, connection] of this.#sockets) {
      if (connection !== undefined && !connection.broken && !connection.taken) connection.whenAnswered(() => closeSoftly(socket));
    }
  }

  /** Settles when none is left. */
  async empty(): Promise<void> {
    if (this.size === 0) return;
    await new Promise<void>((resolve) => {
      this.#whenEmpty = resolve;
    });
  }

  destroy(): void {
    for (const session of this.#sessions) session.destroy();
    for (const socket of this.#sockets.keys()) socket.destroy();
    for (const socket of this.#arriving.values()) socket.destroy();
  }

  readonly #look = (): void => {
    this.#cancelLook = undefined;
    const now = this.#clock.now();
    for (const [socket, connection] of this.#sockets) {
      if (connection === undefined || connection.taken) continue;
      this.#cancelLook ??= this.#clock.setTimer(this.#look, this.#quietMs / 4);
      // In-process ones are kept by whoever made them.
      if (!('setTimeout' in socket)) continue;
      if (isIdle(socket as Socket, connection, now, this.#quietMs)) socket.destroy();
      else guardSocket(socket as Socket, connection, this.#quietMs);
    }
  };

  #closed(socket: Duplex): void {
    this.#sockets.delete(socket);
    if (!this.#arriving.delete(socket)) this.#leftBeforeTls(socket);
    if (this.#sockets.size === 0) {
      this.#cancelLook?.();
      this.#cancelLook = undefined;
    }
    if (this.size === 0) this.#whenEmpty?.();
  }

  #leftBeforeTls(socket: Duplex): void {
    if (this.#arriving.size === 0 || !('remotePort' in socket)) return;
    const peer = peerOf(socket as Socket);
    if (this.#arriving.get(peer) === socket) this.#arriving.delete(peer);
  }
}

function peerOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress ?? ''} ${remotePort ?? ''}`;
}
