import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { systemClock } from '../../lib/lifetime/clock';

const DAY_MS = 86_400_000;

describe('the clock of the machine', () => {
  afterEach(() => jest.useRealTimers());

  it('never goes back', () => {
    const readings = Array.from({ length: 1000 }, () => systemClock.now());
    expect(readings.toSorted((one, other) => one - other)).toEqual(readings);
  });

  it('calls once, and not at all when cancelled', () => {
    jest.useFakeTimers();
    let calls = 0;
    const cancelFired = systemClock.setTimer(() => calls++, 10);
    const cancel = systemClock.setTimer(() => (calls += 100), 10);
    cancel();
    cancel();
    jest.advanceTimersByTime(9);
    expect(calls).toBe(0);
    jest.advanceTimersByTime(100);
    expect(calls).toBe(1);
    cancelFired();
    expect(jest.getTimerCount()).toBe(0);
  });

  it("waits longer than Node's timers can", () => {
    jest.useFakeTimers();
    let calls = 0;
    systemClock.setTimer(() => calls++, 60 * DAY_MS);
    const cancelled = systemClock.setTimer(() => (calls += 100), 60 * DAY_MS);
    const never = systemClock.setTimer(() => (calls += 1000), Infinity);
    jest.advanceTimersByTime(30 * DAY_MS);
    cancelled();
    jest.advanceTimersByTime(30 * DAY_MS - 1);
    expect(calls).toBe(0);
    jest.advanceTimersByTime(1);
    expect(calls).toBe(1);
    jest.advanceTimersByTime(60 * DAY_MS);
    expect(calls).toBe(1);
    never();
    expect(jest.getTimerCount()).toBe(0);
  });

  it('does not keep the process alive', () => {
    const program = `require('./lib/lifetime/clock').systemClock.setTimer(() => console.log('fired'), 5000)`;
    const { status, stdout } = spawnSync(process.execPath, ['-r', 'ts-node/register/transpile-only', '-e', program], {
      cwd: join(__dirname, '../..'),
      encoding: 'utf8',
    });
    expect({ status, stdout }).toEqual({ status: 0, stdout: '' });
  });
});
