import { defineErrors } from '../errors/define-error';

export const upstreamErrors = defineErrors({
  UPSTREAM_UNREACHABLE: { status: 502, message: '{call}: no connection ({reason}).' },
  UPSTREAM_BROKEN: { status: 502, message: '{call}: the connection was lost, or what came was no answer ({reason}).' },
  UPSTREAM_FAILED: { status: 502, message: '{call} answered {status}, a failure of its own.' },
  UPSTREAM_REFUSED: { status: 502, message: '{call} answered {status}: the request was refused, or its answer is elsewhere.' },
  UPSTREAM_CONTENT_INVALID: { status: 502, message: '{call}: the answer is not {expected} ({reason}).' },
  UPSTREAM_TOO_LARGE: {
    status: 502,
    message: '{call}: the answer has more than {limit} bytes. Raise maxResponseBytes, or read its body as it comes.',
  },
  UPSTREAM_REDIRECT_INVALID: { status: 502, message: '{call} was redirected {reason}.' },
  UPSTREAM_CONNECT_TIMEOUT: { status: 504, message: '{call}: no connection within {limit} ms (connectTimeoutMs).' },
  UPSTREAM_FIRST_BYTE_TIMEOUT: { status: 504, message: '{call}: no answer began within {limit} ms (firstByteTimeoutMs).' },
  UPSTREAM_IDLE_TIMEOUT: { status: 504, message: '{call}: nothing more of the answer came within {limit} ms (idleTimeoutMs).' },
  UPSTREAM_TIMEOUT: { status: 504, message: '{call} took longer than {limit} ms in all (timeoutMs).' },
  UPSTREAM_NO_TIME_LEFT: {
    status: 504,
    message: '{call} was not begun: of the time to answer the request {leftMs} ms are left.',
  },
  UPSTREAM_CLOSED: { status: 503, message: '{call} was not made: the application is closed.' },
  AGGREGATE_FAILED: { status: 502, message: 'Nothing came of what the answer is made of ({services}).' },
  AGGREGATE_UNAVAILABLE: { status: 503, message: 'What the answer is made of is out of order ({services}).' },
  AGGREGATE_TIMEOUT: { status: 504, message: 'What the answer is made of did not come in time ({services}).' },
  AGGREGATE_INVALID: { message: 'The aggregate cannot be made: {reason}.' },
  UPSTREAM_URL_INVALID: { message: 'The URL {url} cannot be asked: {reason}.' },
  UPSTREAM_REQUEST_INVALID: { message: '{call} cannot be made: {reason}.' },
  UPSTREAM_OPTION_INVALID: { message: 'The HttpClient takes as {name} {expected}, got {got}.' },
});

/** What a client of ours is told of each kind: nothing of where the other service is, or what it said. */
const DETAILS: Readonly<Record<number, string>> = {
  502: 'A service behind this one failed.',
  503: 'The service is stopping.',
  504: 'A service behind this one took too long.',
};

/** The options of a failure that a client may meet: its text names no other service. */
export function untold(status: 502 | 503 | 504, cause?: unknown): { readonly detail: string; readonly cause?: unknown } {
  return cause === undefined ? { detail: DETAILS[status] } : { detail: DETAILS[status], cause };
}
