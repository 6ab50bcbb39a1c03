/**
 * How many rounds a property has, and where its values come from: always the same in an ordinary run. By hand,
 * `FUZZ_RUNS=100000 npx jest test/abuse/fuzz` has as many as are wanted, of other values each time, or those of `FUZZ_SEED`.
 */
export function fuzzed(
  seed: number,
  runs: number,
): { readonly seed: number; readonly numRuns: number; readonly endOnFailure: true } {
  if (!isByHand) return { seed, numRuns: runs, endOnFailure: true };
  return {
    seed: Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31),
    numRuns: Number(process.env.FUZZ_RUNS),
    endOnFailure: true,
  };
}

const isByHand = Number(process.env.FUZZ_RUNS ?? 0) > 0;

/** The time a test of so many rounds may take, in milliseconds. */
export const FUZZ_TIMEOUT_MS = isByHand ? 24 * 3_600_000 : 120_000;
