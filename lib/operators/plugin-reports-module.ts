import type { Observable } from 'rxjs';
import { Controller } from '../controllers/controller';
import { createRouteParameter } from '../controllers/parameter';
import { Get, Header, Sse } from '../controllers/route';
import type { RouteDecorator } from '../controllers/route-draft';
import type { ServerEvent } from '../http/chunk-format';
import { rx } from '../lifetime/observable';
import type { ConcreteClass } from '../metadata/slot';
import { type DynamicModule, Module } from '../plugins/plugin';
import { ServiceRegistry } from '../plugins/service-registry';
import { decorated } from './decorated';
import { operatorsErrors } from './errors';

/** How the list of plugins and services is mounted. */
export interface PluginReportsOptions {
  /** What lets in who may read it: `[Authorize('plugins', 'read')]`, `[UseGuards(OperatorsOnly)]`; `[]`: everybody may. */
  readonly read: readonly RouteDecorator[];
  /** What stands before `/services` and `/plugins`. Default `/api`. */
  readonly path?: string;
}

/** Until when a listener is served. */
const Finishing = createRouteParameter<Observable<void>, { readonly finishing$: Observable<void> }>(
  (_, { finishing$ }) => finishing$,
);

/**
 * What runs in an application, as descriptions, never the things themselves: `GET /api/services` (each with its health, as it
 * says itself), `GET /api/plugins` (in the order they were started, with what they depend on) and `GET /api/services/events`
 * (server-sent events: a service that came or went).
 *
 * Import it: `imports: [PluginReportsModule.forRoot({ read: [Authorize('plugins', 'read')] })]`.
 */
@Module()
export class PluginReportsModule {
  /** Fails with: OPERATORS_READERS_UNKNOWN, where nothing says who may read it. */
  static forRoot({ read, path = '/api' }: PluginReportsOptions): DynamicModule {
    if (!Array.isArray(read)) throw operatorsErrors.OPERATORS_READERS_UNKNOWN({ module: 'PluginReportsModule' });
    return { module: PluginReportsModule, controllers: [decorated(reports(path), read)] };
  }
}

function reports(path: string): ConcreteClass {
  @Controller(path)
  class PluginReports {
    constructor(readonly registry: ServiceRegistry) {}

    @Get('/services')
    @Header('cache-control', 'no-store')
    services() {
      return this.registry.report();
    }

    @Sse('/services/events')
    events(@Finishing() finishing$: Observable<void>) {
      const { map, takeUntil } = rx();
      return this.registry.changes$.pipe(
        // Who listens has nothing to finish when the application stops.
        takeUntil(finishing$),
        map(({ kind, service }): ServerEvent => ({ event: kind, data: service })),
      );
    }

    @Get('/plugins')
    @Header('cache-control', 'no-store')
    plugins() {
      return this.registry.plugins();
    }
  }
  return PluginReports;
}
