import {
  BadRequestError,
  HttpError,
  NotFoundError,
  ServiceUnavailableError,
  TooManyRequestsError,
} from '../../lib/errors/http-error';
import { CancelledError } from '../../lib/lifetime/end-reason';
import { Breaker } from '../../lib/resilience/breaker';
import type { BreakerOptions } from '../../lib/resilience/breaker-options';
import { countsAs } from '../../lib/resilience/verdict';

const NONE = { calls: 0, successes: 0, failures: 0, slow: 0, ignored: 0, cancelled: 0, rejected: 0, late: 0 };

async function statsOf(options: BreakerOptions, fn: () => unknown) {
  const breaker = new Breaker({ maxFailures: 100, ...options });
  await breaker.call(fn).catch(() => undefined);
  return breaker.stats;
}

const failing = (error: unknown) => () => {
  throw error;
};

function abortError(): Error {
  return new DOMException('This operation was aborted', 'AbortError');
}

/** What the documentation says of each outcome. */
const TABLE: readonly (readonly [string, () => unknown, Partial<typeof NONE>])[] = [
  ['a value', () => 1, { calls: 1, successes: 1 }],
  ['undefined', () => undefined, { calls: 1, successes: 1 }],
  ['a Response of 500, unless a predicate says otherwise', () => new Response(null, { status: 500 }), { calls: 1, successes: 1 }],
  ['an error', failing(new Error()), { calls: 1, failures: 1 }],
  ['something thrown that is no error', failing('text'), { calls: 1, failures: 1 }],
  ['undefined that is thrown', failing(undefined), { calls: 1, failures: 1 }],
  ['status 500', failing(new HttpError(500)), { calls: 1, failures: 1 }],
  ['status 503', failing(new ServiceUnavailableError()), { calls: 1, failures: 1 }],
  ['status 400', failing(new BadRequestError()), { calls: 1, successes: 1 }],
  ['status 404', failing(new NotFoundError()), { calls: 1, successes: 1 }],
  ['status 429', failing(new TooManyRequestsError()), { ignored: 1 }],
  ['a client that left', failing(new CancelledError('client')), { cancelled: 1 }],
  ['a deadline', failing(new CancelledError('deadline')), { cancelled: 1 }],
  ['a shutdown', failing(new CancelledError('shutdown')), { cancelled: 1 }],
  ['an AbortError', failing(abortError()), { cancelled: 1 }],
  ['an error caused by an AbortError', failing(new Error('fetch failed', { cause: abortError() })), { cancelled: 1 }],
  ['a TimeoutError of AbortSignal.timeout', failing(new DOMException('too long', 'TimeoutError')), { calls: 1, failures: 1 }],
];

describe('an outcome', () => {
  it.each(TABLE)('%s', async (_what, fn, expected) => {
    expect(await statsOf({}, fn)).toEqual({ ...NONE, ...expected });
  });
});

describe('predicates', () => {
  it('isFailure decides what is a failure, and the rest are successes', async () => {
    const isFailure = (error: unknown) => (error as HttpError).status === 404;
    expect(await statsOf({ isFailure }, failing(new NotFoundError()))).toMatchObject({ failures: 1 });
    expect(await statsOf({ isFailure }, failing(new HttpError(500)))).toMatchObject({ failures: 0, successes: 1 });
  });

  it('isIgnored is asked first, and makes it count as nothing', async () => {
    const isIgnored = (error: unknown) => error instanceof TypeError;
    expect(await statsOf({ isIgnored }, failing(new TypeError()))).toMatchObject({ calls: 0, ignored: 1 });
    expect(await statsOf({ isIgnored }, failing(new TooManyRequestsError()))).toMatchObject({ calls: 1, successes: 1 });
  });

  it('are not asked about what was cancelled, but for isIgnored', async () => {
    expect(await statsOf({ isFailure: () => true }, failing(new CancelledError('client')))).toMatchObject({
      cancelled: 1,
      calls: 0,
    });
    expect(await statsOf({ isIgnored: () => true }, failing(new CancelledError('client')))).toMatchObject({ ignored: 1 });
  });

  it('of one parameter are never asked about values', async () => {
    const isFailure = (error: unknown) => (error as { code: string }).code !== 'FINE';
    expect(await statsOf({ isFailure, isIgnored: isFailure }, () => 'value')).toMatchObject({ successes: 1 });
  });

  it('of two parameters are asked about values: a bad answer is a failure, a busy one is ignored, and both come back', async () => {
    const breaker = new Breaker({
      isFailure: (error, value) => error !== undefined || (value as Response).status >= 500,
      isIgnored: (_error, value) => (value as Response | undefined)?.status === 429,
    });
    for (const status of [200, 404, 429, 500, 503]) {
      const answer = new Response(null, { status });
      await expect(breaker.call(async () => answer)).resolves.toBe(answer);
    }
    await expect(breaker.call(failing(new Error('none')))).rejects.toThrow('none');
    expect(breaker.stats).toMatchObject({ calls: 5, successes: 2, failures: 3, ignored: 1 });
  });

  it('that throw change nothing about the call: an error is a failure, a value a success, and the process is warned once', async () => {
    const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const breaker = new Breaker({
      name: 'users',
      isFailure: (_error, _value) => {
        throw new Error('a mistake in it');
      },
    });
    const error = new Error('its own');
    await expect(breaker.call(failing(error))).rejects.toBe(error);
    await expect(breaker.call(() => 'value')).resolves.toBe('value');
    expect(breaker.stats).toMatchObject({ failures: 1, successes: 1 });
    expect(warn.mock.calls).toEqual([
      [
        'A predicate of breaker "users" threw',
        { type: 'BreakerPredicateWarning', detail: expect.stringContaining('a mistake in it') },
      ],
    ]);
    warn.mockRestore();
  });
});

describe('an error that says how it counts', () => {
  it.each([
    ['ignored', { ignored: 1 }],
    ['success', { successes: 1, calls: 1 }],
    ['failure', { failures: 1, calls: 1 }],
  ] as const)('is %s whatever predicates think', async (outcome, expected) => {
    const opposite = outcome === 'failure' ? { isIgnored: () => true } : { isFailure: () => true };
    expect(await statsOf(opposite, failing(countsAs(outcome, new Error())))).toEqual({ ...NONE, ...expected });
  });

  it('says nothing by other words', async () => {
    for (const breakerOutcome of ['toString', 'cancelled', 5, null]) {
      expect(await statsOf({}, failing(Object.assign(new Error(), { breakerOutcome })))).toMatchObject({ failures: 1 });
    }
  });
});
