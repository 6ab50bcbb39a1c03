import { websocketErrors } from './errors';

/** Why a session is closed (RFC 6455 §7.4.1, IANA's registry). */
export const CLOSE = {
  normal: 1000,
  goingAway: 1001,
  protocolError: 1002,
  noneGiven: 1005,
  abnormal: 1006,
  invalidPayload: 1007,
  policyViolation: 1008,
  messageTooBig: 1009,
  internalError: 1011,
  serviceRestart: 1012,
  tryAgainLater: 1013,
} as const;

/** What `ws` refuses a frame with; anything else is a mistake of the protocol. */
const CODES: Readonly<Record<string, number>> = {
  WS_ERR_UNSUPPORTED_MESSAGE_LENGTH: CLOSE.messageTooBig,
  WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH: CLOSE.messageTooBig,
  WS_ERR_INVALID_UTF8: CLOSE.invalidPayload,
  WS_ERR_TOO_MANY_BUFFERED_PARTS: CLOSE.policyViolation,
};

/** The code that `ws` closed with when a frame was refused. */
export function closeCodeOf(error: Error): number {
  const { code = '' } = error as { readonly code?: string };
  // What cannot be inflated (zlib's codes) is told as data that makes no sense.
  return CODES[code] ?? (code.startsWith('Z_') ? CLOSE.invalidPayload : CLOSE.protocolError);
}

/** Reserved for what is seen, and never sent (RFC 6455 §7.4.1). */
const NEVER_SENT: ReadonlySet<number> = new Set([1004, 1005, 1006]);
const LONGEST_REASON_BYTES = 123;

/** Fails with: WEBSOCKET_CLOSE_INVALID. */
export function checkClose(code: number, reason: string): void {
  const isStandard = code >= 1000 && code <= 1014 && !NEVER_SENT.has(code);
  const isOwn = code >= 3000 && code <= 4999;
  const isCode = Number.isInteger(code) && (isStandard || isOwn);
  if (isCode && Buffer.byteLength(reason) <= LONGEST_REASON_BYTES) return;
  const got = isCode ? `a reason of ${Buffer.byteLength(reason)} bytes` : `code ${code}`;
  throw websocketErrors.WEBSOCKET_CLOSE_INVALID({ got });
}
