import type { Lifetime } from '../lifetime/lifetime';
import { describe } from './describe';
import { pluginErrors } from './errors';
import { type MissingService, notExported, notLoaded, notReady, notWithin } from './missing-service';
import type { PlannedModule } from './plugin-plan';
import type { ServiceHealthAnswer } from './service-export';
import type { ServiceRequest } from './service-import';
import { isServiceRef } from './service-ref';
import { isRange, newestFirst, within } from './version';

/** Whose services they are. */
export interface ServiceOwner {
  readonly module: PlannedModule;
  readonly name: string;
  readonly state: string;
  readonly lifetime: Lifetime;
  readonly offered: Iterable<RunningService>;
}

/** A service that is there. */
export interface RunningService {
  readonly owner: ServiceOwner;
  readonly plugin: string;
  readonly pluginVersion: string;
  readonly service: string;
  readonly version: string;
  readonly description: string | undefined;
  readonly timeoutMs: number | undefined;
  readonly required: boolean;
  /** Asks it how it is, if it says how. */
  readonly health: ((signal: AbortSignal) => ServiceHealthAnswer | Promise<ServiceHealthAnswer>) | undefined;
  readonly instance: unknown;
}

export type LookUp = { readonly found: RunningService } | { readonly missing: MissingService };

/** The services of the plugins that run together, as they are asked for while they do; what was found is remembered. */
export class RunningServices {
  readonly #owners: () => Iterable<ServiceOwner>;
  /** Those that are planned, ready or not. */
  readonly #planned: readonly PlannedModule[];
  readonly #known = new Map<string, RunningService>();

  constructor(planned: readonly PlannedModule[], owners: () => Iterable<ServiceOwner>) {
    this.#planned = planned;
    this.#owners = owners;
  }

  /** Looks for the newest within the range. Fails with: SERVICE_REF_MISSING, SERVICE_IMPORT_INVALID, SERVICE_RANGE_INVALID. */
  find({ ref, range, strange }: Pick<ServiceRequest, 'ref' | 'range' | 'strange'>, who: string): LookUp {
    if (!isServiceRef(ref)) throw pluginErrors.SERVICE_REF_MISSING({ who, got: describe(ref) });
    if (strange !== undefined) throw pluginErrors.SERVICE_IMPORT_INVALID({ asks: who, got: describe(strange) });
    const key = `${ref.plugin} ${ref.service} ${range}`;
    const known = this.#known.get(key);
    if (known !== undefined) return { found: known };
    if (!isRange(range)) throw pluginErrors.SERVICE_RANGE_INVALID({ asks: who, got: describe(range) });
    const all = this.#all(ref.plugin);
    const named = all.filter(({ service }) => service === ref.service);
    const ready = named.filter(({ owner }) => owner.state !== 'new');
    const [found] = within(ready, ({ version }) => version, range);
    if (found === undefined) return { missing: this.#explain(ref, range, all, named) };
    this.#known.set(key, found);
    return { found };
  }

  /** What was found may not be the newest any more. */
  changed(): void {
    this.#known.clear();
  }

  #all(plugin: string): RunningService[] {
    return [...this.#owners()]
      .flatMap(({ offered }) => [...offered].filter((it) => it.plugin === plugin))
      .sort((one, other) => newestFirst(one.version, other.version) || newestFirst(one.pluginVersion, other.pluginVersion));
  }

  #explain(
    { plugin, service }: { plugin: string; service: string },
    range: string,
    all: readonly RunningService[],
    named: readonly RunningService[],
  ): MissingService {
    const planned = this.#planned.filter((it) => it.plugin?.name === plugin);
    if (planned.length === 0)
      return notLoaded(plugin, namesOf(this.#planned), 'Import it into the root module, or add it while the application runs.');
    const ready = [...this.#owners()].filter(({ module, state }) => planned.includes(module) && state !== 'new');
    if (ready.length < planned.length) return notReady(plugin, service);
    const versions = named.map(({ version }) => version);
    if (versions.length > 0) return notWithin(`${plugin}.${service}`, range, versions);
    return notExported(
      plugin,
      service,
      all.map((it) => it.service),
      'Export it with exportService(…), there or in initialize.',
    );
  }
}

function namesOf(modules: readonly PlannedModule[]): string[] {
  return modules.flatMap(({ plugin }) => (plugin === undefined ? [] : [plugin.name]));
}
