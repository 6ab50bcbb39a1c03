import * as fc from 'fast-check';
import { HttpError } from '../../lib/errors/http-error';
import { parseRetryAfter, readRetryAfterMs } from '../../lib/resilience/retry-after';
import { OnBench } from './breaker-on-bench';

/** Sun, 06 Nov 1994 08:49:37 GMT. */
const THEN_MS = 784_111_777_000;

describe('Retry-After (RFC 9110 §10.2.3)', () => {
  it.each([
    ['1', 1_000],
    ['120', 120_000],
    [' 120\t', 120_000],
    [120, 120_000],
    ['99999999999999999999', Number.MAX_SAFE_INTEGER],
    ['Sun, 06 Nov 1994 08:50:37 GMT', 60_000],
    ['Sunday, 06-Nov-94 08:50:37 GMT', 60_000],
    ['Sun Nov  6 08:50:37 1994', 60_000],
  ])('%p is %d ms', (value, ms) => {
    expect(parseRetryAfter(value, THEN_MS)).toBe(ms);
  });

  it.each([
    '',
    '0',
    '-1',
    '1.5',
    '1e3',
    '0x10',
    'soon',
    '10 seconds',
    '10, 20',
    'Sun, 06 Nov 1994 08:49:37 GMT',
    'Sun, 06 Nov 1994 08:49:36 GMT',
    'Sun, 06 Nov 1994 08:50:37',
    'Sun, 06 Foo 1994 08:50:37 GMT',
    '1994-11-06T08:50:37Z',
    NaN,
    -5,
    undefined,
    null,
    {},
    ['10'],
  ])('%p is nonsense, or says nothing', (value) => {
    expect(parseRetryAfter(value, THEN_MS)).toBeUndefined();
  });

  it('is milliseconds above 0 or nothing, whatever is sent', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.anything()), (value) => {
        const ms = parseRetryAfter(value, THEN_MS);
        expect(ms === undefined || (ms > 0 && Number.isFinite(ms))).toBe(true);
      }),
    );
  });

  it.each([
    ['an error that says it in milliseconds', { retryAfterMs: 1_500 }, 1_500],
    ['headers', { headers: { 'retry-after': '3' } }, 3_000],
    ['headers as they were sent', { headers: { 'Retry-After': '3' } }, 3_000],
    ['Headers of a response', new Response(null, { headers: { 'Retry-After': '3' } }), 3_000],
    ['the response of an error', { response: { headers: { 'retry-after': '3' } } }, 3_000],
    ['an HttpError', new HttpError(503, { headers: { 'retry-after': '3' } }), 3_000],
    ['nonsense', { retryAfterMs: Infinity, headers: { 'retry-after': '3' } }, undefined],
    ['nothing', {}, undefined],
    ['no object', 'retry-after: 3', undefined],
    ['null', null, undefined],
  ])('is read from %s', (_what, told, ms) => {
    expect(readRetryAfterMs(told, THEN_MS)).toBe(ms);
  });
});

describe('a breaker whose upstream says when to come again', () => {
  const options = { maxFailures: 1, resetTimeoutMs: 30_000, halfOpenMax: 1 } as const;
  const told = (headers: Record<string, string>) => Object.assign(new Error('busy'), { headers });

  it.each([
    ['120', 120_000, 'retry_after'],
    ['300', 300_000, 'retry_after'],
    ['301', 300_000, 'retry_after'],
    ['86400', 300_000, 'retry_after'],
    ['30', 30_000, 'rate'],
    ['5', 30_000, 'rate'],
    ['-1', 30_000, 'rate'],
    ['soon', 30_000, 'rate'],
  ])('%p keeps it open for %d ms (%s)', (value, ms, cause) => {
    const bench = new OnBench(options).listen();
    bench.fail(1, told({ 'retry-after': value }));
    expect(bench.breaker.remainingOpenMs).toBe(ms);
    expect(bench.changes).toEqual([`closed → open (${cause})`]);
  });

  it('a date is one of the wall clock', () => {
    const bench = new OnBench(options);
    bench.fail(1, told({ 'retry-after': new Date(bench.clock.epochMs() + 90_000).toUTCString() }));
    // HTTP dates have no milliseconds.
    expect(bench.breaker.remainingOpenMs).toBeGreaterThan(89_000);
    expect(bench.breaker.remainingOpenMs).toBeLessThanOrEqual(90_000);
  });

  it('is believed up to another limit, or not at all', () => {
    const limited = new OnBench({ ...options, maxRetryAfterMs: 60_000 });
    limited.fail(1, told({ 'retry-after': '120' }));
    expect(limited.breaker.remainingOpenMs).toBe(60_000);
    const deaf = new OnBench({ ...options, maxRetryAfterMs: 0 });
    deaf.fail(1, told({ 'retry-after': '120' }));
    expect(deaf.breaker.remainingOpenMs).toBe(30_000);
  });

  it('is believed of a value that is a failure, and of a trial', async () => {
    const bench = new OnBench({ ...options, isFailure: (_error, value) => value instanceof Response && !value.ok });
    const busy = new Response(null, { status: 503, headers: { 'retry-after': '100' } });
    await bench.breaker.call(async () => busy);
    expect(bench.breaker.remainingOpenMs).toBe(100_000);
    await bench.clock.advance(100_000);
    await bench.breaker.call(async () => busy);
    expect(bench.breaker.remainingOpenMs).toBe(100_000);
  });

  it('is not believed of what is late', () => {
    const bench = new OnBench(options);
    const old = bench.breaker.begin();
    bench.fail();
    old.fail(told({ 'retry-after': '300' }));
    expect(bench.breaker.remainingOpenMs).toBe(30_000);
  });
});
