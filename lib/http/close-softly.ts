import type { Duplex } from 'node:stream';

/** How long a client may take to read the last words and to close its side, before its connection is destroyed. */
const LINGER_MS = 1_000;

/** Closes a connection once everything written to it was sent; nothing more is expected from its client. */
export function closeSoftly(socket: Duplex): void {
  if (socket.destroyed) return;
  socket.end(() => socket.destroy());
}

/**
 * Closes a connection whose client may still be sending: `lastWords` and the end of our side go out, and what comes is
 * read for a little while, since closing with bytes unread is a reset that takes the last words back (RFC 9112 §9.6).
 */
export function closeLingering(socket: Duplex, lastWords?: string): void {
  if (socket.destroyed) return;
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  timer.unref();
  socket.once('close', () => clearTimeout(timer));
  if (lastWords === undefined) socket.end();
  else socket.end(lastWords);
}

/** What is read and dropped behind the end of our side, so that a reset does not take back what was written. */
const DROPPED_BYTES = 4 * 1024 * 1024;

/**
 * Closes a connection behind everything that was written to `outer`, which stands on `inner` or is the same: as long as its
 * client goes on reading, then a second for its own end to come. What comes meanwhile is dropped.
 *
 * In: how long the client may leave unread what was written to it, in milliseconds.
 */
export function closeBehindWrites(outer: Duplex, inner: Duplex, stallMs: number): void {
  if (inner.destroyed) return;
  let dropped = 0;
  inner.on('data', (chunk: Buffer) => {
    dropped += chunk.length;
    if (dropped > DROPPED_BYTES) inner.pause();
  });
  inner.resume();
  if ('setTimeout' in inner) (inner as Duplex & TimedOut).setTimeout(stallMs, () => void inner.destroy());
  if (inner.writableFinished) closeLingering(inner);
  else inner.once('finish', () => closeLingering(inner));
  outer.end();
}

interface TimedOut {
  /** Told when no byte has moved for so long. */
  setTimeout(ms: number, silent: () => void): unknown;
}
