import { connect, type Socket } from 'node:net';
import { isFrameworkError } from '../errors/framework-error';
import type { Clock } from '../lifetime/clock';
import { cancelledBecause } from '../lifetime/end-reason';
import { hijackErrors } from './errors';
import type { HijackedConnection } from './hijacked-connection';
import { checkAllowed, type Endpoint, parseTarget, type TunnelAllowList, type TunnelTarget } from './tunnel-target';

/** How a tunnel is made, and how long it lasts. */
export interface TunnelOptions {
  /** Which targets it may lead to (403). Give it where clients have a say in the target: an open proxy is a hole. Default: the target given. */
  readonly allow?: TunnelAllowList;
  /** Milliseconds to connect in (504); 0: as long as the system tries. Default 10 s. */
  readonly connectTimeoutMs?: number;
  /** Milliseconds without a byte in either direction after which both ends are cut; 0: none. Default 5 minutes. */
  readonly idleTimeoutMs?: number;
}

/** What went through a tunnel. */
export interface TunnelReport {
  /** Bytes from the client to the target. */
  readonly sentBytes: number;
  /** Bytes from the target to the client. */
  readonly receivedBytes: number;
  /** Why it is over: both ended their side, one of them was gone, or nothing moved for too long. */
  readonly ended: 'finished' | 'client' | 'target' | 'idle';
}

const CONNECT_TIMEOUT_MS = 10_000;
const IDLE_TIMEOUT_MS = 300_000;

/**
 * Joins a hijacked connection with a TCP connection to `target`: bytes go both ways, at the pace of who reads them, and an
 * end of one side is passed on as that (half-close). The client is told `200 Connection Established` when the target is
 * there, unless it was answered before.
 *
 * In: the target, `host:port` or `{ host, port }`; options, each with a default. Out: what went through, when it is over.
 * Fails with: TUNNEL_TARGET_REFUSED (403), TUNNEL_UNREACHABLE (502), TUNNEL_CONNECT_TIMEOUT (504): let one go on, and the
 * client gets it as the answer; TUNNEL_TARGET_INVALID, TUNNEL_ALLOW_INVALID, TUNNEL_TIME_INVALID; a `CancelledError` when the
 * client leaves before.
 * Ends: when both sides have ended theirs; when one is gone, the other is cut, and can tell that from an end (a reset).
 */
export async function tunnel(
  connection: HijackedConnection,
  target: TunnelTarget,
  options: TunnelOptions = {},
): Promise<TunnelReport> {
  try {
    const endpoint = parseTarget(target);
    checkAllowed(endpoint, options.allow);
    const { connectTimeoutMs = CONNECT_TIMEOUT_MS, idleTimeoutMs = IDLE_TIMEOUT_MS } = options;
    checkTimes({ connectTimeoutMs, idleTimeoutMs });
    const far = await reach(endpoint, connection, connectTimeoutMs);
    if (!connection.isAnswered) connection.accept(200, {}, 'Connection Established');
    return await join(connection, far, idleTimeoutMs);
  } catch (error) {
    if (isFrameworkError(error)) connection.countFailure(error.code);
    throw error;
  }
}

const LONGEST_MS = 2 ** 31 - 1;

function checkTimes(times: Readonly<Record<string, unknown>>): void {
  for (const [option, ms] of Object.entries(times)) {
    if (typeof ms === 'number' && ms >= 0 && ms <= LONGEST_MS) continue;
    throw hijackErrors.TUNNEL_TIME_INVALID({ option, limit: LONGEST_MS, got: String(ms) });
  }
}

/** Connects to the target, for as long as the client waits for it. */
function reach(endpoint: Endpoint, connection: HijackedConnection, timeoutMs: number): Promise<Socket> {
  const { clock } = connection.exchange.host;
  return new Promise((resolve, reject) => {
    const far = connect({ ...endpoint, allowHalfOpen: true, noDelay: true });
    const settle = (settled: () => void): void => {
      cancelTimer();
      connection.off('close', left);
      far.off('connect', reached).off('error', failed);
      settled();
    };
    const giveUp = (error: Error): void =>
      settle(() => {
        far.on('error', ignore).destroy();
        reject(error);
      });
    const reached = (): void => settle(() => resolve(far));
    const failed = (cause: NodeJS.ErrnoException): void =>
      giveUp(
        cause.code === 'ETIMEDOUT'
          ? hijackErrors.TUNNEL_CONNECT_TIMEOUT({}, { cause })
          : hijackErrors.TUNNEL_UNREACHABLE({}, { cause }),
      );
    const left = (): void => giveUp(cancelledBecause('client'));
    const cancelTimer = timeoutMs > 0 ? clock.setTimer(() => giveUp(hijackErrors.TUNNEL_CONNECT_TIMEOUT()), timeoutMs) : ignore;
    far.once('connect', reached).once('error', failed);
    connection.once('close', left);
    if (connection.destroyed) left();
  });
}

/** Pipes both ways. Settles when both connections are closed. */
function join(connection: HijackedConnection, far: Socket, idleTimeoutMs: number): Promise<TunnelReport> {
  const { clock } = connection.exchange.host;
  return new Promise((resolve) => {
    let ended: TunnelReport['ended'] | undefined;
    const cut = (because: TunnelReport['ended']): void => {
      ended ??= because;
      // Neither side may take what was cut for the whole. Node loses a socket that is reset while it is being shut down.
      connection.abort();
      if (far.writableEnded && !far.writableFinished) far.destroy();
      else far.resetAndDestroy();
    };
    const forget = watchIdle(connection, far, { clock, idleTimeoutMs, idle: () => cut('idle') });
    const over = (because: 'client' | 'target', isWhole: boolean): void => {
      if (!isWhole) cut(because);
      if (!connection.destroyed || !far.destroyed) return;
      forget();
      resolve({ sentBytes: far.bytesWritten, receivedBytes: far.bytesRead, ended: ended ?? 'finished' });
    };
    far.on('error', ignore);
    connection.once('close', () => over('client', connection.readableEnded && connection.writableFinished));
    far.once('close', () => over('target', far.readableEnded && far.writableFinished));
    connection.pipe(far);
    far.pipe(connection);
  });
}

interface IdleWatch {
  readonly clock: Clock;
  readonly idleTimeoutMs: number;
  readonly idle: () => void;
}

/** Looks now and then whether bytes moved. Out: ends it. */
function watchIdle(connection: HijackedConnection, far: Socket, { clock, idleTimeoutMs, idle }: IdleWatch): () => void {
  if (idleTimeoutMs <= 0) return ignore;
  const movedBytes = (): number => far.bytesRead + far.bytesWritten - far.writableLength - connection.writableLength;
  let seen = movedBytes();
  let cancel = ignore;
  const look = (): void => {
    const moved = movedBytes();
    if (moved === seen) {
      idle();
      return;
    }
    seen = moved;
    cancel = clock.setTimer(look, idleTimeoutMs);
  };
  cancel = clock.setTimer(look, idleTimeoutMs);
  return () => cancel();
}

function ignore(): void {
  // Its close tells of it.
}
