/** Codes of Node and undici for connections that were not made, or broke. */
const CODES: ReadonlySet<unknown> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'UND_ERR_SOCKET',
  'UND_ERR_CONNECT_TIMEOUT',
]);

const DEEPEST_CAUSE = 8;

/** Whether an error, or one that caused it, is a connection that was not made, or broke before an answer came. */
export function isConnectionFailure(error: unknown): boolean {
  let at = error;
  for (let depth = 0; depth < DEEPEST_CAUSE && typeof at === 'object' && at !== null; depth++) {
    const { code, cause } = at as { code?: unknown; cause?: unknown };
    if (CODES.has(code)) return true;
    at = cause;
  }
  return false;
}
