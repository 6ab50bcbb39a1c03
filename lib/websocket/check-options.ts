import type { FrameworkError } from '../errors/framework-error';
import { nearNames } from '../errors/near-names';
import { websocketErrors } from './errors';
import type { WebSocketOptions } from './web-socket-options';

interface Rule {
  readonly expected: string;
  readonly accepts: (value: unknown) => boolean;
}

function whole(least: number, unit: string): Rule {
  return {
    expected: `a whole number of ${unit}, ${least} or more`,
    accepts: (value) => Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= 2 ** 31 - 1,
  };
}

function list(expected: string, accepts: (text: string) => boolean): Rule {
  return { expected, accepts: (value) => Array.isArray(value) && value.every((one) => typeof one === 'string' && accepts(one)) };
}

/** As browsers send it (RFC 6454 §6.2); `null` is the origin of sandboxed pages. */
function isOrigin(text: string): boolean {
  return text === 'null' || (URL.canParse(text) && new URL(text).origin === text.toLowerCase());
}

const TOKEN = /^[!#$%&'*+\-.^_`|~\dA-Za-z]+$/;

function isDeflate(value: unknown): boolean {
  if (typeof value === 'boolean') return true;
  if (typeof value !== 'object' || value === null) return false;
  const { thresholdBytes = 0, ...strays } = value as Record<string, unknown>;
  return Number.isSafeInteger(thresholdBytes) && (thresholdBytes as number) >= 0 && Object.keys(strays).length === 0;
}

const RULES: Readonly<Record<keyof WebSocketOptions, Rule>> = {
  messageLimitBytes: whole(1, 'bytes'),
  bufferLimitBytes: whole(1, 'bytes'),
  backpressure: {
    expected: "'cut', 'skip' or 'wait'",
    accepts: (value) => value === 'cut' || value === 'skip' || value === 'wait',
  },
  pingIntervalMs: whole(0, 'milliseconds'),
  missedPings: whole(1, 'pings'),
  closeTimeoutMs: whole(1, 'milliseconds'),
  maxMessagesPerSecond: whole(0, 'messages'),
  maxWaiting: whole(1, 'messages'),
  maxStreams: whole(1, 'streams'),
  maxConnections: whole(0, 'sessions'),
  maxConnectionsPerAddress: whole(0, 'sessions'),
  allowedOrigins: list('origins such as https://app.example.com, without a path', isOrigin),
  protocols: list('names of subprotocols', (name) => TOKEN.test(name)),
  permessageDeflate: { expected: 'true, false or { thresholdBytes }', accepts: isDeflate },
};

/** Everything that is wrong with options. In: where they stand, e.g. `@WebSocket() of LiveFeed`. */
export function checkWebSocketOptions(options: unknown, place: string): FrameworkError[] {
  if (options === undefined) return [];
  if (typeof options !== 'object' || options === null)
    return [websocketErrors.WEBSOCKET_OPTION_INVALID({ name: '(all)', place, expected: 'an object', got: typeof options })];
  return Object.entries(options).flatMap(([name, value]) => {
    if (value === undefined) return [];
    const rule = Object.hasOwn(RULES, name) ? RULES[name as keyof WebSocketOptions] : undefined;
    if (rule === undefined) return [websocketErrors.WEBSOCKET_OPTION_UNKNOWN({ name, place, wayOut: wayOut(name) })];
    if (rule.accepts(value)) return [];
    return [websocketErrors.WEBSOCKET_OPTION_INVALID({ name, place, expected: rule.expected, got: describe(value) })];
  });
}

function wayOut(name: string): string {
  const [nearest] = nearNames(name, Object.keys(RULES));
  return nearest === undefined ? `It knows:\n  ${Object.keys(RULES).sort().join(', ')}.` : `Did you mean ${nearest}?`;
}

function describe(value: unknown): string {
  if (typeof value === 'string') return `"${value}"`;
  return typeof value === 'object' && value !== null
    ? Array.isArray(value)
      ? `[${value.join(', ')}]`
      : 'an object'
    : String(value);
}
