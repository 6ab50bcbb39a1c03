import { Breaker } from '../../lib/resilience/breaker';

// What the process says of calls that fail and that nobody awaits, by the name of the case. Run by itself: within the tests'
// sandbox nobody is told.
const cases: Readonly<Record<string, (breaker: Breaker, error: Error) => Promise<unknown>>> = {
  rejected: (breaker, error) => breaker.call(() => Promise.reject(error)),
  thrown: (breaker, error) =>
    breaker.call(() => {
      throw error;
    }),
  cut: (breaker, error) => breaker.call(() => Promise.reject(error), { signal: new AbortController().signal }),
  open: (breaker) => {
    breaker.forceOpen();
    return breaker.call(() => 1);
  },
  awaited: async (breaker, error) => {
    try {
      await breaker.call(() => Promise.reject(error));
    } catch {
      // As it should be.
    }
  },
};

process.on('unhandledRejection', (reason) => process.stdout.write(`${(reason as Error).message}\n`));
for (const [name, run] of Object.entries(cases)) void run(new Breaker({ name }), new Error(name));
