// Hot: each message and each piece of the stream passes here. Functions shared by all sessions: a closure apiece would cost each idle one.
import type { Duplex } from 'node:stream';
import { CLOSE } from './close-codes';
import type { Socket } from './upgrade';

/** Who hears of what happens on a socket. */
export interface Listening {
  received(data: Buffer, isBinary: boolean): void;
  pinged(): void;
  /** It answered a ping. */
  heard(): void;
  /** What came is no WebSocket, or beyond a limit; the socket is being closed for it. */
  broken(error: Error): void;
  socketClosed(code: number, reason: string): void;
}

const LISTENING = Symbol('rockstar-web.session');

interface Carrier extends Socket {
  [LISTENING]: Listening;
}

/** Has `session` hear of everything on a socket, and what is sent while a piece of the stream is handled go out at once. */
export function listen(socket: Socket, stream: Duplex, session: Listening): void {
  (socket as Carrier)[LISTENING] = session;
  socket.on('message', onMessage).on('ping', onPing).on('pong', onPong).on('error', onError).on('close', onClose);
  // Around the listener of `ws`: many answers to many messages of one packet are one write.
  stream.prependListener('data', cork).on('data', uncork);
}

/** Takes back what was put on the stream. */
export function unlisten(stream: Duplex): void {
  stream.off('data', cork).off('data', uncork);
}

function onMessage(this: Socket, data: unknown, isBinary: boolean): void {
  (this as Carrier)[LISTENING].received(data as Buffer, isBinary);
}

function onPing(this: Socket): void {
  (this as Carrier)[LISTENING].pinged();
}

function onPong(this: Socket): void {
  (this as Carrier)[LISTENING].heard();
}

function onError(this: Socket, error: Error): void {
  (this as Carrier)[LISTENING].broken(error);
}

function onClose(this: Socket, code: number, reason: Buffer): void {
  (this as Carrier)[LISTENING].socketClosed(code, code === CLOSE.abnormal ? '' : reason.toString('utf8'));
}

function cork(this: Duplex): void {
  this.cork();
}

function uncork(this: Duplex): void {
  this.uncork();
}
