import * as fc from 'fast-check';
import { Breaker } from '../../lib/resilience/breaker';
import type { BreakerOptions } from '../../lib/resilience/breaker-options';
import type { SavedBreaker } from '../../lib/resilience/saved-breaker';
import { ManualClock } from '../../lib/testing/manual-clock';
import { OnBench } from './breaker-on-bench';

const OPTIONS = { name: 'users', maxFailures: 2, resetTimeoutMs: 10_000, halfOpenMax: 1 } as const;

/** As if it had been written to a file and read in another process, whose clock began elsewhere. */
function restart(breaker: Breaker, options: BreakerOptions = OPTIONS, clock = new ManualClock(77_777)): OnBench {
  const saved = JSON.parse(JSON.stringify(breaker.save())) as SavedBreaker;
  const bench = new OnBench(options, clock);
  return Object.assign(bench, { breaker: Breaker.restore(saved, { ...options, clock }) });
}

describe('a breaker that is saved and restored', () => {
  it('is open for what was left of its time', async () => {
    const bench = new OnBench(OPTIONS);
    bench.fail(2);
    await bench.clock.advance(4_000);
    const other = restart(bench.breaker);
    expect([other.breaker.state, other.breaker.remainingOpenMs, other.letIn(1)]).toEqual(['open', 6_000, 0]);
    await other.clock.advance(6_000);
    expect([other.breaker.state, other.letIn(1)]).toEqual(['half-open', 1]);
  });

  it('goes on with a row of failures, with the calls of a count window, with those of a time window and their age', async () => {
    const row = new OnBench(OPTIONS);
    row.fail();
    const otherRow = restart(row.breaker);
    otherRow.fail();
    expect(otherRow.breaker.state).toBe('open');

    const counting: BreakerOptions = { window: { kind: 'count', calls: 4 }, failureRatio: 0.75, minimumCalls: 4, slowCallMs: 0 };
    const count = new OnBench(counting);
    count.fail(3);
    const otherCount = restart(count.breaker, counting);
    otherCount.fail();
    expect([otherCount.breaker.state, otherCount.breaker.stats.failures]).toEqual(['open', 4]);

    const timing: BreakerOptions = { window: { kind: 'time', durationMs: 1_000 }, maxFailures: 3 };
    const time = new OnBench(timing);
    time.fail(1);
    await time.clock.advance(600);
    time.fail(1);
    const otherTime = restart(time.breaker, timing);
    expect(otherTime.breaker.stats.failures).toBe(2);
    await otherTime.clock.advance(400);
    expect(otherTime.breaker.stats.failures).toBe(1);
  });

  it('remembers how often it opened, and since when', async () => {
    const options = { ...OPTIONS, backoff: { jitter: 0 } };
    const bench = new OnBench(options);
    bench.fail(2);
    await bench.clock.advance(10_000);
    bench.fail();
    const other = restart(bench.breaker, options).listen();
    expect(other.breaker.remainingOpenMs).toBe(20_000);
    await other.clock.advance(20_000);
    other.succeed();
    expect(other.transitions.at(-1)).toMatchObject({ to: 'closed', recoveryMs: 30_000 });
  });

  it('at half-open begins its trials anew', async () => {
    const bench = new OnBench(OPTIONS);
    bench.fail(2);
    await bench.clock.advance(10_000);
    bench.begin(1);
    const other = restart(bench.breaker);
    expect([other.breaker.state, other.letIn(2)]).toEqual(['half-open', 1]);
  });

  it.each(['forceOpen', 'disable', 'observeOnly'] as const)('stays as the operator left it: %s', (turn) => {
    const bench = new OnBench(OPTIONS);
    bench.breaker[turn]();
    expect(restart(bench.breaker).breaker.state).toBe(bench.breaker.state);
  });

  it('is not open for longer than its new settings allow', () => {
    const options = { ...OPTIONS, resetTimeoutMs: 86_400_000 };
    const bench = new OnBench(options);
    bench.fail(2);
    expect(restart(bench.breaker, { ...OPTIONS, maxRetryAfterMs: 60_000 }).breaker.remainingOpenMs).toBe(60_000);
  });

  it('leaves out the counts of another kind of window', () => {
    const bench = new OnBench(OPTIONS);
    bench.fail();
    const other = restart(bench.breaker, { ...OPTIONS, window: { kind: 'time', durationMs: 1_000 } });
    expect([other.breaker.state, other.breaker.stats.calls]).toEqual(['closed', 0]);
  });

  it('takes the newest calls where its window is smaller now', () => {
    const bench = new OnBench({ window: { kind: 'count', calls: 6 }, maxFailures: 10 });
    bench.fail(3);
    bench.succeed(3);
    const other = restart(bench.breaker, { window: { kind: 'count', calls: 4 }, maxFailures: 10 });
    expect(other.breaker.stats).toMatchObject({ calls: 4, successes: 3, failures: 1 });
  });
});

describe('what is to be restored', () => {
  const good = new Breaker({ window: { kind: 'time', durationMs: 1_000 } }).save();
  const consecutive = { kind: 'consecutive', counts: Array<number>(9).fill(0), inRow: 0 };

  it.each([
    ['nothing', undefined, 'it is no object'],
    ['null', null, 'it is no object'],
    ['a text', '{}', 'it is no object'],
    ['an empty object', {}, 'its version is undefined'],
    ['another version', { ...good, version: 2 }, 'its version is 2'],
    ['a state that is none', { ...good, state: 'ajar' }, 'its state is ajar'],
    ['a state of the prototype', { ...good, state: 'toString' }, 'its state is toString'],
    ['a time below zero', { ...good, remainingOpenMs: -1 }, 'its remainingOpenMs is -1'],
    ['a time without end', { ...good, remainingOpenMs: Infinity }, 'its remainingOpenMs is Infinity'],
    ['a time as text', { ...good, openForMs: '5' }, 'its openForMs is 5'],
    ['half an opening', { ...good, openings: 0.5 }, 'its openings is 0.5'],
    ['no window', { ...good, window: undefined }, 'its window is undefined'],
    ['a window that is none', { ...good, window: { kind: 'moon' } }, 'its window is not as it was saved'],
    ['too few counts', { ...good, window: { ...consecutive, counts: [1] } }, 'its window is not as it was saved'],
    [
      'counts below zero',
      { ...good, window: { ...consecutive, counts: Array(9).fill(-1) } },
      'its window is not as it was saved',
    ],
    ['a row that is none', { ...good, window: { ...consecutive, inRow: NaN } }, 'its window is not as it was saved'],
    [
      'calls that are none',
      { ...good, window: { ...consecutive, kind: 'count', calls: '019' } },
      'its window is not as it was saved',
    ],
    [
      'a moment in the future',
      { ...good, window: { kind: 'time', moments: [{ agoMs: -5, counts: consecutive.counts }] } },
      'its window is not',
    ],
    [
      'moments out of order',
      { ...good, window: { kind: 'time', moments: [1, 2].map((agoMs) => ({ agoMs, counts: consecutive.counts })) } },
      'its window is not',
    ],
  ])('%s is refused, and the message says what is wrong', (_what, saved, reason) => {
    expect(() => Breaker.restore(saved as SavedBreaker, { name: 'users' })).toThrow(
      expect.objectContaining({ code: 'BREAKER_SNAPSHOT_INVALID', message: expect.stringContaining(reason) }),
    );
  });

  it('is refused or makes a breaker that works, whatever it is', () => {
    const member = fc.constantFrom('version', 'state', 'remainingOpenMs', 'openings', 'openForMs', 'window');
    fc.assert(
      fc.property(member, fc.anything(), (name, value) => {
        let breaker: Breaker | undefined;
        try {
          breaker = Breaker.restore({ ...good, [name]: value }, OPTIONS);
        } catch (error) {
          expect(error).toMatchObject({ code: 'BREAKER_SNAPSHOT_INVALID' });
        }
        expect(breaker === undefined || breaker.stats.calls >= 0).toBe(true);
      }),
    );
  });
});
