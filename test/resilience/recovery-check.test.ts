import { setImmediate as turn } from 'node:timers/promises';
import { Breakers } from '../../lib/resilience/breakers';
import { ManualClock } from '../../lib/testing/manual-clock';

const options = { maxFailures: 1, resetTimeoutMs: 60_000, halfOpenMax: 2 };

function world(answer: () => unknown) {
  const clock = new ManualClock();
  const falseAlarms: (string | undefined)[] = [];
  const observe = () => ({
    counted: () => undefined,
    changed: () => undefined,
    falseAlarm: (key: string | undefined) => void falseAlarms.push(key),
  });
  const breakers = new Breakers({ clock, configurations: { api: options }, observe });
  let asked = 0;
  const stop = breakers.checkRecovery('api', () => (asked++, answer()), { intervalMs: 1_000, timeoutMs: 100 });
  const breaker = breakers.get('api');
  const fail = async (): Promise<void> => {
    await breaker.call(() => Promise.reject(new Error('no'))).catch(() => undefined);
    for (let i = 0; i < 5; i++) await turn();
  };
  const pass = async (ms: number): Promise<void> => {
    await clock.advance(ms);
    for (let i = 0; i < 5; i++) await turn();
  };
  return { breakers, breaker, fail, pass, stop, falseAlarms, asked: () => asked };
}

describe('an active health check', () => {
  it('asks nothing while all is well, shortens the open time, and confirms the recovery', async () => {
    let works = false;
    const { breaker, fail, pass, stop, falseAlarms, asked } = world(() => works);
    await pass(10_000);
    expect(asked()).toBe(0);
    await fail();
    expect([breaker.state, asked(), falseAlarms]).toEqual(['open', 1, []]);
    works = true;
    await pass(1_000);
    expect(breaker.state).toBe('half-open');
    await pass(1_000);
    expect(breaker.state).toBe('closed');
    const before = asked();
    await pass(10_000);
    expect(asked()).toBe(before);
    stop();
  });

  it.each([
    ['says no', () => false],
    ['fails', () => Promise.reject(new Error('down'))],
    ['does not answer', () => new Promise(() => undefined)],
  ])('that %s opens nothing, and keeps no trial from being made', async (_how, answer) => {
    const { breakers, breaker, fail, pass, stop } = world(answer);
    await fail();
    for (let i = 0; i < 62; i++) await pass(1_000);
    expect(breaker.state).toBe('half-open');
    for (let i = 0; i < 2; i++) await breaker.call(() => 1);
    expect(breaker.state).toBe('closed');
    stop();
    breakers.close();
  });

  it('tells of a false alarm, and leaves the breaker open then', async () => {
    const { breaker, fail, falseAlarms, stop } = world(() => true);
    await fail();
    expect([breaker.state, falseAlarms]).toEqual(['open', [undefined]]);
    stop();
  });
});
