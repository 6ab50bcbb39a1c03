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
