import { createLogger } from '../diagnostics/create-logger';
import { isFrameworkError } from '../errors/framework-error';
import type { ModuleImport } from '../plugins/plugin';
import { type Application, createApp } from './application';
import type { ApplicationOptions } from './configuration';
import { readEnvironment } from './environment';
import { handOver } from './handed-over';

/** Options of `serve`: those of `createApp`, and the port when the environment names none. */
export interface ServeOptions extends ApplicationOptions {
  /** Default 3000; the environment's PORT wins. 0: any free one. */
  readonly port?: number;
  /** Called with the application before it listens, and waited for: the place for `app.use(…)`. */
  readonly configure?: (app: Application) => unknown;
}

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/**
 * Runs an application as a process: `createApp`, configuration from the environment (HOST, PORT, HTTP2, TLS, TLS_KEY,
 * TLS_CERT, SHUTDOWN_GRACE_MS, LOG_LEVEL: they win over the options), `listen`, a line on stdout that ends with
 * `listening on <url>`, and a graceful end on SIGTERM and SIGINT (exit code 0; a second signal ends it at once, with 130
 * or 143). What goes wrong at start is written to stderr, exit code 1: the promise only ever resolves.
 */
export async function serve(module: ModuleImport, options: ServeOptions = {}): Promise<Application> {
  try {
    return await start(module, options);
  } catch (error) {
    // Whatever a plugin left open does not keep a failed start alive, and nobody is told of it twice.
    process.stderr.write(`${explain(error)}\n`, () => process.exit(1));
    return new Promise(() => undefined);
  }
}

async function start(
  module: ModuleImport,
  { port: defaultPort = 3000, configure, ...options }: ServeOptions,
): Promise<Application> {
  const taken = handOver(module, options);
  if (taken !== undefined) return taken;
  const environment = readEnvironment(process.env, defaultPort);
  const { host, port, http2, tls, shutdownGraceMs, logLevel } = environment;
  const ending = endOnSignals();
  const app = await createApp(module, {
    ...options,
    ...(options.logger === undefined ? { logger: createLogger(logLevel === undefined ? {} : { level: logLevel }) } : {}),
    ...(http2 === undefined ? {} : { http2 }),
    ...(tls === undefined ? {} : { tls }),
    ...(shutdownGraceMs === undefined ? {} : { shutdownGraceMs }),
  });
  const url = await listenOrClose(app, async () => {
    await configure?.(app);
    return app.listen(port, host);
  });
  ending.close(app);
  process.stdout.write(`listening on ${url.origin}\n`);
  return app;
}

async function listenOrClose(app: Application, listen: () => Promise<URL>): Promise<URL> {
  try {
    return await listen();
  } catch (error) {
    await app.close('it could not listen');
    throw error;
  }
}

/** The first signal ends the application; one that comes while it starts, as soon as it has. The second ends the process. */
function endOnSignals(): { close(app: Application): void } {
  let first: NodeJS.Signals | undefined;
  let running: Application | undefined;
  const end = (): void => {
    if (first === undefined || running === undefined) return;
    const app = running;
    app.close(first).then(
      () => process.exit(0),
      (error: unknown) => {
        app.logger.error('not everything came to its end', { err: error });
        process.exit(0);
      },
    );
  };
  const hear = (signal: NodeJS.Signals): void => {
    if (first !== undefined) process.exit(signal === 'SIGINT' ? 130 : 143);
    first = signal;
    end();
  };
  for (const signal of SIGNALS) process.on(signal, hear);
  return {
    close(app) {
      running = app;
      end();
    },
  };
}

/** What a developer sees when the start fails: the mistakes themselves; a stack only for what is no mistake of wiring. */
function explain(error: unknown): string {
  if (isFrameworkError(error)) {
    const { cause } = error;
    return cause instanceof Error ? `${error.message}\nCaused by: ${cause.stack ?? cause.message}` : error.message;
  }
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
