import { constants, type ServerHttp2Stream } from 'node:http2';
import type { Watcher } from './wire';

/** A reset is told at once by `aborted`, with `error` and `close` behind it; once the whole answer is written, by `close` alone. */
export function watchStream(stream: ServerHttp2Stream, whom: Watcher): void {
  if (stream.aborted || stream.destroyed) {
    whom.clientGone();
    return;
  }
  const gone = (): void => whom.clientGone();
  stream.on('aborted', gone).on('close', gone);
}

/**
 * Resets with INTERNAL_ERROR, so that nobody takes the part for the whole (RFC 9113 §8.1). `stream.close(code)` would not do:
 * it sends the end of the stream first.
 */
export function breakOff(stream: ServerHttp2Stream, cause: Error = new Error('The response was broken off.')): void {
  if (!stream.destroyed) stream.destroy(cause);
}

/** NO_ERROR asks the client to stop sending without taking the answer back (RFC 9113 §8.1). */
export function closeBehindAnswer(stream: ServerHttp2Stream): void {
  const close = (): void => stream.close(constants.NGHTTP2_NO_ERROR);
  if (stream.writableFinished) close();
  else stream.once('finish', close);
}
