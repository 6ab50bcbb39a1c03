import { stayAwake } from '../lifetime/clock';
import { stopInstances } from '../plugins/run-instances';
import { withinLimit } from '../plugins/time-limit';
import type { Assembly } from './assemble';

const DEFAULT_GRACE_MS = 5_000;

/** Of the grace time, what is kept for each hook, for work that was cut to come to its end, and for closing connections. */
const SHARE_FOR_STOPPING = 0.2;
const SHARE_FOR_BUSY = 0.05;
const SHARE_FOR_CONNECTIONS = 0.05;
const LEAST_MS = 50;

/** Ends an application within the grace time: asks, waits, cuts, stops, closes. Settles when nothing of it is left. */
export async function closeAssembly(assembly: Assembly, reason: string): Promise<void> {
  const release = stayAwake();
  try {
    await close(assembly, reason);
  } finally {
    release();
  }
}

async function close(assembly: Assembly, reason: string): Promise<void> {
  const { options, clock, logger, health, lifetime, server, plugins } = assembly;
  const graceMs = options.shutdownGraceMs ?? DEFAULT_GRACE_MS;
  const limits = {
    drainMs: graceMs * (1 - SHARE_FOR_STOPPING),
    busyTimeoutMs: Math.max(LEAST_MS, graceMs * SHARE_FOR_BUSY),
    stopTimeoutMs: Math.max(LEAST_MS, graceMs * SHARE_FOR_STOPPING),
    totalMs: Math.max(LEAST_MS, graceMs * (1 - SHARE_FOR_CONNECTIONS)),
  };
  const startedMs = clock.now();
  logger.info('stopping', { reason });
  health.stopping();
  server.drain();
  const changed = plugins.close();
  // Whoever asks how it goes is answered until the last plugin has stopped.
  const release = lifetime.hold();
  // Everything hears of it at once; the plugins then end one by one, importers first.
  lifetime.finish();
  try {
    // What a change is just making is not stopped half-way; one that takes too long fails, and stops what it made.
    await withinLimit(clock, limits.drainMs, changed, () => undefined);
    await stopInstances(plugins.all, { clock, ...limits });
  } finally {
    release();
    lifetime.end('shutdown');
    await withinLimit(clock, LEAST_MS, plugins.retired(), () => undefined);
    await closeServer(assembly, Math.max(LEAST_MS, graceMs - (clock.now() - startedMs)));
    await assembly.close();
    logger.info('stopped', { ms: Math.round(clock.now() - startedMs) });
  }
}

/** Answers that are still being written may get through; what does not in time is cut. */
async function closeServer({ server, clock }: Assembly, limitMs: number): Promise<void> {
  const cancel = clock.setTimer(() => server.destroyConnections(), limitMs);
  await server.closeConnections();
  cancel();
}
