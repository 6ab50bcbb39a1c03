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

/** That a part is missing, and the status of a client who needs it. */
export interface MissingPart {
  readonly failure: BranchFailure;
  readonly status: number;
}

/** What a part failed with, as far as others may know. */
export function toMissing(service: string, error: unknown): MissingPart {
  if (isCancellation(error)) {
    const status = cancellationIn(error)?.status ?? 502;
    return { failure: { service, code: isFrameworkError(error) ? error.code : 'REQUEST_CANCELLED' }, status };
  }
  if (!isFrameworkError(error)) return { failure: { service, code: 'INTERNAL_ERROR' }, status: 502 };
  const { code, status = 502 } = error;
  const { retryAfterMs } = error as { readonly retryAfterMs?: unknown };
  if (typeof retryAfterMs !== 'number') return { failure: { service, code }, status };
  return { failure: { service, code, retryAfterMs: Math.ceil(retryAfterMs) }, status };
}

/** What did not come before the time was up, or the application stopped. */
export function missingSince(service: string, reason: 'deadline' | 'shutdown'): MissingPart {
  return reason === 'deadline'
    ? { failure: { service, code: 'DEADLINE_EXCEEDED' }, status: 504 }
    : { failure: { service, code: 'SERVER_STOPPING' }, status: 503 };
}

/**
 * What an aggregate fails with: 504 when time ran out for whatever decides it, 503 when all of that is out of order,
 * 502 when one of it failed in another way. In: what decides; all there is to tell.
 */
export function failureOfAll(
  decisive: readonly MissingPart[],
  all: readonly BranchFailure[],
  serverTiming: string,
): FrameworkError {
  const statuses = decisive.map(({ status }) => status);
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
function retryAfterSeconds(missing: readonly MissingPart[]): number {
  const known = missing.flatMap(({ failure: { retryAfterMs } }) => (retryAfterMs === undefined ? [] : [retryAfterMs]));
  return Math.max(1, Math.ceil((known.length === 0 ? 1_000 : Math.min(...known)) / 1_000));
}
