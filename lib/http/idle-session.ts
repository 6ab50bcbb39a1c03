import type { ServerHttp2Session } from 'node:http2';
import type { Clock } from '../lifetime/clock';
import type { Connection } from './connection';
import { guardSession } from './stalled-reader';

/**
 * Closes an HTTP/2 connection gracefully once nobody has asked anything on it for `idleMs`; never early, up to a quarter late.
 *
 * Node's own time-out of a session is put off several times in each request, which is 1.5 % of it; this looks now and then.
 */
export function closeWhenIdle(session: ServerHttp2Session, connection: Connection, clock: Clock, idleMs: number): void {
  const look = (): void => {
    const now = clock.now();
    if (connection.busy) connection.askedAtMs = now;
    guardSession(session, connection, idleMs);
    if (now - connection.askedAtMs >= idleMs) {
      session.close();
      // What was answered may still be read; a client that reads no more does not keep it open.
      session.setTimeout(idleMs, () => session.destroy());
    } else cancel = clock.setTimer(look, idleMs / 4);
  };
  let cancel = clock.setTimer(look, idleMs / 4);
  session.once('close', () => cancel());
}
