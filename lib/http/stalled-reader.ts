import type { ServerHttp2Session } from 'node:http2';
import type { Socket } from 'node:net';
import type { Connection } from './connection';

/*
 * A client that asks and then reads no more would keep its answer, and what is behind it, for ever. Node's time-outs see
 * whether bytes still move, but cost every request (1.5 % over HTTP/2). So they are armed for those connections alone that
 * have bytes waiting when somebody looks, now and then, and asked again when they fire: quiet is not stalled.
 */

/** Over HTTP/1.1: when the time-out of the socket fires and bytes still wait, its client does not read. */
export function guardSocket(socket: Socket, connection: Connection, stallMs: number): void {
  const isWaiting = socket.writableLength > 0;
  if (isWaiting === connection.guarded) return;
  connection.guarded = isWaiting;
  socket.setTimeout(isWaiting ? stallMs : 0);
}

/** Over HTTP/2: of the answers under way only, since the others' streams are known to nobody else. */
export function guardSession(session: ServerHttp2Session, connection: Connection, stallMs: number): void {
  const isWaiting = connection.unsentBytes > 0;
  if (isWaiting === connection.guarded) return;
  connection.guarded = isWaiting;
  session.removeAllListeners('timeout');
  if (!isWaiting) session.setTimeout(0);
  else {
    session.setTimeout(stallMs, () => {
      if (connection.unsentBytes > 0) session.destroy();
      else connection.guarded = false;
    });
  }
}
