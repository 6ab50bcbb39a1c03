import { createLogger } from '../diagnostics/create-logger';
import { toLogger } from '../diagnostics/to-logger';
import { isFrameworkError } from '../errors/framework-error';
import { isCancellation } from '../lifetime/end-reason';
import type { ModuleImport } from '../plugins/plugin';
import { Application } from './application';
import { assemble } from './assemble';
import type { ApplicationOptions } from './configuration';
import { readEnvironment } from './environment';
import { handOver } from './handed-over';
import { outliveCancellations } from './outlive-cancellations';

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
 * `listening on <url>`, and a graceful end on SIGTERM and SIGINT (exit code 0, also while it starts; a second signal ends
 * it at once, with 130 or 143). What goes wrong at start is written to stderr, exit code 1: the promise only ever resolves.
 * A call that is cut and that nobody waits for does not end the process; any other rejection that nobody handles does.
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
  const logger =
    options.logger === undefined ? createLogger(logLevel === undefined ? {} : { level: logLevel }) : toLogger(options.logger);
  const all = {
    ...{ ...options, logger },
    ...(http2 === undefined ? {} : { http2 }),
    ...(tls === undefined ? {} : { tls }),
    ...(shutdownGraceMs === undefined ? {} : { shutdownGraceMs }),
  };
  outliveCancellations(logger);
  const ending = endOnSignals();
  try {
    const app = new Application(await assemble(module, all, undefined, ending.told));
    const url = await listenOrClose(app, async () => {
      await configure?.(app);
      return app.listen(port, host);
    });
    ending.close(app);
    process.stdout.write(`listening on ${url.origin}\n`);
    return app;
  } catch (error) {
    if (!ending.told.aborted || !isGivenUp(error)) throw error;
    logger.info('stopped before it had started', { reason: ending.told.reason as NodeJS.Signals });
    process.exit(0);
  }
}

/** Whether a start failed by nothing but what was cut in it. */
function isGivenUp(error: unknown): boolean {
  const { cause } = error as { readonly cause?: unknown };
  return cause instanceof AggregateError ? cause.errors.every(isGivenUp) : isCancellation(error);
}

async function listenOrClose(app: Application, listen: () => Promise<URL>): Promise<URL> {
  try {
    return await listen();
  } catch (error) {
    await app.close('it could not listen');
    throw error;
  }
}

/** How a process is told to come to its end. */
interface Ending {
  /** Aborted by the first signal, with its name. */
  readonly told: AbortSignal;
  /** Closes what runs when there is a signal, or was one. */
  close(app: Application): void;
}

/**
 * The first signal ends the application; one that comes while it starts, as soon as it has, or when its start fails by what
 * was given up for it. The second ends the process.
 */
function endOnSignals(): Ending {
  const first = new AbortController();
  const { signal: told } = first;
  let running: Application | undefined;
  const end = (): void => {
    if (!told.aborted || running === undefined) return;
    const app = running;
    app.close(told.reason as NodeJS.Signals).then(
      () => process.exit(0),
      (error: unknown) => {
        app.logger.error('not everything came to its end', { err: error });
        process.exit(0);
      },
    );
  };
  const hear = (signal: NodeJS.Signals): void => {
    if (told.aborted) process.exit(signal === 'SIGINT' ? 130 : 143);
    first.abort(signal);
    end();
  };
  for (const signal of SIGNALS) process.on(signal, hear);
  return {
    told,
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
