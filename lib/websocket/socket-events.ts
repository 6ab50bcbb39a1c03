// Hot: each message and each piece of the stream passes here. Nothing here is made for each session: it would cost each idle one.
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { CLOSE } from './close-codes';

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

/** A WebSocket that tells one session of everything, and keeps no listeners. */
export interface ToldSocket extends WebSocket {
  session: Listening | undefined;
}

/** A class of `ws`, or what is made of it. */
type SocketClass<Arguments extends readonly unknown[], Made> = new (...args: Arguments) => Made;

/** Makes the class of `ws` tell its session what it would emit: five listeners take 300 bytes of each idle session. */
export function telling<Arguments extends readonly unknown[], Made extends WebSocket>(
  Bare: SocketClass<Arguments, Made>,
): SocketClass<Arguments, Made & ToldSocket> {
  // A mixin is what TypeScript allows to extend a class that is only known while running.
  class Telling extends (Bare as unknown as SocketClass<unknown[], WebSocket>) {
    session: Listening | undefined = undefined;

    override emit(event: string | symbol, first?: unknown, second?: unknown): boolean {
      if (this.session !== undefined) tell(this.session, event, first, second);
      return true;
    }
  }
  return Telling as unknown as SocketClass<Arguments, Made & ToldSocket>;
}

function tell(session: Listening, event: string | symbol, first: unknown, second: unknown): void {
  if (event === 'message') session.received(first as Buffer, second as boolean);
  else if (event === 'pong') session.heard();
  else if (event === 'ping') session.pinged();
  else if (event === 'error') session.broken(first as Error);
  else if (event === 'close') session.socketClosed(first as number, first === CLOSE.abnormal ? '' : String(second));
}

const LISTENING = Symbol('rockstar-web.session');

interface Carrier extends Duplex {
  [LISTENING]: Listening;
}

/** Has `session` hear of everything on a socket. */
export function listen(socket: ToldSocket, stream: Duplex, session: Listening): void {
  socket.session = session;
  (stream as Carrier)[LISTENING] = session;
  // Behind the listener of `ws`.
  stream.on('data', onPieceOver);
}

/** Takes back what was put on the stream. */
export function unlisten(stream: Duplex): void {
  stream.off('data', onPieceOver);
}

function onPieceOver(this: Duplex): void {
  (this as Carrier)[LISTENING].pieceOver();
}
