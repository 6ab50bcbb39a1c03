/**
 * The error codes of HTTP/2 that are sent or looked for here (RFC 9113 §7). `node:http2` has them, too, and is 3 % of
 * the CPU time that a small application takes to start: it is loaded by those who speak HTTP/2.
 */
export const HTTP2_CODES = {
  NO_ERROR: 0x0,
  REFUSED_STREAM: 0x7,
  CANCEL: 0x8,
  CONNECT_ERROR: 0xa,
  ENHANCE_YOUR_CALM: 0xb,
} as const;
