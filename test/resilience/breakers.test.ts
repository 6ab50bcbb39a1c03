import * as fc from 'fast-check';
import { type Breaker } from '../../lib/resilience/breaker';
import { Breakers, type BreakersOptions } from '../../lib/resilience/breakers';
import { OUTCOME_NAMES } from '../../lib/resilience/outcome';
import type { Transition } from '../../lib/resilience/transition';
import { ManualClock } from '../../lib/testing/manual-clock';
import { ReferenceBreaker } from './reference-breaker';
import { StillClock } from './still-clock';

function open(breaker: Breaker): void {
  while (breaker.state === 'closed') breaker.begin().fail(new Error());
}

function registry(options: BreakersOptions = {}): { readonly breakers: Breakers; readonly clock: ManualClock } {
  const clock = new ManualClock();
  return { breakers: new Breakers({ clock, ...options }), clock };
}

describe('breakers by name', () => {
  it('are made when they are first asked for, and are the same ever after', () => {
    const { breakers } = registry();
    expect(breakers.list()).toEqual([]);
    const users = breakers.get('users');
    expect(breakers.get('users')).toBe(users);
    expect(users.name).toBe('users');
    expect(breakers.list()).toEqual([users]);
    expect(breakers.find('users')).toBe(users);
    expect(breakers.find('others')).toBeUndefined();
  });

  it.each([
    ['external_api', 5, 30_000, 3],
    ['database', 3, 60_000, 1],
    ['cache', 10, 10_000, 5],
  ])('%s opens at %d failures in a row, for %d ms, with %d trials', async (name, failures, resetMs, trials) => {
    const { breakers, clock } = registry();
    const breaker = breakers.get(name);
    for (let i = 1; i < failures; i++) breaker.begin().fail(new Error());
    expect(breaker.state).toBe('closed');
    breaker.begin().fail(new Error());
    expect([breaker.state, breaker.remainingOpenMs]).toEqual(['open', resetMs]);
    await clock.advance(resetMs);
    for (let i = 0; i < trials; i++) breaker.begin();
    expect(() => breaker.begin()).toThrow('lets no call through');
  });

  it('are configured by the application, a built-in name in part', () => {
    const { breakers } = registry({
      configurations: {
        users: { maxFailures: 1, resetTimeoutMs: 500 },
        external_api: { resetTimeoutMs: 700 },
        database: { failureRatio: 0.5, minimumCalls: 20 },
      },
    });
    const api = breakers.get('external_api');
    open(breakers.get('users'));
    open(api);
    expect(breakers.get('users').remainingOpenMs).toBe(500);
    expect([api.remainingOpenMs, api.stats.failures]).toEqual([700, 5]);
    open(breakers.get('database'));
    expect([breakers.get('database').stats.failures, breakers.get('database').remainingOpenMs]).toEqual([20, 60_000]);
  });

  it('that nobody configured have the defaults', () => {
    const { breakers } = registry();
    open(breakers.get('rooms'));
    expect([breakers.get('rooms').stats.failures, breakers.get('rooms').remainingOpenMs]).toEqual([10, 30_000]);
    open(breakers.get('constructor'));
    expect(breakers.get('constructor').remainingOpenMs).toBe(30_000);
  });

  it('are defined by whoever uses them, once, or the same again', () => {
    const { breakers } = registry({ configurations: { users: { maxFailures: 1 } } });
    const isFailure = (): boolean => true;
    breakers.define('orders', { maxFailures: 2, isFailure, backoff: { factor: 3 } });
    breakers.define('orders', { maxFailures: 2, isFailure, backoff: { factor: 3 } });
    breakers.define('users', { maxFailures: 1 });
    open(breakers.get('orders'));
    expect(breakers.get('orders').stats.failures).toBe(2);
    const exists = expect.objectContaining({ code: 'BREAKER_EXISTS', message: expect.stringContaining('"orders"') });
    expect(() => breakers.define('orders', { maxFailures: 3, isFailure })).toThrow(exists);
    expect(() => breakers.define('users', { maxFailures: 2 })).toThrow('BREAKER_EXISTS');
    breakers.get('used');
    expect(() => breakers.define('used', { maxFailures: 2 })).toThrow('BREAKER_EXISTS');
    expect(() => breakers.define('wrong', { maxFailures: 0 })).toThrow('BREAKER_OPTION_INVALID');
    expect(breakers.names()).toEqual(['users', 'orders', 'used']);
  });

  it('replace what is built in where they are defined otherwise', () => {
    const { breakers } = registry();
    breakers.define('database', { maxFailures: 7 });
    open(breakers.get('database'));
    expect(breakers.get('database').stats.failures).toBe(7);
  });

  it('are told of as JSON', () => {
    const { breakers } = registry();
    open(breakers.get('external_api'));
    breakers.get('cache', 'a');
    expect(JSON.parse(JSON.stringify(breakers.list()))).toEqual([
      { name: 'external_api', state: 'open', remainingOpenMs: 30_000, stats: expect.objectContaining({ calls: 5, failures: 5 }) },
      { name: 'cache', key: 'a', state: 'closed', remainingOpenMs: 0, stats: expect.objectContaining({ calls: 0 }) },
    ]);
  });

  it('that are expected and are not there are unknown, with the near name', () => {
    const { breakers } = registry();
    const users = breakers.get('users');
    expect(breakers.expect('users')).toEqual([users]);
    expect(() => breakers.expect('user')).toThrow(
      expect.objectContaining({
        code: 'BREAKER_UNKNOWN',
        status: 404,
        message: expect.stringContaining('did you mean "users"?'),
      }),
    );
    expect(() => breakers.expect('moon')).toThrow('There is no breaker "moon".');
  });
});

describe('breakers by key', () => {
  it('are one each, and judge for themselves', () => {
    const { breakers } = registry();
    const [a, b] = [breakers.get('cache', 'a'), breakers.get('cache', 'b')];
    open(a);
    expect([a.key, a.state, b.key, b.state]).toEqual(['a', 'open', 'b', 'closed']);
    expect(breakers.get('cache', 'a')).toBe(a);
    expect(breakers.of('cache')).toEqual([a, b]);
    expect(breakers.find('cache')).toBeUndefined();
    expect(breakers.get('cache').key).toBeUndefined();
    expect(breakers.of('cache')).toHaveLength(3);
    expect(breakers.find('cache', 'b')).toBe(b);
  });

  it('are at most 1,000 of a name by default, of 100,000 that are asked for', async () => {
    const { breakers } = registry();
    for (let i = 0; i < 100_000; i++) await breakers.get('cache', `key-${i}`).call(() => i);
    expect(breakers.of('cache')).toHaveLength(1_000);
    expect(breakers.find('cache', 'key-99999')).toBeDefined();
    expect(breakers.find('cache', 'key-0')).toBeUndefined();
  });

  it('make room by those that are closed and idle, rather those not asked for of late; what is open stays', () => {
    const { breakers } = registry({ configurations: { each: { maxFailures: 1, maxKeys: 4 } } });
    open(breakers.get('each', 'open'));
    breakers.get('each', 'held').forceOpen();
    breakers.get('each', 'busy').begin();
    breakers.get('each', 'idle');
    breakers.get('each', 'new');
    expect(breakers.of('each').map(({ key }) => key)).toEqual(['open', 'held', 'busy', 'new']);
    breakers.get('each', 'new');
    breakers.get('each', 'newer');
    // Both were asked for, or are: none idle was not, so that the one that was goes after all.
    expect(breakers.of('each').map(({ key }) => key)).toEqual(['open', 'held', 'busy', 'newer']);
  });

  it('give up one that is closed and in use where none is idle, and its calls end as they end', () => {
    const { breakers } = registry({ configurations: { each: { maxFailures: 1, maxKeys: 2 } } });
    open(breakers.get('each', 'open'));
    const call = breakers.get('each', 'busy').begin();
    breakers.get('each', 'new');
    expect(breakers.of('each').map(({ key }) => key)).toEqual(['open', 'new']);
    expect(() => call.fail(new Error())).not.toThrow();
  });

  it('that are all open let further keys pass without keeping them, and the process is warned once', async () => {
    const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const { breakers, clock } = registry({ configurations: { each: { maxFailures: 1, resetTimeoutMs: 1_000, maxKeys: 2 } } });
    open(breakers.get('each', 'a'));
    open(breakers.get('each', 'b'));
    for (let i = 0; i < 10; i++) await expect(breakers.get('each', `more-${i}`).call(() => i)).resolves.toBe(i);
    expect(breakers.of('each').map(({ key, state }) => [key, state])).toEqual([
      ['a', 'open'],
      ['b', 'open'],
    ]);
    expect(warn.mock.calls.map(([text]) => text)).toEqual([expect.stringContaining('"each" has 2 keys')]);
    await clock.advance(100);
    breakers.get('each', 'a').reset();
    breakers.get('each', 'more');
    expect(breakers.find('each', 'more')).toBeDefined();
    warn.mockRestore();
  });

  it('that were open and nobody asked for since, for as long again, may go', async () => {
    const { breakers, clock } = registry({ configurations: { each: { maxFailures: 1, resetTimeoutMs: 1_000, maxKeys: 1 } } });
    const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    open(breakers.get('each', 'a'));
    await clock.advance(2_000);
    breakers.get('each', 'b');
    expect(breakers.find('each', 'b')).toBeUndefined();
    await clock.advance(101);
    breakers.get('each', 'b');
    expect(breakers.find('each', 'b')).toBeDefined();
    warn.mockRestore();
  });

  it('that are long are kept as a digest: what users send does not fill the memory', () => {
    const { breakers } = registry();
    const long = 'x'.repeat(100_000);
    const breaker = breakers.get('cache', long);
    expect(breaker.key).toMatch(/^sha256:[\w-]{43}$/);
    expect(breakers.get('cache', long)).toBe(breaker);
    expect(breakers.get('cache', `${long}y`)).not.toBe(breaker);
    expect(breakers.get('cache', 'x'.repeat(200)).key).toHaveLength(200);
  });

  it('may be numbers after all', () => {
    const { breakers } = registry();
    expect(breakers.get('cache', 5 as unknown as string)).toBe(breakers.get('cache', '5'));
  });

  it('agree each with the model of a breaker since they were made, are never too many, and drop none that is open', () => {
    const settings = {
      window: { kind: 'consecutive' as const },
      maxFailures: 2,
      resetTimeoutMs: 50,
      halfOpenMax: 1,
      maxHalfOpenMs: 60,
    };
    const rest = {
      failureRatio: Infinity,
      slowRatio: Infinity,
      slowCallMs: Infinity,
      slowDeadlineMs: 2_000,
      minimumCalls: 10,
      backoff: { factor: 1, maxMs: 50 },
      maxRetryAfterMs: 0,
    };
    const step = fc.record({
      key: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
      end: fc.constantFrom('success' as const, 'failure' as const, 'failure' as const, undefined),
      ms: fc.constantFrom(0, 0, 0, 20, 60),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
        const clock = new StillClock();
        const breakers = new Breakers({ clock, configurations: { each: { ...settings, maxRetryAfterMs: 0, maxKeys: 3 } } });
        const twins = new Map<Breaker, ReferenceBreaker>();
        for (const { key, end, ms } of steps) {
          clock.atMs += ms;
          for (const twin of twins.values()) twin.advance(ms);
          const before = breakers.of('each').map((breaker) => ({ breaker, state: breaker.state }));
          const breaker = breakers.get('each', key);
          const kept = new Set(breakers.of('each'));
          const dropped = before.filter((one) => !kept.has(one.breaker));
          expect(dropped.every(({ state }) => state === 'closed' || state === 'half-open')).toBe(true);
          expect(kept.size).toBeLessThanOrEqual(3);
          let twin = twins.get(breaker);
          if (twin === undefined) twins.set(breaker, (twin = new ReferenceBreaker({ ...settings, ...rest })));
          takeTurn(breaker, twin, end);
          expect([breaker.state, breaker.stats]).toEqual([twin.state, twin.stats]);
        }
      }),
      { numRuns: 300 },
    );
  });
});

/** One call through both, ended at once or never. */
function takeTurn(breaker: Breaker, twin: ReferenceBreaker, end: 'success' | 'failure' | undefined): void {
  const other = twin.call();
  const call = (() => {
    try {
      return breaker.begin();
    } catch {
      return undefined;
    }
  })();
  expect(call === undefined).toBe(other === undefined);
  if (call === undefined || other === undefined || end === undefined) return;
  if (end === 'success') call.succeed();
  else call.fail(new Error());
  twin.settle(other, end);
}

describe('the transitions of all breakers', () => {
  it('come in order, with name and key, beside those of each', () => {
    const { breakers } = registry({ configurations: { each: { maxFailures: 1 } } });
    const [all, own]: [string[], string[]] = [[], []];
    const told = ({ name, key = '-', to }: Transition) => `${name} ${key} ${to}`;
    breakers.transitions$.subscribe((transition) => {
      all.push(told(transition));
      if (transition.key === 'a' && transition.to === 'open') breakers.get('each', 'b').forceOpen();
    });
    breakers.get('each', 'a').transitions$.subscribe((transition) => own.push(told(transition)));
    open(breakers.get('each', 'a'));
    breakers.get('each').reset();
    breakers.get('other').disable();
    expect(all).toEqual(['each a open', 'each b forced-open', 'other - disabled']);
    expect(own).toEqual(['each a open']);
  });

  it('tell of half-open in time while somebody listens, by one timer, also of what was open before', async () => {
    const { breakers, clock } = registry({ configurations: { each: { maxFailures: 1, resetTimeoutMs: 1_000 } } });
    open(breakers.get('each', 'a'));
    open(breakers.get('each', 'b'));
    expect(clock.pending).toBe(0);
    const seen: string[] = [];
    const subscription = breakers.transitions$.subscribe(({ key, to }) => seen.push(`${key ?? ''} ${to}`));
    expect(clock.pending).toBe(1);
    await clock.advance(1_000);
    expect(seen).toEqual(['a half-open', 'b half-open']);
    open(breakers.get('each', 'c'));
    expect(clock.pending).toBe(1);
    subscription.unsubscribe();
    expect(clock.pending).toBe(0);
  });
});

describe('who counts', () => {
  it('is asked once for each name, told of every call and change of it, and sets no timer', async () => {
    const counted: unknown[] = [];
    const changed: string[] = [];
    const asked: string[] = [];
    const { breakers, clock } = registry({
      configurations: { each: { maxFailures: 2, slowCallMs: 100, resetTimeoutMs: 1_000, halfOpenMax: 1 } },
      observe: (name) => {
        asked.push(name);
        return {
          counted: (outcome, elapsedMs) => counted.push([OUTCOME_NAMES[outcome], elapsedMs]),
          changed: ({ from, to, cause }) => changed.push(`${from} → ${to} (${cause})`),
        };
      },
    });
    const breaker = breakers.get('each', 'a');
    breakers.get('each', 'b');
    await breaker.call(() => 1);
    const slow = breaker.begin();
    await clock.advance(100);
    slow.succeed();
    breaker.begin().cancel();
    breaker.begin().ignore();
    const late = breaker.begin();
    await clock.advance(5);
    breaker.begin().fail(new Error());
    late.fail(new Error());
    await breaker.call(() => 1).catch(() => undefined);
    expect(asked).toEqual(['each']);
    expect(counted).toEqual([
      ['success', 0],
      ['slow_success', 100],
      ['cancelled', 0],
      ['ignored', 0],
      ['failure', 0],
      ['late', 5],
      ['rejected', NaN],
    ]);
    expect(changed).toEqual(['closed → open (rate)']);
    expect(clock.pending).toBe(0);
    await clock.advance(1_000);
    await breaker.call(() => 1);
    expect(changed.slice(1)).toEqual(['open → half-open (probe)', 'half-open → closed (probe)']);
  });

  it('of nothing costs nothing: a name nobody counts is not announced', () => {
    const { breakers } = registry({ observe: () => undefined });
    open(breakers.get('users'));
    expect(breakers.get('users').state).toBe('open');
  });
});
