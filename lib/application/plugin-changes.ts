import type { Logger } from '../diagnostics/logger';
import type { FrameworkError } from '../errors/framework-error';
import type { Clock } from '../lifetime/clock';
import type { BuiltPlugins } from '../plugins/build-instances';
import { reasonOf } from '../plugins/describe';
import { pluginErrors } from '../plugins/errors';
import type { TreeChanges } from '../plugins/module-tree';
import { planAssembly, type PlannedChange, type PlannedState, type PluginChange } from '../plugins/plan-assembly';
import type { ModuleImport } from '../plugins/plugin';
import type { PluginConfigs } from '../plugins/plugin-config';
import type { PlanOptions } from '../plugins/plugin-graph';
import type { PluginInstance } from '../plugins/plugin-instance';
import type { PlannedModule, PluginPlan } from '../plugins/plugin-plan';
import { Redirections } from '../plugins/redirections';
import { retireInstances, startInstances, stopInstances } from '../plugins/run-instances';
import { numbered } from '../plugins/wiring-error';
import { applicationErrors } from './errors';

/** What a change needs of the application around it; `Routes` is what it makes of plugins to answer with. */
export interface ChangeRooms<Routes> {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly startTimeoutMs: number;
  planOptions(configs: PluginConfigs): PlanOptions;
  /** What else is wrong with a plan: its routes, its breakers. */
  mistakesOf(plan: PluginPlan): readonly FrameworkError[];
  build(
    plan: PluginPlan,
    running: readonly PluginInstance[],
    carry: (module: PlannedModule) => PluginInstance | undefined,
  ): Promise<BuiltPlugins>;
  compile(plugins: BuiltPlugins): Routes;
  /** From now on, requests meet these. */
  publish(routes: Routes, plugins: BuiltPlugins): void;
}

/** A change, and what its plugin is configured with. */
export interface WantedChange {
  readonly change: PluginChange;
  /** How messages and the log call it: `Replacing greeting-plugin`. */
  readonly what: string;
  /** By the plugin's `name@version`. */
  readonly config?: { readonly title: string; readonly value: unknown } | undefined;
  /** How long what the old ones have begun may go on. */
  readonly drainMs: number;
}

/** What became of a change. */
export interface ChangeReport {
  /** What was made anew, by `name@version`: what was changed, and those that are given something of it. */
  readonly started: readonly string[];
  /** What has ended, or will as soon as its last request has. */
  readonly ended: readonly string[];
  /** Settles when those have stopped, at the latest `drainMs` from now; it never rejects, failures are in the log. */
  readonly stopped: Promise<void>;
}

/** The plugins an application runs, and how they are exchanged while it serves: one change after the other. */
export class PluginChanges<Routes> {
  readonly #rooms: ChangeRooms<Routes>;
  readonly #root: ModuleImport;
  #configs: PluginConfigs;
  #current: BuiltPlugins;
  #changes: TreeChanges = { added: [], replaced: new Redirections() };
  /** The change under way, or the last one. */
  #last: Promise<unknown> = Promise.resolve();
  #isClosed = false;
  readonly #retiring = new Set<Promise<void>>();
  /** Those that others have taken the place of, or are about to, until they have stopped. */
  readonly #going = new Set<unknown>();

  constructor(root: ModuleImport, first: BuiltPlugins, configs: PluginConfigs, rooms: ChangeRooms<Routes>) {
    this.#root = root;
    this.#current = first;
    this.#configs = configs;
    this.#rooms = rooms;
  }

  /** Those that answer now. */
  get current(): BuiltPlugins {
    return this.#current;
  }

  /** Everything that is not stopped. */
  get all(): readonly PluginInstance[] {
    const here = new Set(this.#current.instances);
    return [...([...this.#going] as PluginInstance[]).filter((it) => !here.has(it)), ...here];
  }

  /** Whether another has taken somebody's place, or is about to. */
  isGoing(owner: unknown): boolean {
    return this.#going.has(owner);
  }

  /** Fails with: PLUGIN_CHANGE_REFUSED, PLUGIN_CHANGE_FAILED, APP_CLOSED, and as `planAssembly`. Nothing is changed then. */
  make(wanted: WantedChange): Promise<ChangeReport> {
    const result = this.#last.then(() => this.#make(wanted));
    this.#last = result.catch(() => undefined);
    return result;
  }

  /** No more changes; settles when the one under way is through. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#last;
  }

  /** Settles when what others have taken the place of has stopped. */
  async retired(): Promise<void> {
    await Promise.all(this.#retiring);
  }

  async #make(wanted: WantedChange): Promise<ChangeReport> {
    if (this.#isClosed) throw applicationErrors.APP_CLOSED();
    const { logger, clock } = this.#rooms;
    const startedMs = clock.now();
    const configs = wanted.config === undefined ? this.#configs : this.#configs.with(wanted.config.title, wanted.config.value);
    const planned = this.#plan(wanted, configs);
    const before = this.#current;
    const carried = this.#carriedInstances(planned);
    const stay = new Set(carried.values());
    const leaving = before.instances.filter((it) => !stay.has(it));
    for (const instance of leaving) this.#going.add(instance);
    let next: BuiltPlugins;
    try {
      next = await this.#exchange(planned, carried);
    } catch (error) {
      for (const instance of leaving) this.#going.delete(instance);
      throw pluginErrors.PLUGIN_CHANGE_FAILED({ what: wanted.what, reason: reasonOf(error) }, { cause: error });
    }
    this.#changes = planned.changes;
    this.#configs = configs;
    const started = next.instances.filter((it) => !stay.has(it)).map(({ name }) => name);
    const ended = leaving.map(({ name }) => name);
    logger.info('plugins changed', { what: wanted.what, started, ended, ms: Math.round(clock.now() - startedMs) });
    return { started, ended, stopped: this.#retire(leaving, wanted.drainMs) };
  }

  #plan({ change, what }: WantedChange, configs: PluginConfigs): PlannedChange {
    const { planned, mistakes } = planAssembly(this.#state(), change, this.#rooms.planOptions(configs));
    const found = planned === undefined ? mistakes : this.#rooms.mistakesOf(planned.plan);
    if (planned === undefined || found.length > 0) {
      throw pluginErrors.PLUGIN_CHANGE_REFUSED({ what, list: numbered(found) }, { cause: new AggregateError(found) });
    }
    return planned;
  }

  #state(): PlannedState {
    const { plan, instances } = this.#current;
    const asked = new Map(instances.map((it) => [it.module, [...it.asked].map(({ module }) => module)]));
    return { root: this.#root, plan, changes: this.#changes, asked };
  }

  #carriedInstances({ carried }: PlannedChange): Map<PlannedModule, PluginInstance> {
    const byModule = new Map(this.#current.instances.map((it) => [it.module, it]));
    return new Map([...carried].flatMap(([now, was]) => (byModule.has(was) ? [[now, byModule.get(was) as PluginInstance]] : [])));
  }

  /** The new ones are there and started before the old ones leave; all that can fail comes before the one step that tells. */
  async #exchange({ plan }: PlannedChange, carried: ReadonlyMap<PlannedModule, PluginInstance>): Promise<BuiltPlugins> {
    const { clock, startTimeoutMs } = this.#rooms;
    const next = await this.#rooms.build(plan, this.#current.instances, (module) => carried.get(module));
    const stay = new Set(carried.values());
    const fresh = next.instances.filter((it) => !stay.has(it));
    await startInstances(fresh, { clock, startTimeoutMs });
    const undo = next.adopt();
    try {
      if (this.#isClosed) throw applicationErrors.APP_CLOSED();
      this.#refuseLatecomers(stay);
      const routes = this.#rooms.compile(next);
      this.#current = next;
      this.#rooms.publish(routes, next);
    } catch (error) {
      undo();
      await stopInstances(fresh, { clock, drainMs: 0 }).catch((failure: unknown) => {
        this.#rooms.logger.error('not everything came to its end', { err: failure });
      });
      throw error;
    }
    next.inherit();
    return next;
  }

  /** Who asked meanwhile for a service of what is leaving was not made anew, and would be left with it. */
  #refuseLatecomers(stay: ReadonlySet<PluginInstance>): void {
    for (const instance of stay) {
      const late = [...instance.asked].find((it) => this.#going.has(it));
      if (late !== undefined) throw applicationErrors.PLUGIN_BUSY({ plugin: instance.name, needed: late.name });
    }
  }

  #retire(leaving: readonly PluginInstance[], drainMs: number): Promise<void> {
    const { clock, logger } = this.#rooms;
    const stopped = retireInstances(leaving, { clock, drainMs }).catch((error: unknown) => {
      logger.error('a plugin that was replaced did not come to its end as it should', { err: error });
    });
    const done = stopped.finally(() => {
      this.#retiring.delete(done);
      for (const instance of leaving) this.#going.delete(instance);
    });
    this.#retiring.add(done);
    return done;
  }
}
