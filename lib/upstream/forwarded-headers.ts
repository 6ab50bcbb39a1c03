import type { IncomingHttpHeaders } from 'node:http';

/** What is left of a request's time goes along under this name, in milliseconds: relative, so that clocks need not agree. */
export const TIMEOUT_HEADER = 'x-request-timeout-ms';

/** Of the time that is left, what the way there and back may take. */
const HOP_MS = 5;
const HOP_SHARE = 0.02;

/** What the other side may take, of `remainingMs`; 0: nothing is left. */
export function timeForOther(remainingMs: number): number {
  return Math.max(0, Math.floor(remainingMs - Math.max(HOP_MS, remainingMs * HOP_SHARE)));
}

/** Version, trace id, parent id, flags; ids of zeros only and version ff are invalid (W3C Trace Context §3.2.2). */
const TRACEPARENT = /^(?!ff)[\da-f]{2}-(?!0{32})[\da-f]{32}-(?!0{16})[\da-f]{16}-[\da-f]{2}(?:-[!-~]*)?$/;

/** The trace of a request as it came: who makes no spans passes it on unchanged. */
export function traceOf(headers: IncomingHttpHeaders): Readonly<Record<string, string>> {
  const { traceparent, tracestate } = headers as Readonly<Record<string, string | string[] | undefined>>;
  if (typeof traceparent !== 'string' || !TRACEPARENT.test(traceparent)) return {};
  return typeof tracestate === 'string' && tracestate.length <= 512 ? { traceparent, tracestate } : { traceparent };
}
