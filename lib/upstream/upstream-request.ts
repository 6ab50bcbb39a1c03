import type { Readable } from 'node:stream';

/** Limits of one call. Durations in milliseconds. */
export interface CallLimits {
  /** The whole call, to the last byte of its answer; 0: no limit. Default 30,000. */
  readonly timeoutMs: number;
  /** From the request being sent until the answer begins; 0: no limit. Default 15,000. */
  readonly firstByteTimeoutMs: number;
  /** Between two pieces of the answer, while somebody waits for them; 0: no limit. Default 15,000. */
  readonly idleTimeoutMs: number;
  /** Largest answer that `bytes()`, `text()` and `json()` read, in bytes; where it is said for a call, its `body` too. Default 10 MiB. */
  readonly maxResponseBytes: number;
  /** Redirects that are followed; 0: they are answers like any other. Default 0. */
  readonly maxRedirects: number;
}

/** A call as interceptors see it; they hand on this one or a changed copy. */
export interface UpstreamRequest extends CallLimits {
  readonly method: string;
  readonly url: URL;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array | Readable | undefined;
  readonly signal: AbortSignal | undefined;
  readonly detached: boolean;
  /** Whether `maxResponseBytes` also holds for an answer that is read as it comes. */
  readonly isLimited: boolean;
}
