/** How many letters two names differ by, in whatever case; `undefined` when that is too many to be a slip. */
export function slips(wanted: string, candidate: string): number | undefined {
  const [one, other] = [wanted.toLowerCase(), candidate.toLowerCase()];
  const steps = isSwapped(one, other) ? 1 : distance()(one, other);
  return steps <= Math.floor(wanted.length / 3) ? steps : undefined;
}

function distance(): (one: string, other: string) => number {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- a static import would load it at start
  return (require('fastest-levenshtein') as typeof import('fastest-levenshtein')).distance;
}

/** Whether two neighbours have changed places, which is one slip of the fingers. */
function isSwapped(one: string, other: string): boolean {
  if (one.length !== other.length) return false;
  const at = [...one].findIndex((letter, index) => letter !== other[index]);
  return at !== -1 && one[at] === other[at + 1] && one[at + 1] === other[at] && one.slice(at + 2) === other.slice(at + 2);
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
