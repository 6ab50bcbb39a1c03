import type { InjectionKey } from './service-token';
import type { MethodName } from './service-contract';
import type { ServiceRef } from './service-ref';

/** What a service says of its health, as health checks do. */
export type ServiceHealthAnswer =
  'up' | 'degraded' | 'down' | { readonly status: 'up' | 'degraded' | 'down'; readonly detail?: unknown };

/** Asks a service how it is: a function, or the name of its method. The signal is aborted when the answer takes too long. */
export type ServiceHealth<T> =
  ((service: T, signal: AbortSignal) => ServiceHealthAnswer | Promise<ServiceHealthAnswer>) | MethodName<T>;

/** What an exported service says of itself. */
export interface ServiceOptions<T = unknown> {
  /** Of what it offers, by which importers choose. Default: the plugin's. */
  readonly version?: string;
  readonly description?: string;
  /** How it is, asked at most once a second and for at most two: shown by `/health/ready` and in the registry. Default: nobody asks. */
  readonly health?: ServiceHealth<T>;
  /** Whether the application is `down` when this is; else it is `degraded`. Default `false`. */
  readonly required?: boolean;
  /** How long its methods take at most, in milliseconds: a promise that takes longer is rejected (SERVICE_TIMEOUT). Default: no limit. */
  readonly timeoutMs?: number;
  /** Whether its calls are timed (`service.call.duration`). Default `false`: a call costs what it costs. */
  readonly measured?: boolean;
}

/** An entry of `exports` that offers a service to all plugins. Made by `exportService`. */
export class ServiceExport {
  /** @internal Use `exportService`. */
  constructor(
    readonly ref: ServiceRef,
    readonly key: InjectionKey,
    readonly options: ServiceOptions<never>,
  ) {}
}

/**
 * Offers what a plugin provides as a service: `exports: [exportService(AUTH, Auth, { version: '2.1.0' })]`. Any plugin of the
 * application may import it, whichever module it is in; what importers get is the provided instance itself.
 *
 * In: the service's name; the class or token it is provided under, made once and not for each request; what it says of itself.
 * Fails with: nothing here; what is wrong is found with everything else when the application is assembled.
 */
export function exportService<T, Made extends T = T>(
  ref: ServiceRef<T>,
  key: InjectionKey<Made>,
  options: ServiceOptions<NoInfer<Made>> = {},
): ServiceExport {
  return new ServiceExport(ref, key, options as unknown as ServiceOptions<never>);
}
