import type { FrameworkError } from '../errors/framework-error';
import { routingErrors } from './errors';
import type { RouteEntry } from './route-entry';

/** An entry on its way into the table: what somebody declared is told of when it loses its place, what follows from it is not. */
export interface Candidate<T> extends RouteEntry<T> {
  readonly derived: boolean;
}

/**
 * All entries by who has the first right to a place: declared ones, HEAD from GET, and what yields.
 *
 * In: `withHead`, whether HEAD is to have lines of its own.
 */
export function candidates<T>(entries: readonly RouteEntry<T>[], withHead: boolean): Candidate<T>[] {
  const all: Candidate<T>[] = [];
  for (const yields of [false, true]) {
    const some = entries.filter((entry) => (entry.yields === true) === yields);
    for (const entry of some) all.push(candidate(entry, entry.method, false));
    if (!withHead) continue;
    for (const entry of some) if (isWithHead(entry)) all.push(candidate(entry, 'HEAD', true));
  }
  return all;
}

function candidate<T>({ pattern, target, place, yields }: RouteEntry<T>, method: string, derived: boolean): Candidate<T> {
  return { method, pattern, target, place, yields: yields === true, derived };
}

function isWithHead({ method, withoutHead }: RouteEntry<unknown>): boolean {
  return method === 'GET' && withoutHead !== true;
}

/** Whether HEAD is answered just as GET is: nothing says otherwise of one of them. */
export function isHeadLikeGet(entries: readonly RouteEntry<unknown>[]): boolean {
  return entries.every((entry) => entry.method !== 'HEAD' && (entry.method !== 'GET' || isWithHead(entry)));
}

/** Takes out those that lose their place to an earlier one. Mistakes are added to `mistakes`. */
export function placed<T>(all: readonly Candidate<T>[], mistakes: FrameworkError[]): Candidate<T>[] {
  const seen = new Map<string, Candidate<T>>();
  return all.filter((entry) => {
    const key = `${entry.method} ${shape(entry.pattern)}`;
    const other = seen.get(key);
    if (other === undefined) seen.set(key, entry);
    else if (!standsBack(entry, other)) mistakes.push(duplicate(entry, other));
    return other === undefined;
  });
}

/** Whether an entry may lose its place without a word. Two that answer all methods are told of once. */
function standsBack(entry: Candidate<unknown>, other: Candidate<unknown>): boolean {
  return entry.derived || (entry.yields === true && (other.yields !== true || entry.method !== 'GET'));
}

function duplicate({ method, pattern, place }: Candidate<unknown>, other: Candidate<unknown>): FrameworkError {
  return routingErrors.ROUTE_DUPLICATE({ method, pattern, place, other: other.place, otherPattern: other.pattern });
}

/** Two patterns that differ in nothing but the names of their parameters, or a last slash, answer the same paths. */
function shape(pattern: string): string {
  return pattern.replace(/:[A-Za-z_]\w*/g, ':').replace(/(?<=.)\/$/, '');
}
