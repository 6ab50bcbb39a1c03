import { setTimeout as pause } from 'node:timers/promises';

const PATIENCE_MS = 25_000;

/** What happens in this process has happened by then. */
const QUICK_TURNS = 20;

/** The longest pause: others need the core more than the next look does. */
const LONGEST_PAUSE_MS = 25;

/**
 * Repeats `check` until it no longer fails: from one turn of the event loop to the next at first, then with pauses that
 * grow. Fails with its last error.
 */
export async function soon<T>(check: () => T | Promise<T>, withinMs = PATIENCE_MS): Promise<T> {
  const untilMs = performance.now() + withinMs;
  for (let turns = 1; ; turns++) {
    try {
      return await check();
    } catch (error) {
      if (performance.now() > untilMs) throw error;
    }
    await shortPause(turns);
  }
}

/** In: how many there were before. The first are a turn of the event loop each. */
export function shortPause(before: number): Promise<void> {
  return before < QUICK_TURNS ? turn() : pause(Math.min(before - QUICK_TURNS + 1, LONGEST_PAUSE_MS));
}

/** One turn of the event loop: what was ready to be read has been read. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Several turns: what two ends of a connection have to tell each other has arrived, as long as nobody waits for a timer. */
export async function turns(count = 20): Promise<void> {
  for (let i = 0; i < count; i++) await turn();
}

export interface Gate<T> {
  readonly promise: Promise<T>;
  open(value: T): void;
  fail(error: unknown): void;
}

/** A promise settled from outside. */
export function gate<T = void>(): Gate<T> {
  let open!: (value: T) => void;
  let fail!: (error: unknown) => void;
  const promise = new Promise<T>((resolve, reject) => {
    open = resolve;
    fail = reject;
  });
  return { promise, open, fail };
}
