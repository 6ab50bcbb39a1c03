import fc from 'fast-check';

/**
 * How many rounds a property has, and where its values come from: always the same in an ordinary run. By hand,
 * `FUZZ_RUNS=100000 npx jest test/abuse` has as many as are wanted, of other values each time, or of `FUZZ_SEED`.
 */
export function fuzzed(seed: number, runs: number): fc.Parameters<never> & { readonly seed: number; readonly numRuns: number } {
  const asked = Number(process.env.FUZZ_RUNS ?? 0);
  if (!(asked > 0)) return { seed, numRuns: runs };
  return { seed: Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31), numRuns: asked };
}

/** The time a test of so many rounds may take, in milliseconds. */
export const FUZZ_TIMEOUT_MS = Number(process.env.FUZZ_RUNS ?? 0) > 0 ? 24 * 3_600_000 : 60_000;
