import type { RouteDraft } from './route-draft';

const NOTES = Symbol('route-notes');

/** What decorators say of a route, by kind: `push`, `breaker`, `authorize`, … */
export type RouteNotes = Readonly<Record<string, readonly string[]>>;

/**
 * Says of a route, for people to read, what a decorator does to it: `rockstar routes` and `inspectApplication` show it
 * beside guards and time-outs. In: the kind, e.g. `breaker`; a short text, e.g. its name.
 */
export function noteRoute({ metadata }: RouteDraft, kind: string, text: string): void {
  const notes = readNotes(metadata);
  metadata.set(NOTES, { ...notes, [kind]: [...(notes[kind] ?? []), text] });
}

/** What was noted of a route. */
export function readNotes(metadata: ReadonlyMap<unknown, unknown>): RouteNotes {
  return (metadata.get(NOTES) as RouteNotes | undefined) ?? {};
}
