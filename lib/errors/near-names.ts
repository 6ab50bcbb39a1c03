import { distance } from 'fastest-levenshtein';

/** How many letters two names differ by, in whatever case; `undefined` when that is too many to be a slip. */
export function slips(wanted: string, candidate: string): number | undefined {
  const steps = distance(wanted.toLowerCase(), candidate.toLowerCase());
  return steps <= Math.floor(wanted.length / 3) ? steps : undefined;
}

/** The names that `wanted` is probably a slip of, the nearest first. */
export function nearNames(wanted: string, names: Iterable<string>): string[] {
  return [...names]
    .flatMap((name) => {
      const steps = slips(wanted, name);
      return steps === undefined ? [] : [{ name, steps }];
    })
    .sort((a, b) => a.steps - b.steps)
    .map(({ name }) => name);
}
