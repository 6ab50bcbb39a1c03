// Hot: each message passes here. Nothing here is made for each session: it would cost each idle one.
import { CLOSE } from './close-codes';

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

/** What tells one session of everything, and keeps no listeners. */
export interface Telling {
  session: Listening | undefined;
}

/** Tells a session what a WebSocket would emit. */
export function tell(session: Listening, event: string | symbol, first: unknown, second: unknown): void {
  if (event === 'message') session.received(first as Buffer, second as boolean);
  else if (event === 'pong') session.heard();
  else if (event === 'ping') session.pinged();
  else if (event === 'error') session.broken(first as Error);
  else if (event === 'close') session.socketClosed(first as number, first === CLOSE.abnormal ? '' : String(second));
}
