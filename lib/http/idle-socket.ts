import type { Socket } from 'node:net';
import type { Connection } from './connection';

/**
 * Whether nobody has asked anything on an HTTP/1.1 connection for `idleMs`, as far as whoever looks now and then can tell:
 * never early, late by as long as lies between two looks.
 */
export function isIdle(socket: Socket, connection: Connection, nowMs: number, idleMs: number): boolean {
  const { bytesRead } = socket;
  if (connection.busy || bytesRead !== connection.bytesSeen || socket.writableLength > 0) {
    connection.bytesSeen = bytesRead;
    connection.askedAtMs = nowMs;
    return false;
  }
  return nowMs - connection.askedAtMs >= idleMs;
}
