import type { IncomingHttpHeaders } from 'node:http';

const MILLISECONDS = /^\d{1,10}$/;
/** The gRPC protocol: at most eight digits and a unit. */
const GRPC = /^(\d{1,8})([HMSmun])$/;
const UNIT_MS = { H: 3_600_000, M: 60_000, S: 1_000, m: 1, u: 1e-3, n: 1e-6 } as const;

/**
 * How long the caller says it waits, in milliseconds: the least of `x-request-timeout-ms`, `x-envoy-expected-rq-timeout-ms`
 * and `grpc-timeout`. `undefined`: it does not say, or not so that it could be understood. 0: it waits no more.
 */
export function parsePeerTimeout(headers: IncomingHttpHeaders): number | undefined {
  const all = [headers['x-request-timeout-ms'], headers['x-envoy-expected-rq-timeout-ms']].map(parseMilliseconds);
  all.push(parseGrpc(headers['grpc-timeout']));
  const told = all.filter((ms) => ms !== undefined);
  return told.length === 0 ? undefined : toFewDigits(Math.min(...told));
}

function parseMilliseconds(value: string | string[] | undefined): number | undefined {
  return typeof value === 'string' && MILLISECONDS.test(value) ? Number(value) : undefined;
}

function parseGrpc(value: string | string[] | undefined): number | undefined {
  const [, digits, unit] = (typeof value === 'string' ? GRPC.exec(value) : null) ?? [];
  return digits === undefined ? undefined : Number(digits) * UNIT_MS[unit as keyof typeof UNIT_MS];
}

/** Two digits, never more than was said: each duration has a queue of its own, and callers may say any. */
function toFewDigits(ms: number): number {
  const step = 10 ** Math.max(0, Math.floor(Math.log10(Math.max(1, ms))) - 1);
  return Math.floor(ms / step) * step;
}
