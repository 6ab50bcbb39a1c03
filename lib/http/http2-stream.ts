import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { addAbortSignal } from 'node:stream';
import { HTTP2_CODES } from './http2-codes';
import type { Watcher } from './wire';

const WATCHER = Symbol('rockstar-web.watcher');

/** Who is told; once its request is over, what alone is still told. */
interface Watched extends ServerHttp2Stream {
  [WATCHER]?: Watcher | (() => void) | undefined;
}

/** A reset is told at once by `aborted`, with `error` and `close` behind it; once the whole answer is written, by `close` alone. */
export function watchStream(stream: ServerHttp2Stream, whom: Watcher): void {
  if (stream.aborted || stream.destroyed) {
    whom.clientGone();
    return;
  }
  (stream as Watched)[WATCHER] = whom;
  stream.on('aborted', gone).on('close', closed);
}

/**
 * Lets go of who watches it: a stream goes on for a while behind its answer, and would keep all of its request in memory for
 * as long. In: `takenBack`, what a reset that comes now is told to.
 */
export function unwatchStream(stream: ServerHttp2Stream, takenBack: (() => void) | undefined): void {
  if (WATCHER in stream) (stream as Watched)[WATCHER] = takenBack;
}

function gone(this: Watched): void {
  const whom = this[WATCHER];
  if (typeof whom === 'object') whom.clientGone();
}

function closed(this: Watched): void {
  gone.call(this);
  if (this.aborted || this.rstCode !== HTTP2_CODES.CANCEL) return;
  const whom = this[WATCHER];
  if (typeof whom === 'object') whom.takenBack();
  else whom?.();
}

/**
 * Resets with INTERNAL_ERROR, so that nobody takes the part for the whole (RFC 9113 §8.1); what was promised, with CANCEL.
 * `stream.close(code)` would not do: it sends the end of the stream first.
 */
export function breakOff(stream: ServerHttp2Stream, cause: Error = new Error('The response was broken off.')): void {
  if (isPromised(stream)) takeBack(stream);
  else if (!stream.destroyed) stream.destroy(cause);
}

/** Whether a stream is the server's own, which it begins with a promise: those have even numbers (RFC 9113 §5.1.1). */
export function isPromised({ id }: ServerHttp2Stream): boolean {
  return id !== undefined && id % 2 === 0;
}

/** What was promised to a client is told of here, or why it could not be promised. */
type Promised = (error: Error | null, stream: ServerHttp2Stream | undefined) => void;

/**
 * Promises, on the stream of a request, the response to another one (RFC 9113 §8.4), which has no body. The frame is under way
 * behind the call; `done` is told in the next tick. Fails as Node does: where the client takes no promises (any more).
 */
export function promise(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, done: Promised): void {
  stream.pushStream(headers, (error, promised) => {
    if (error === null) {
      // A reset by the client emits an error; the close, and not this, is what counts.
      promised.on('error', ignore);
      // Node does not say so of what nobody sent.
      Object.defineProperty(promised, 'endAfterHeaders', { value: true });
    }
    done(error, promised);
  });
}

/** Resets with CANCEL, as Node does for what a signal ends. */
export function takeBack(stream: ServerHttp2Stream): void {
  if (!stream.destroyed) addAbortSignal(TAKEN_BACK, stream);
}

const TAKEN_BACK = AbortSignal.abort();

function ignore(): void {
  // See where it is attached.
}

/** Sends `103 Early Hints`, while a response may still follow it. */
export function hint(stream: ServerHttp2Stream, links: readonly string[]): void {
  if (stream.headersSent || stream.destroyed || stream.closed) return;
  stream.additionalHeaders({ ':status': 103, link: [...links] });
}

/** NO_ERROR asks the client to stop sending without taking the answer back (RFC 9113 §8.1). */
export function closeBehindAnswer(stream: ServerHttp2Stream): void {
  const close = (): void => stream.close(HTTP2_CODES.NO_ERROR);
  if (stream.writableFinished) close();
  else stream.once('finish', close);
}
