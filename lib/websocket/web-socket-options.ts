/** What becomes of a message for a client whose buffer is full. */
export type Backpressure = 'cut' | 'skip' | 'wait';

/** Options of a `@WebSocket` class, and of the application for all of them. Durations in milliseconds, sizes in bytes. */
export interface WebSocketOptions {
  /** Largest message taken, in bytes (close code 1009). Default 1 MiB. */
  readonly messageLimitBytes?: number;
  /** Bytes that may wait for a client to read them; what happens then is `backpressure`. Default 1 MiB. */
  readonly bufferLimitBytes?: number;
  /**
   * What happens to a message for a client whose buffer is full. `cut` (default): its session ends with 1013. `skip`: this
   * message is not sent to it. `wait`: from a quarter of the buffer on, `send` gives a promise that settles when the
   * client has caught up; who sends on without waiting for it has the session cut at the limit.
   */
  readonly backpressure?: Backpressure;
  /** Between two pings, in milliseconds; 0: none are sent. Default 30 s. */
  readonly pingIntervalMs?: number;
  /** Pings in a row without a sign of life after which a session ends. Default 2. */
  readonly missedPings?: number;
  /** How long the client may take to answer the closing of a session, in milliseconds; then its connection is cut. Default 5 s. */
  readonly closeTimeoutMs?: number;
  /** Messages and pings one client may send in a second, on average and at once (close code 1008); 0: no limit (default). */
  readonly maxMessagesPerSecond?: number;
  /** Messages that may wait behind one that is being handled before no more is read from the client. Default 100. */
  readonly maxWaiting?: number;
  /** Observables and async iterables that may answer one client at a time (MESSAGE_STREAMS_LIMIT). Default 100. */
  readonly maxStreams?: number;
  /** Sessions of the class at a time (503); 0: no limit. Default 100,000. */
  readonly maxConnections?: number;
  /** Of those, from one address as `ctx.ip` tells it (429); 0: no limit (default). */
  readonly maxConnectionsPerAddress?: number;
  /**
   * Origins whose pages may connect (403), e.g. `https://app.example.com`; default: all. Clients that are no browsers send
   * none, and are let in.
   */
  readonly allowedOrigins?: readonly string[];
  /** Subprotocols spoken here; of those, the first that the client names is agreed on. Default: none. */
  readonly protocols?: readonly string[];
  /**
   * Whether messages are compressed where the client offers it (RFC 7692), those of `thresholdBytes` (default 1 KiB) or more.
   * Costs memory and time for each session. Default `false`.
   */
  readonly permessageDeflate?: boolean | { readonly thresholdBytes?: number };
}

/** The options of a class, with all that was left out. */
export type WebSocketSettings = Required<Omit<WebSocketOptions, 'allowedOrigins' | 'permessageDeflate'>> & {
  readonly allowedOrigins: ReadonlySet<string> | undefined;
  /** Messages from this size on are compressed; `undefined`: none. */
  readonly deflateFromBytes: number | undefined;
};

const MIB = 1024 * 1024;

/** What the class says counts before what the application says. */
export function toWebSocketSettings(own: WebSocketOptions, all: WebSocketOptions | undefined): WebSocketSettings {
  const { allowedOrigins, permessageDeflate = false, ...rest } = { ...said(all), ...said(own) };
  return {
    messageLimitBytes: MIB,
    bufferLimitBytes: MIB,
    backpressure: 'cut',
    pingIntervalMs: 30_000,
    missedPings: 2,
    closeTimeoutMs: 5_000,
    maxMessagesPerSecond: 0,
    maxWaiting: 100,
    maxStreams: 100,
    maxConnections: 100_000,
    maxConnectionsPerAddress: 0,
    protocols: [],
    ...rest,
    allowedOrigins: allowedOrigins === undefined ? undefined : new Set(allowedOrigins.map((origin) => origin.toLowerCase())),
    deflateFromBytes: deflateFrom(permessageDeflate),
  };
}

/** An option of `undefined` is left out. */
function said(options: WebSocketOptions | undefined): WebSocketOptions {
  return Object.fromEntries(Object.entries(options ?? {}).filter(([, value]) => value !== undefined));
}

function deflateFrom(option: boolean | { readonly thresholdBytes?: number }): number | undefined {
  if (option === false) return undefined;
  return (option === true ? undefined : option.thresholdBytes) ?? 1024;
}
