import type { ServerHttp2Session } from 'node:http2';
import type { Logger } from '../diagnostics/logger';
import type { Clock } from '../lifetime/clock';
import { HTTP2_CODES } from './http2-codes';

/** Requests a client may take back at one go: a page that is left takes back what it was loading. */
const BURST = 500;
/** What it may take back again with each second: those of somebody who types fast into a search. */
const PER_SECOND = 33;

/**
 * Closes an HTTP/2 connection whose client begins requests only to take them back (rapid reset, CVE-2023-44487): each costs
 * the client nothing, and the server the work that was begun.
 *
 * In: told when that happens. Out: to be told of each request that was taken back before it was answered.
 */
export function limitResets(session: ServerHttp2Session, clock: Clock, logger: Logger, flooded: () => void): () => void {
  let left = BURST;
  let lastMs = 0;
  return () => {
    // What the end of a connection takes back was not taken back by anybody.
    if (session.destroyed) return;
    const now = clock.now();
    left = Math.min(BURST, left + ((now - lastMs) / 1_000) * PER_SECOND) - 1;
    lastMs = now;
    if (left >= 0) return;
    logger.warn('a connection was closed: its client takes its requests back as fast as it makes them', {
      burst: BURST,
      perSecond: PER_SECOND,
    });
    flooded();
    session.destroy(new Error('Too many requests were taken back.'), HTTP2_CODES.ENHANCE_YOUR_CALM);
  };
}
