import type { Lifetime } from './lifetime';

/**
 * What work waits for, as the subject of a child lifetime: whoever looks at the work around it can say so.
 *
 * Made once for each kind: `const QUERY = new WaitsFor('query')`, then `lifetime.open(QUERY)` for each query, which is
 * ended when the query is over.
 */
export class WaitsFor {
  /** In: one word, e.g. `query`, `upstream`, `client`. */
  constructor(readonly what: string) {}
}

/** What the work of `lifetime` waits for: the newest and innermost thing opened in it that says so and is not closed. */
export function waitIn(lifetime: Lifetime): string | undefined {
  for (const inside of lifetime.inside()) {
    const { subject } = inside;
    const what = waitIn(inside) ?? (subject instanceof WaitsFor ? subject.what : undefined);
    if (what !== undefined) return what;
  }
  return undefined;
}
