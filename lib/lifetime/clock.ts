/** Cancels a timer; calling it again, or after the timer fired, does nothing. */
export type CancelTimer = () => void;

/** Everything that knows time takes a clock, so that tests set it by hand (`ManualClock` in `rockstar-web/testing`). */
export interface Clock {
  /** Monotonic milliseconds: only differences mean anything, and the wall clock's jumps do not show. */
  now(): number;
  /** Calls `fn` once, `ms` from now. The timer does not keep the process alive. */
  setTimer(fn: () => void, ms: number): CancelTimer;
  /** Milliseconds since 1970, for what is written down or compared with other machines. Default: the machine's. */
  epochMs?(): number;
}

/** Milliseconds since 1970 by this clock. It jumps when the machine's time is set: durations are measured with `now()`. */
export function epochMs(clock: Clock): number {
  return clock.epochMs?.() ?? Date.now();
}

/** The longest delay Node's timers take; a longer one would fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Taken from the global object once: each time, its getter would cost a tenth of reading the clock. */
const { performance } = globalThis;

/** The clock of the machine: `performance.now()` and unreferenced timers. */
export const systemClock: Clock = {
  now: () => performance.now(),
  setTimer: (fn, ms) => startTimer(fn, ms, (timer) => timer.unref()),
};

/**
 * Calls `fn` once, `ms` from now, for what somebody waits for: on the clock of the machine, the process stays alive until
 * then. Where nothing else holds it (a script without a server), it would end in the middle of the wait.
 */
export function setAwaitedTimer(clock: Clock, fn: () => void, ms: number): CancelTimer {
  return clock === systemClock ? startTimer(fn, ms, ignore) : clock.setTimer(fn, ms);
}

function startTimer(fn: () => void, ms: number, started: (timer: NodeJS.Timeout) => unknown): CancelTimer {
  let timer: NodeJS.Timeout;
  const wait = (leftMs: number): void => {
    const isLast = leftMs <= LONGEST_TIMER_MS;
    timer = isLast ? setTimeout(fn, leftMs) : setTimeout(() => wait(leftMs - LONGEST_TIMER_MS), LONGEST_TIMER_MS);
    started(timer);
  };
  wait(ms);
  return () => clearTimeout(timer);
}

function ignore(): void {
  return;
}

/**
 * Keeps the process alive until what comes back is called: while an application starts or stops it may hold no socket,
 * and the clock's timers hold nothing either.
 */
export function stayAwake(): () => void {
  const timer = setInterval(() => undefined, LONGEST_TIMER_MS);
  return () => clearInterval(timer);
}
