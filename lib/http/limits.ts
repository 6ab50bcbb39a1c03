/** What a client may use up. Every limit is on by default. */
export interface HttpLimits {
  /** Largest request body, in bytes (413). Default 1 MiB. */
  readonly bodyLimitBytes: number;
  /** Longest request target, in bytes (414). Default 8 KiB. */
  readonly urlLimitBytes: number;
  /** Largest header section, in bytes (431). Default 16 KiB. */
  readonly headerLimitBytes: number;
  /** Receiving a whole request, head and body, in milliseconds (408). Default 60 s. */
  readonly requestTimeoutMs: number;
  /** Receiving the head of a request, in milliseconds (408). Default 10 s, never more than `requestTimeoutMs`. */
  readonly headersTimeoutMs: number;
  /** Answering a request, in milliseconds (504). 0: no limit. Default 30 s. */
  readonly handlerTimeoutMs: number;
  /**
   * How long an idle kept connection stays open, and one whose client does not read what waits for it, in milliseconds.
   * Default 65 s (longer than most load balancers keep theirs).
   */
  readonly keepAliveTimeoutMs: number;
  /** TLS handshake, in milliseconds. Default 10 s. */
  readonly handshakeTimeoutMs: number;
  /** Streams one HTTP/2 connection may have open. Default 128. */
  readonly maxConcurrentStreams: number;
  /**
   * Bytes that may wait for a client whose source cannot be told to wait (an Observable). More of them are the client's as
   * long as it reads; where they do not grow less for a second, it is cut. Default 1 MiB.
   */
  readonly bufferLimitBytes: number;
  /** Silence after which a stream of server-sent events gets a comment, in milliseconds; 0: never. Default 15 s. */
  readonly sseHeartbeatMs: number;
}

export const defaultLimits: HttpLimits = {
  bodyLimitBytes: 1024 * 1024,
  urlLimitBytes: 8 * 1024,
  headerLimitBytes: 16 * 1024,
  requestTimeoutMs: 60_000,
  headersTimeoutMs: 10_000,
  handlerTimeoutMs: 30_000,
  keepAliveTimeoutMs: 65_000,
  handshakeTimeoutMs: 10_000,
  maxConcurrentStreams: 128,
  bufferLimitBytes: 1024 * 1024,
  sseHeartbeatMs: 15_000,
};
