import type { Clock } from '../lifetime/clock';
import { reasonOf } from './describe';
import { pluginErrors } from './errors';
import { isPromiseLike, withinLimit } from './time-limit';

/** Called once everything it needs has been initialised, before anything that needs it is constructed. May be asynchronous. */
export interface OnInitialize<Context = unknown> {
  initialize(context: Context): unknown;
}

/** Called once everything is initialised: begin to work. May be asynchronous. */
export interface OnStart<Context = unknown> {
  start(context: Context): unknown;
}

/** Called when all work that used it has ended, importers first: stop working. May be asynchronous. */
export interface OnStop<Context = unknown> {
  stop(context: Context): unknown;
}

/** Called when everything has stopped, importers first: give back what is held. May be asynchronous. */
export interface OnShutdown<Context = unknown> {
  shutdown(context: Context): unknown;
}

/** The hooks that a provider, a controller or the class of a module may have. */
export interface LifecycleHooks<Context = unknown>
  extends Partial<OnInitialize<Context>>, Partial<OnStart<Context>>, Partial<OnStop<Context>>, Partial<OnShutdown<Context>> {}

export type HookName = keyof LifecycleHooks;

/** Something that was made and may have hooks, with the name messages call it by. */
export interface Made {
  readonly name: string;
  readonly value: object;
}

/** Whose hooks they are. */
export interface HookOwner {
  readonly name: string;
  readonly context: unknown;
}

export interface HookLimits {
  readonly clock: Clock;
  readonly limitMs: number;
}

/**
 * Calls a hook, if there is one.
 *
 * Out: a promise when there is something to wait for; a synchronous hook is over when this returns.
 * Fails with: PLUGIN_HOOK_FAILED, PLUGIN_HOOK_TIMEOUT.
 */
export function callHook(
  owner: HookOwner,
  made: Made,
  hook: HookName,
  { clock, limitMs }: HookLimits,
): Promise<unknown> | undefined {
  const method = hookOf(made, hook);
  if (method === undefined) return undefined;
  const names = { plugin: owner.name, hook, class: made.name };
  const failed = (error: unknown): never => {
    throw pluginErrors.PLUGIN_HOOK_FAILED({ ...names, reason: reasonOf(error) }, { cause: error });
  };
  let work: unknown;
  try {
    work = method.call(made.value, owner.context);
  } catch (error) {
    failed(error);
  }
  if (!isPromiseLike(work)) return undefined;
  return withinLimit<unknown>(clock, limitMs, work.then(undefined, failed), () => {
    throw pluginErrors.PLUGIN_HOOK_TIMEOUT({ ...names, limitMs });
  });
}

/** The hook of that name, if it has one. */
export function hookOf(made: Made, hook: HookName): ((context: unknown) => unknown) | undefined {
  const method = (made.value as LifecycleHooks)[hook];
  return typeof method === 'function' ? method : undefined;
}
