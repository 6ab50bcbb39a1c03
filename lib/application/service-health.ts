import type { Health } from '../metrics/health';
import type { RunningService } from '../plugins/running-services';
import type { ServiceHealthStatus } from '../plugins/service-registry';

/** What services say of their health, as indicators of the application: asked at most once a second, and for at most two. */
export class ServiceHealth {
  readonly #health: Health;
  readonly #names = new Map<RunningService, { readonly name: string; readonly end: () => void }>();

  constructor(health: Health) {
    this.#health = health;
  }

  /** Services went, and others came. */
  update(added: readonly RunningService[], removed: readonly RunningService[]): void {
    for (const service of removed) {
      this.#names.get(service)?.end();
      this.#names.delete(service);
    }
    for (const service of added) {
      const { health, required } = service;
      if (health === undefined) continue;
      const name = indicatorOf(service);
      this.#names.set(service, { name, end: this.#health.register(name, health, { required }) });
    }
  }

  last(service: RunningService): ServiceHealthStatus {
    const known = this.#names.get(service);
    return (known === undefined ? undefined : this.#health.last(known.name)?.status) ?? 'unknown';
  }

  async ask(service: RunningService): Promise<ServiceHealthStatus> {
    const known = this.#names.get(service);
    return (known === undefined ? undefined : (await this.#health.check(known.name))?.status) ?? 'unknown';
  }
}

/** `auth-plugin.auth@2.0.0`, with the plugin's version where that is another. */
function indicatorOf({ plugin, pluginVersion, service, version }: RunningService): string {
  return `${plugin}${pluginVersion === version ? '' : `@${pluginVersion}`}.${service}@${version}`;
}
