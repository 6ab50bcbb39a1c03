import { type Observable, of } from 'rxjs';
import { Breaker, policy } from 'rockstar-web';

// Checked by `tsc --noEmit` alone: what a policy gives is what the function gives, or its fallback.
const breaker = new Breaker({ maxFailures: 5 });

const plain: Promise<number> = policy({ breaker }).call(() => 1);
const awaited: Promise<number> = policy({ breaker }).call(async () => 1);
const either: Promise<number | string> = policy({ fallback: () => 'instead' }).call(() => 1);
const later: Promise<number | string> = policy({ fallback: async () => 'instead' }).call(() => 1);
const value: Promise<number | null> = policy({ fallback: null }).call(async () => 1);
// @ts-expect-error -- the fallback's text may come back
const wrong: Promise<number> = policy({ fallback: () => 'instead' }).call(() => 1);
const observed: Observable<number> = policy({ breaker }).call$(() => of(1));
const observedOr: Observable<number | string> = policy({ fallback: () => of('instead') }).call$(() => of(1));
// @ts-expect-error -- the fallback's text may come
const wrongly: Observable<number> = policy({ fallback: 'instead' }).call$(() => of(1));
const called: Promise<Response> = breaker.call((signal) => fetch('http://localhost', { signal }));
// @ts-expect-error -- there is no such option
policy({ timeout: 5 });
// @ts-expect-error -- a bulkhead has no default for how many
policy({ bulkhead: {} });

export { awaited, called, either, later, observed, observedOr, plain, value, wrong, wrongly };
