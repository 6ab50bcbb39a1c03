import type { ConnectErrorMiddleware, ConnectMiddleware } from '../http/connect-middleware';
import type { Logger } from '../diagnostics/logger';
import type { Undo } from '../lifetime/lifetime';
import type { ModuleImport } from '../plugins/plugin';
import type { Provider } from '../plugins/provider';
import type { ActiveRequests } from '../metrics/active-requests';
import type { Health } from '../metrics/health';
import type { Metrics } from '../metrics/metrics';
import type { Breakers } from '../resilience/breakers';
import { resolveAnywhere } from '../plugins/resolve-anywhere';
import type { InjectionKey } from '../plugins/service-token';
import { assemble, type Assembly } from './assemble';
import type { ApplicationOptions } from './configuration';
import { applicationErrors } from './errors';
import { handOver } from './handed-over';
import { outliveCancellations } from './outlive-cancellations';
import type { Plugins } from './plugins';
import { closeAssembly } from './shutdown';

/** A running application: its plugins are made and started; it answers once it listens. */
export class Application {
  readonly #assembly: Assembly;
  #url: URL | undefined;
  /** Under way, or done. */
  #listening: { readonly address: string; readonly done: Promise<URL> } | undefined;
  #closing: Promise<void> | undefined;
  #endOutliving: Undo | undefined;

  /** @internal Use `createApp`. */
  constructor(assembly: Assembly) {
    this.#assembly = assembly;
  }

  /** The address it listens at; `undefined` while it does not. */
  get url(): URL | undefined {
    return this.#url;
  }

  get metrics(): Metrics {
    return this.#assembly.metrics;
  }

  /** Its plugins: which run, and how they are added, replaced and removed while requests run. */
  get plugins(): Plugins {
    return this.#assembly.pluginsForUsers;
  }

  /** Its circuit breakers, by name and by key. */
  get breakers(): Breakers {
    return this.#assembly.breakers;
  }

  /** What is being worked on, and what was cut short. */
  get requests(): ActiveRequests {
    return this.#assembly.requests;
  }

  get health(): Health {
    return this.#assembly.health;
  }

  get logger(): Logger {
    return this.#assembly.logger;
  }

  /**
   * Puts Connect middleware in front of all routes: it runs before routing, in the order it was given, for paths that no
   * route matches as well. Best called before `listen`; requests that are under way keep what they began with.
   *
   * In: optionally a path below which it runs (there, `request.url` is without it and `request.originalUrl` with it), and
   * functions of `(request, response, next)`; those of `(error, request, response, next)` are error handlers.
   * `/health/live`, `/health/ready` and `/metrics` only meet what is mounted on their path.
   * Fails with: MIDDLEWARE_INVALID, MIDDLEWARE_PATH_INVALID.
   */
  use(...middleware: readonly ConnectMiddleware[]): this;
  use(path: string, ...middleware: readonly ConnectMiddleware[]): this;
  use(...middleware: readonly (ConnectMiddleware | ConnectErrorMiddleware)[]): this;
  use(path: string, ...middleware: readonly (ConnectMiddleware | ConnectErrorMiddleware)[]): this;
  use(...args: readonly unknown[]): this {
    this.#assembly.middleware.use(args);
    return this;
  }

  /**
   * Opens the port. Until it is closed, a call that is cut and that nobody waits for does not end the process; any other
   * rejection that nobody handles does.
   *
   * In: `port` (0: any free one), `host` (default 127.0.0.1; 0.0.0.0 for all addresses of the machine). Out: the address.
   * Fails with: SERVER_LISTEN_FAILED, SERVER_TLS_INVALID, APP_LISTENING, APP_CLOSED.
   */
  async listen(port: number, host = '127.0.0.1'): Promise<URL> {
    if (this.#closing !== undefined) throw applicationErrors.APP_CLOSED();
    if (this.#listening !== undefined) {
      throw applicationErrors.APP_LISTENING({ url: this.#url?.origin ?? this.#listening.address });
    }
    const done = this.#assembly.server.listen(port, host);
    this.#listening = { address: `${host}:${port}`, done };
    let url: URL;
    try {
      url = await done;
    } catch (error) {
      this.#listening = undefined;
      throw error;
    }
    if (this.#isClosing()) throw applicationErrors.APP_CLOSED();
    this.#url = url;
    this.#endOutliving = outliveCancellations(this.logger);
    return url;
  }

  /** Asked anew behind each `await`. */
  #isClosing(): boolean {
    return this.#closing !== undefined;
  }

  /**
   * What the application has under a key: as its root module sees it, else the only one there is in any module.
   *
   * Fails with: DEPENDENCY_UNKNOWN (with near names), DEPENDENCY_AMBIGUOUS, PROVIDER_PER_REQUEST.
   */
  resolve<T>(key: InjectionKey<T>): T {
    return resolveAnywhere(this.#assembly.plugins.current, key);
  }

  /**
   * Ends it gracefully: no new connections, 503 to new requests, requests under way may finish within
   * `shutdownGraceMs` (then they are cut, reason `shutdown`), plugins stop and shut down in reverse. Calling it again
   * waits for the same end.
   *
   * Fails with: PLUGIN_STILL_BUSY, PLUGIN_HOOK_FAILED, PLUGIN_HOOK_TIMEOUT; PLUGIN_STOP_FAILED when it is more than one.
   * All is closed then, too.
   */
  close(reason = 'closed'): Promise<void> {
    this.#closing ??= this.#close(reason);
    return this.#closing;
  }

  async #close(reason: string): Promise<void> {
    try {
      // A port that is just being opened would be opened behind the end.
      await this.#listening?.done.catch(() => undefined);
      await closeAssembly(this.#assembly, reason);
    } finally {
      this.#endOutliving?.();
      this.#url = undefined;
    }
  }
}

/**
 * Puts an application together from its root module and starts its plugins.
 *
 * In: a class with `@Module` or `@Plugin`; options, each with a default. Out: the application, ready to listen.
 * Fails with: a `WiringError` that lists every mistake at once, before any constructor runs (a wrong option is
 * OPTION_UNKNOWN or OPTION_INVALID); PROVIDER_FAILED, PLUGIN_HOOK_FAILED and the like from what plugins do.
 */
export async function createApp(module: ModuleImport, options: ApplicationOptions = {}): Promise<Application> {
  return handOver(module, options) ?? new Application(await assemble(module, options));
}

/** `createApp` with providers replaced, and what tests look into. */
export async function createAssembledApp(
  module: ModuleImport,
  options: ApplicationOptions,
  overrides: ReadonlyMap<InjectionKey, Provider>,
): Promise<{ readonly app: Application; readonly assembly: Assembly }> {
  const assembly = await assemble(module, options, overrides);
  return { app: new Application(assembly), assembly };
}
