/** Why nothing was promised; the next best delivery was tried instead. In words for people, as the log has them. */
export const NOT_PROMISED = {
  http1: 'the client speaks HTTP/1.1, which has no promises (http2: true offers HTTP/2, to browsers over TLS only)',
  client: 'the client takes no promises (SETTINGS_ENABLE_PUSH=0), as all current browsers do',
  leaving: 'the connection is being closed (GOAWAY)',
  refusing: 'the client has refused most of what was promised to it on this connection',
  concurrency: 'as many pushes are under way on the connection as the client, or maxConcurrent, allows',
  size: 'the file is larger than maxFileBytes',
  headers: 'cookies and the like of the request are more than a promise may repeat (4 KiB), or than the client takes',
  budget: 'the bytes that one page, or one connection at a time, may have pushed are used up',
  arm: 'the experiment has the client in the arm "hints"',
  off: 'promises are switched off (push: { promises: false })',
} as const;

/** Why no early hint was sent; the link stands on the response itself. */
export const NOT_HINTED = {
  http1: "the client speaks HTTP/1.1 (push: { earlyHints: 'always' } hints there, too)",
  uncacheable: 'the resource does not say beforehand that it may be cached: a browser would fetch it twice',
  sent: 'the one 103 of this response has gone out before',
  off: 'early hints are switched off (push: { earlyHints: false })',
} as const;

/** Why nothing was delivered. */
export const SKIPPED = {
  off: 'pushing is switched off (push: false)',
  arm: 'the experiment has the client in the arm "none"',
  breaker: 'the circuit breaker of the route would reject the request',
  cached: 'the client was given it before on this connection, and it is fresh',
  cancelled: 'the request is cancelled',
  conditional: 'the request is conditional: who asks so has a warm cache',
  duplicate: 'the same page has pushed it already',
  late: 'the response has begun, or has ended',
  limit: 'the page has pushed as much as maxPerPage allows',
  method: 'nothing is pushed with an answer to HEAD or CONNECT, and a HEAD can be promised only',
  missing: 'no route and no file answers at the path',
  nested: 'the request was pushed itself',
} as const;

/** Why nothing was promised, and the next best delivery was tried instead; docs/push.md explains each. */
export type NotPromised = keyof typeof NOT_PROMISED;
/** Why no early hint was sent, and the link stands on the response itself. */
export type NotHinted = keyof typeof NOT_HINTED;
/** Why nothing was delivered. */
export type PushSkipped = keyof typeof SKIPPED;

/**
 * How a push was delivered: `promised` (PUSH_PROMISE), `hinted` (103 Early Hints, and a link on the response), `linked` (a
 * `Link: rel=preload` on the response alone), or `skipped`. `reason` says why nothing better was; all are normal. What becomes
 * of a promise later is told by the metrics.
 */
export type PushOutcome =
  | { readonly kind: 'promised' }
  | { readonly kind: 'hinted'; readonly reason: NotPromised }
  | { readonly kind: 'linked'; readonly reason: NotPromised; readonly notHinted: NotHinted }
  | { readonly kind: 'skipped'; readonly reason: PushSkipped };

/** Why a push was delivered as it was, in words. */
export function explain(outcome: PushOutcome): string {
  switch (outcome.kind) {
    case 'promised':
      return 'the client takes promises';
    case 'hinted':
      return `not promised: ${NOT_PROMISED[outcome.reason]}`;
    case 'linked':
      return `not promised: ${NOT_PROMISED[outcome.reason]}; not hinted: ${NOT_HINTED[outcome.notHinted]}`;
    case 'skipped':
      return SKIPPED[outcome.reason];
  }
}
