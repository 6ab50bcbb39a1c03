/** `Did you mean x?`, or all that is known when nothing is near. */
export function didYouMean(wanted: string, known: readonly string[]): string {
  // Loaded when something is misspelt, and not for every start.
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- see above
  const { nearNames } = require('../errors/near-names') as typeof import('../errors/near-names');
  const [nearest] = nearNames(wanted, known);
  if (nearest !== undefined) return `Did you mean ${nearest}?`;
  return known.length === 0 ? '' : `It knows ${known.join(', ')}.`;
}
