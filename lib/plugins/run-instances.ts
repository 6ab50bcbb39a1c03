import type { FrameworkError } from '../errors/framework-error';
import { type Clock, systemClock } from '../lifetime/clock';
import type { Lifetime } from '../lifetime/lifetime';
import { inDependencyOrder } from './dependency-order';
import { pluginErrors } from './errors';
import type { HookLimits } from './lifecycle';
import type { PluginInstance } from './plugin-instance';
import { withinLimit } from './time-limit';
import { numbered } from './wiring-error';

export interface StopOptions {
  /** Default: the machine's. */
  readonly clock?: Clock;
  /** For each `stop` and `shutdown`, and for work that was cut to come to its end. Default: 10,000. */
  readonly stopTimeoutMs?: number;
  /** For work that was cut, where that is less. Default: `stopTimeoutMs`. */
  readonly busyTimeoutMs?: number;
  /** For all of it together: what comes after that is called, but not waited for. Default: no limit. */
  readonly totalMs?: number;
  /** How long work under way may go on before it is cut, for all instances together. Default: 10,000. */
  readonly drainMs?: number;
}

export interface StartOptions extends StopOptions {
  /** For each `start`. Default: 30,000. */
  readonly startTimeoutMs?: number;
}

const DEFAULT_START_TIMEOUT_MS = 30_000;
const DEFAULT_STOP_TIMEOUT_MS = 10_000;

/**
 * Calls `start` of everything, imports first, independent instances side by side.
 *
 * Fails with: PLUGIN_HOOK_FAILED, PLUGIN_HOOK_TIMEOUT; PLUGIN_START_FAILED when it is more than one. All of
 * `instances` are stopped and shut down then, in reverse.
 */
export async function startInstances(instances: readonly PluginInstance[], options: StartOptions = {}): Promise<void> {
  const limits = { clock: options.clock ?? systemClock, limitMs: options.startTimeoutMs ?? DEFAULT_START_TIMEOUT_MS };
  // What was asked for while initialising was ready then, whatever the plan knows of it.
  const ready = [...instances].sort((a, b) => a.initializedRank - b.initializedRank);
  const errors = await inDependencyOrder(
    ready,
    (it) => it.dependencies,
    (it) => it.start(limits),
  );
  if (errors.length === 0) return;
  await stopInstances(instances, { drainMs: 0, ...options }).catch((error: unknown) => void errors.push(error));
  throw failTogether(errors, pluginErrors.PLUGIN_START_FAILED);
}

/**
 * Brings instances to their end, the exact reverse of how they began: each, importers first, once the work inside its
 * lifetime has ended; first every `stop`, then every `shutdown`. All are called, whatever fails on the way.
 *
 * In: any part of an application that nothing outside of it imports.
 * Fails with: PLUGIN_HOOK_FAILED, PLUGIN_HOOK_TIMEOUT, PLUGIN_STILL_BUSY; PLUGIN_STOP_FAILED when it is more than one.
 */
export async function stopInstances(instances: readonly PluginInstance[], options: StopOptions = {}): Promise<void> {
  const clock = options.clock ?? systemClock;
  const { stopTimeoutMs = DEFAULT_STOP_TIMEOUT_MS, busyTimeoutMs = stopTimeoutMs, totalMs = Infinity } = options;
  const untilMs = clock.now() + totalMs;
  const within = (limitMs: number): number => Math.round(Math.max(0, Math.min(limitMs, untilMs - clock.now())));
  // Asked for anew by each hook: the later ones have what the earlier ones left.
  const limits: HookLimits = {
    clock,
    get limitMs() {
      return within(stopTimeoutMs);
    },
  };
  const drainUntilMs = clock.now() + (options.drainMs ?? DEFAULT_STOP_TIMEOUT_MS);
  const errors: unknown[] = [];
  const failed = (error: unknown): void => void errors.push(error);
  // Known now: who is stopped lets go of what it depended on.
  const [toStop, toShutDown] = [lastFirst(instances, 'startedRank', 'initializedRank'), lastFirst(instances, 'initializedRank')];
  for (const instance of toStop) {
    const drainMs = Math.max(0, drainUntilMs - clock.now());
    await drain(instance, { clock, drainMs, limitMs: within(busyTimeoutMs) }).catch(failed);
    await instance.stop(limits, failed);
  }
  for (const instance of toShutDown) await instance.shutdown(limits, failed);
  if (errors.length > 0) throw failTogether(errors, pluginErrors.PLUGIN_STOP_FAILED);
}

/**
 * Brings instances to their end that others have taken the place of: all are asked at once to come to it, and have `drainMs` for
 * what they have begun. Whoever holds one of them goes before it.
 *
 * Fails with: as `stopInstances`.
 */
export function retireInstances(instances: readonly PluginInstance[], options: StopOptions = {}): Promise<void> {
  for (const { lifetime } of instances) lifetime.finish();
  return stopInstances(instances, options);
}

/** One error for several; a lone one stays as it is. */
export function failTogether(
  errors: readonly unknown[],
  make: (slots: { count: number; list: string }, options: { cause: unknown }) => FrameworkError,
): unknown {
  if (errors.length === 1) return errors[0];
  const list = numbered(errors.map((it) => (it instanceof Error ? it : new Error(String(it)))));
  return make({ count: errors.length, list }, { cause: new AggregateError(errors) });
}

/**
 * The latest first, but whoever depends on another before it: after a change an importer may be older than what it imports. What
 * never came so far (its rank is infinite) goes before all others.
 */
function lastFirst(instances: readonly PluginInstance[], ...ranks: ('startedRank' | 'initializedRank')[]): PluginInstance[] {
  const latest = [...instances].reverse().sort((a, b) => {
    const telling = ranks.find((rank) => a[rank] !== b[rank]);
    return telling === undefined ? 0 : b[telling] - a[telling];
  });
  const importers = new Map<unknown, PluginInstance[]>();
  for (const it of latest) {
    for (const needed of it.dependencies) importers.set(needed, [...(importers.get(needed) ?? []), it]);
  }
  const ordered = new Set<PluginInstance>();
  const visit = (it: PluginInstance, path: ReadonlySet<PluginInstance>): void => {
    if (ordered.has(it) || path.has(it)) return;
    const below = new Set([...path, it]);
    for (const importer of importers.get(it) ?? []) visit(importer, below);
    ordered.add(it);
  };
  for (const it of latest) visit(it, new Set());
  return [...ordered];
}

/** Waits until the work inside an instance has ended, and cuts it when it takes too long. */
async function drain(
  instance: PluginInstance,
  { clock, limitMs, drainMs }: { clock: Clock; limitMs: number; drainMs: number },
): Promise<void> {
  const { lifetime } = instance;
  const closesWithin = (ms: number): Promise<boolean> => {
    const closed = lifetime.closed.then(() => true);
    return withinLimit(clock, ms, closed, () => false);
  };
  lifetime.finish();
  if (isClosed(lifetime)) return;
  if (!lifetime.ended && drainMs > 0 && (await closesWithin(drainMs))) return;
  lifetime.end('shutdown');
  if (await closesWithin(limitMs)) return;
  // A thousand sockets that were cut in time are told to be closed behind the timer, when the event loop was late.
  await turn();
  await turn();
  if (!isClosed(lifetime)) throw pluginErrors.PLUGIN_STILL_BUSY({ plugin: instance.name, work: workOf(instance), limitMs });
}

/** Asked anew behind each `await`. */
function isClosed({ state }: Lifetime): boolean {
  return state === 'closed';
}

/** One turn of the event loop. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function workOf({ lifetime }: PluginInstance): string {
  const open = [...lifetime.inside()].length;
  return open === 0 ? 'a promise that holds it' : `${open} ${open === 1 ? 'request or task' : 'requests or tasks'} of it`;
}
