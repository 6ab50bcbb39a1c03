import { Breaker } from '../../lib/resilience/breaker';
import type { BreakerOptions } from '../../lib/resilience/breaker-options';
import { Breakers } from '../../lib/resilience/breakers';
import { Bulkhead } from '../../lib/resilience/bulkhead';
import { policy } from '../../lib/resilience/policy';

const refused = (make: () => unknown): string => {
  try {
    make();
  } catch (error) {
    expect(error).toMatchObject({ code: 'BREAKER_OPTION_INVALID', status: undefined });
    return (error as Error).message;
  }
  return 'taken';
};

describe('the options of a breaker', () => {
  it.each<[string, Record<string, unknown>, string]>([
    ['maxFailures', { maxFailures: 0 }, 'maxFailures is 0; it takes a whole number from 1 to 10,000,000'],
    ['maxFailures', { maxFailures: 2.5 }, 'maxFailures is 2.5'],
    ['maxFailures', { maxFailures: '5' }, 'maxFailures is 5'],
    ['resetTimeoutMs', { resetTimeoutMs: 0 }, 'resetTimeoutMs is 0; it takes milliseconds'],
    ['resetTimeoutMs', { resetTimeoutMs: NaN }, 'resetTimeoutMs is NaN'],
    ['resetTimeoutMs', { resetTimeoutMs: Infinity }, 'resetTimeoutMs is Infinity'],
    ['halfOpenMax', { halfOpenMax: 0 }, 'halfOpenMax is 0'],
    ['maxHalfOpenMs', { maxHalfOpenMs: -1 }, 'maxHalfOpenMs is -1'],
    ['failureRatio', { failureRatio: 50 }, 'failureRatio is 50; it takes more than 0, at most 1'],
    ['failureRatio', { failureRatio: 0 }, 'failureRatio is 0'],
    ['slowRatio', { slowRatio: 1.1 }, 'slowRatio is 1.1'],
    ['slowCallMs', { slowCallMs: -1 }, 'slowCallMs is -1; it takes milliseconds, 0 for none'],
    ['minimumCalls', { minimumCalls: 0 }, 'minimumCalls is 0'],
    ['timeoutMs', { timeoutMs: null }, 'timeoutMs is null'],
    ['maxRetryAfterMs', { maxRetryAfterMs: 2 ** 31 }, 'maxRetryAfterMs is 2147483648'],
    ['name', { name: '' }, 'name is ; it takes a text'],
    ['isFailure', { isFailure: true }, 'isFailure is true; it takes a function'],
    ['isIgnored', { isIgnored: 'no' }, 'isIgnored is no'],
    ['clock', { clock: { now: 5 } }, 'clock is {"now":5}; it takes an object with now() and setTimer()'],
    ['window', { window: { kind: 'moon' } }, 'window is {"kind":"moon"}; it takes'],
    ['window', { window: { kind: 'count' } }, 'window is {"kind":"count"}'],
    ['window', { window: { kind: 'count', calls: 0 } }, 'window is'],
    ['window', { window: { kind: 'time', durationMs: '10s' } }, 'window is'],
    ['window', { window: { kind: 'time', durationMs: 1, calls: 5 } }, 'window is'],
    ['window', { window: { kind: 'consecutive', calls: 5 } }, 'window is'],
    ['window', { window: 'time' }, 'window is time'],
    ['backoff', { backoff: 2 }, 'backoff is 2'],
    ['backoff', { backoff: { factor: 0.5 } }, 'backoff.factor is 0.5'],
    ['backoff', { backoff: { jitter: 2 } }, 'backoff.jitter is 2'],
    ['backoff', { backoff: { maxMs: 0 } }, 'backoff.maxMs is 0'],
    ['backoff', { backoff: { random: 4 } }, 'backoff.random is 4'],
    ['backoff', { backoff: { base: 4 } }, 'backoff.base is 4; it takes no such option'],
    ['a slip', { maxFailure: 5 }, 'maxFailure is 5; it takes no such option; did you mean maxFailures?'],
    ['a stranger', { volumeThreshold: 5 }, 'no such option; there are backoff, clock, failureRatio'],
    ['__proto__', JSON.parse('{"__proto__": 1}') as Record<string, unknown>, '__proto__ is 1; it takes no such option'],
  ])('are refused where they are wrong: %s', (_option, options, expected) => {
    const message = refused(() => new Breaker({ name: 'users', ...options }));
    expect(message).toContain(expected);
    if (!('name' in options)) expect(message).toMatch(/^BREAKER_OPTION_INVALID: Breaker "users": /);
  });

  it.each([undefined, null, 5, 'users'])('are no options at all: %p', (options) => {
    expect(refused(() => new Breaker(options as unknown as BreakerOptions))).toContain('it takes an object');
  });

  it('may be undefined: that is the default', () => {
    const names = ['name', 'maxFailures', 'resetTimeoutMs', 'window', 'timeoutMs', 'isFailure', 'backoff', 'clock'];
    expect(new Breaker(Object.fromEntries(names.map((name) => [name, undefined]))).state).toBe('closed');
  });

  it('are refused when a registry is made of them, with the name they stand under', () => {
    const make = (configurations: object) => () => new Breakers({ configurations } as ConstructorParameters<typeof Breakers>[0]);
    expect(refused(make({ users: { failureRatio: 50 } }))).toContain('Breaker "users": failureRatio is 50');
    expect(refused(make({ users: { maxKeys: 0 } }))).toContain('Breaker "users": maxKeys is 0');
    expect(refused(make({ users: { maxKey: 1 } }))).toContain('did you mean maxKeys?');
    expect(refused(make({ users: 5 }))).toContain('Breaker "users": options is 5; it takes an object');
  });
});

describe('the options of bulkheads and policies', () => {
  it.each<[object, string]>([
    [{}, 'maxConcurrent is undefined; it takes a whole number'],
    [{ maxConcurrent: 0 }, 'maxConcurrent is 0'],
    [{ maxConcurrent: 1, maxQueued: -1 }, 'maxQueued is -1; it takes a whole number from 0'],
    [{ maxConcurrent: 1, maxWaitMs: 0 }, 'maxWaitMs is 0'],
    [{ maxConcurrent: 1, maxQueue: 5 }, 'did you mean maxQueued?'],
  ])('a bulkhead of %j is refused', (options, expected) => {
    expect(refused(() => new Bulkhead(options as ConstructorParameters<typeof Bulkhead>[0]))).toContain(expected);
  });

  it.each<[object, string]>([
    [{ timeoutMs: -1 }, 'The policy: timeoutMs is -1'],
    [{ timeout: 5 }, 'did you mean timeoutMs?'],
    [{ retry: 3 }, 'The policy: retry is 3'],
    [{ retry: { attempts: 0 } }, 'retry.attempts is 0'],
    [{ retry: { isRetryable: true } }, 'retry.isRetryable is true'],
    [{ retry: { budget: { ratio: -1 } } }, 'retry.budget.ratio is -1'],
    [{ breaker: 'users' }, 'The policy: breaker is users; it takes a Breaker, or the options of one'],
    [{ breaker: { maxFailures: 0 } }, 'maxFailures is 0'],
    [{ bulkhead: {} }, 'maxConcurrent is undefined'],
  ])('a policy of %j is refused', (options, expected) => {
    expect(refused(() => policy(options))).toContain(expected);
  });
});
