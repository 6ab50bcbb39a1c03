const PATIENCE_MS = 3_000;

/** Repeats `check` from one turn of the event loop to the next until it no longer fails. Fails with its last error. */
export async function soon<T>(check: () => T | Promise<T>, withinMs = PATIENCE_MS): Promise<T> {
  const untilMs = performance.now() + withinMs;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (performance.now() > untilMs) throw error;
    }
    await turn();
  }
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
