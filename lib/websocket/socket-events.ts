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
  /** All that one piece of the stream brought was told. */
  pieceOver(): void;
  /** What came is no WebSocket, or beyond a limit; the socket is being closed for it. */
  broken(error: Error): void;
  socketClosed(code: number, reason: string): void;
}

const LISTENING = Symbol('rockstar-web.session');

interface Carrier {
  [LISTENING]: Listening;
}

/** Has `session` hear of everything on a socket. */
export function listen(socket: Socket, stream: Duplex, session: Listening): void {
  (socket as unknown as Carrier)[LISTENING] = session;
  (stream as unknown as Carrier)[LISTENING] = session;
  socket.on('message', onMessage).on('ping', onPing).on('pong', onPong).on('error', onError).on('close', onClose);
  // Behind the listener of `ws`.
  stream.on('data', onPieceOver);
}

/** Takes back what was put on the stream. */
export function unlisten(stream: Duplex): void {
  stream.off('data', onPieceOver);
}

function onMessage(this: Socket, data: unknown, isBinary: boolean): void {
  (this as unknown as Carrier)[LISTENING].received(data as Buffer, isBinary);
}

function onPing(this: Socket): void {
  (this as unknown as Carrier)[LISTENING].pinged();
}

function onPong(this: Socket): void {
  (this as unknown as Carrier)[LISTENING].heard();
}

function onError(this: Socket, error: Error): void {
  (this as unknown as Carrier)[LISTENING].broken(error);
}

function onClose(this: Socket, code: number, reason: Buffer): void {
  (this as unknown as Carrier)[LISTENING].socketClosed(code, code === CLOSE.abnormal ? '' : reason.toString('utf8'));
}

function onPieceOver(this: Duplex): void {
  (this as unknown as Carrier)[LISTENING].pieceOver();
}
