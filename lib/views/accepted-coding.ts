/** `name;q=weight`, one of a list. */
const ITEM = /^\s*([^\s;,]+)\s*(?:;\s*q\s*=\s*([\d.]+)\s*)?$/i;

/**
 * The first of `offered` that the client takes (RFC 9110 §12.5.3); the one it weighs most, and of equals the first offered.
 *
 * In: `Accept-Encoding`. Out: `undefined`: as it is, without a coding.
 */
export function acceptedCoding<T extends { readonly coding: string }>(header: string, offered: readonly T[]): T | undefined {
  const weights = readWeights(header);
  const asItIs = weights.get('identity') ?? 0;
  let best: T | undefined;
  let most = 0;
  for (const one of offered) {
    const weight = weights.get(one.coding) ?? weights.get('*') ?? 0;
    if (weight > most && weight >= asItIs) {
      best = one;
      most = weight;
    }
  }
  return best;
}

function readWeights(header: string): Map<string, number> {
  const weights = new Map<string, number>();
  for (const item of header.split(',')) {
    const [, name, weight] = ITEM.exec(item) ?? [];
    if (name !== undefined) weights.set(name.toLowerCase(), weight === undefined ? 1 : Number(weight) || 0);
  }
  return weights;
}
