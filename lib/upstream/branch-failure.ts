import { type FrameworkError, isFrameworkError } from '../errors/framework-error';
import { cancellationIn, isCancellation } from '../lifetime/end-reason';
import { upstreamErrors } from './errors';

/** Why a part of an aggregate is missing; it is safe to send. */
export interface BranchFailure {
  /** The name of the part. */
  readonly service: string;
  /** Of the failure: `UPSTREAM_TIMEOUT`, `BREAKER_OPEN`, `DEADLINE_EXCEEDED`, …; `INTERNAL_ERROR` for what is no failure with a code. */
  readonly code: string;
  /** Milliseconds until it may work again, where that is known. */
  readonly retryAfterMs?: number;
}

const STATUS = new WeakMap<BranchFailure, number>();

function failure(of: BranchFailure, status: number): BranchFailure {
  STATUS.set(of, status);
  return of;
}

/** What a part failed with, as far as others may know. */
export function toFailure(service: string, error: unknown): BranchFailure {
  if (isCancellation(error)) {
    const status = cancellationIn(error)?.status ?? 502;
    return failure({ service, code: isFrameworkError(error) ? error.code : 'REQUEST_CANCELLED' }, status);
  }
  if (!isFrameworkError(error)) return failure({ service, code: 'INTERNAL_ERROR' }, 502);
  const { retryAfterMs } = error as { readonly retryAfterMs?: unknown };
  const known = typeof retryAfterMs === 'number' ? { retryAfterMs: Math.ceil(retryAfterMs) } : {};
  return failure({ service, code: error.code, ...known }, error.status ?? 502);
}

/** What did not come before the time was up, or the application stopped. */
export function lateFailure(service: string, reason: 'deadline' | 'shutdown'): BranchFailure {
  return reason === 'deadline'
    ? failure({ service, code: 'DEADLINE_EXCEEDED' }, 504)
    : failure({ service, code: 'SERVER_STOPPING' }, 503);
}

/**
 * What an aggregate fails with: 504 when time ran out for whatever decides it, 503 when all of that is out of order,
 * 502 when one of it failed in another way. In: what decides; all there is to tell.
 */
export function failureOfAll(
  decisive: readonly BranchFailure[],
  all: readonly BranchFailure[],
  serverTiming: string,
): FrameworkError {
  const statuses = decisive.map((one) => STATUS.get(one) ?? 502);
  const services = all.map(({ service, code }) => `${service}: ${code}`).join(', ');
  const options = { members: { errors: all }, headers: { 'server-timing': serverTiming } };
  if (statuses.every((status) => status === 503)) {
    const headers = { ...options.headers, 'retry-after': String(retryAfterSeconds(decisive)) };
    return upstreamErrors.AGGREGATE_UNAVAILABLE(
      { services },
      { ...options, headers, detail: 'What this needs is out of order; try again later.' },
    );
  }
  if (statuses.every((status) => status === 503 || status === 504))
    return upstreamErrors.AGGREGATE_TIMEOUT({ services }, { ...options, detail: 'What this needs did not answer in time.' });
  return upstreamErrors.AGGREGATE_FAILED({ services }, { ...options, detail: 'What this needs failed.' });
}

/** When the first of them may work again. */
function retryAfterSeconds(failures: readonly BranchFailure[]): number {
  const known = failures.flatMap(({ retryAfterMs }) => (retryAfterMs === undefined ? [] : [retryAfterMs]));
  return Math.max(1, Math.ceil((known.length === 0 ? 1_000 : Math.min(...known)) / 1_000));
}
