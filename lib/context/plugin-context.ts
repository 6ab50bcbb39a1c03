import type { Logger } from '../diagnostics/logger';
import type { Health } from '../metrics/health';
import type { Metrics } from '../metrics/metrics';

/** What the lifecycle hooks of a plugin are given: `initialize(context)`, `start`, `stop`, `shutdown`. */
export class PluginContext {
  /** @internal */
  constructor(
    /** The plugin's name, or the name of the module's class. */
    readonly name: string,
    /** Of a plugin; undefined for a plain module. */
    readonly version: string | undefined,
    /** Writes lines that carry the plugin's name. */
    readonly logger: Logger,
    readonly metrics: Metrics,
    readonly health: Health,
  ) {}
}
