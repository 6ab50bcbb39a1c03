import { EventLoopDelay } from '../../lib/resilience/event-loop-delay';
import { LoadShedder, type LoadSheddingOptions } from '../../lib/resilience/load-shedder';
import { ManualClock } from '../../lib/testing/manual-clock';

/** A clock whose timers can be made late. */
class LateClock extends ManualClock {
  lateMs = 0;

  override now(): number {
    return super.now() + this.lateMs;
  }
}

describe('load shedding', () => {
  it('refuses what is more than maxInFlight, until one ends', () => {
    const shedder = new LoadShedder({ maxInFlight: 2, maxEventLoopDelayMs: 0 });
    for (let i = 0; i < 2; i++) {
      expect(shedder.refusal()).toBeUndefined();
      shedder.enter();
    }
    expect(shedder.refusal()).toMatchObject({ code: 'SERVER_OVERLOADED', status: 503, headers: { 'retry-after': '10' } });
    shedder.leave();
    expect(shedder.refusal()).toBeUndefined();
    expect([shedder.inFlight, shedder.refused]).toEqual([1, { event_loop_delay: 0, in_flight: 1 }]);
  });

  it.each([
    [999, undefined],
    [1_000, 'event_loop_delay'],
  ])('with the event loop %d ms late: %p', (delayMs, overload) => {
    const close = jest.fn();
    const shedder = new LoadShedder({}, new ManualClock(), { delayMs, close });
    expect(shedder.overload).toBe(overload);
    expect(shedder.refusal()?.message).toBe(
      overload && 'SERVER_OVERLOADED: The server has too much to do (event_loop_delay) to take on more.',
    );
    shedder.close();
    expect(close).toHaveBeenCalledTimes(1);
  });

  it('says when to come again', () => {
    const shedder = new LoadShedder({ retryAfterMs: 2_001 }, new ManualClock(), { delayMs: 5_000, close: () => undefined });
    expect(shedder.refusal()?.headers).toEqual({ 'retry-after': '3' });
  });

  it('looks at nothing, and has no timer, where both limits are 0', () => {
    const clock = new ManualClock();
    const shedder = new LoadShedder({ maxEventLoopDelayMs: 0, maxInFlight: 0 }, clock);
    for (let i = 0; i < 100_000; i++) shedder.enter();
    expect([shedder.overload, shedder.countsInFlight, clock.pending]).toEqual([undefined, false, 0]);
  });

  it.each<[object, string]>([
    [{ maxInFlight: -1 }, 'Load shedding: maxInFlight is -1'],
    [{ maxEventLoopDelayMs: '1s' }, 'maxEventLoopDelayMs is 1s'],
    [{ retryAfterMs: 0 }, 'retryAfterMs is 0'],
    [{ maxDelay: 5 }, 'maxDelay is 5; it takes no such option'],
  ])('of %j is refused', (options, expected) => {
    expect(() => new LoadShedder(options as LoadSheddingOptions)).toThrow(
      expect.objectContaining({ code: 'BREAKER_OPTION_INVALID', message: expect.stringContaining(expected) }),
    );
  });
});

describe('the delay of the event loop', () => {
  it('is 0 while timers come in time', async () => {
    const clock = new LateClock();
    const delay = new EventLoopDelay(clock);
    await clock.advance(10_000);
    expect(delay.delayMs).toBe(0);
    delay.close();
    expect(clock.pending).toBe(0);
  });

  it('is seen within the turn that takes too long, and forgotten once a timer came in time again', async () => {
    const clock = new LateClock();
    const delay = new EventLoopDelay(clock);
    await clock.advance(50);
    clock.lateMs = 2_000;
    expect(delay.delayMs).toBe(1_950);
    await clock.advance(50);
    expect(delay.delayMs).toBe(2_000);
    await clock.advance(99);
    expect(delay.delayMs).toBe(2_000);
    await clock.advance(1);
    expect(delay.delayMs).toBe(0);
    delay.close();
    expect([delay.delayMs, clock.pending]).toEqual([0, 0]);
  });
});
