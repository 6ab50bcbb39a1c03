import type { Exchange } from '../http/exchange';
import type { ArgumentRooms } from './compile-arguments';
import { compileFilters } from './compile-filters';
import { compileGuards } from './compile-hooks';
import { insideCurrent } from './inside-current';
import type { BeforeStep, RouteDraft } from './route-draft';
import { runSteps } from './run-steps';
import { compileMiddleware } from './use-middleware';

type Run = (exchange: Exchange) => unknown;

/** What compiling the way to a handler asks of the rooms above. */
export interface WalkRooms extends Pick<ArgumentRooms, 'contextOf' | 'resolveHook'> {
  /** Settles who is asking, before any guard. */
  readonly authentication: BeforeStep | undefined;
  /** Whether something behind the controller asks for the current request. */
  readonly needsCurrent: boolean;
}

/**
 * Puts in front of `inner` (arguments and handler) what a request passes before: middleware → authentication → guards,
 * filters around all. Steps that are not there vanish.
 */
export function compileWalk(draft: RouteDraft, rooms: WalkRooms, inner: Run): Run {
  const first = stepsOf(draft, 'authentication');
  if (rooms.authentication !== undefined) first.unshift(rooms.authentication);
  const before = [...first, ...compileGuards(draft, rooms), ...stepsOf(draft, 'guards'), ...stepsOf(draft, 'upgrade')];
  const guarded = before.length === 0 ? inner : (exchange: Exchange) => runSteps(before, 0, exchange, inner);
  const filtered = compileFilters(draft, rooms, compileMiddleware(draft, rooms.needsCurrent, guarded));
  return rooms.needsCurrent ? insideCurrent(filtered) : filtered;
}

/** The steps of a phase before the handler. */
export function stepsOf(draft: RouteDraft, phase: 'authentication' | 'guards' | 'upgrade' | 'push'): BeforeStep[] {
  if (draft.before.length === 0) return [];
  return draft.before.filter((step) => step.phase === phase).map((step) => step.run);
}
