import { isFrameworkError } from '../errors/framework-error';
import { type Exchange, routeOf } from '../http/exchange';
import { toFailure } from '../http/failure-reply';
import { takeOver, type Takeover } from '../http/takeover';
import type { HttpProtocol } from '../http/target';
import { upgradeOf } from '../http/upgrade';
import { type EndReason, isCancellation } from '../lifetime/end-reason';
import { hijackErrors } from './errors';
import './hijack-parameter';
import { declaredLimit, declaredProtocol } from './hijack-route';
import { HijackedConnection } from './hijacked-connection';

/** Where the numbers of hijacked connections go. */
export interface HijackInstruments {
  opened(route: string, protocol: HttpProtocol): void;
  /** In: why it ended, and how long it was open. */
  closed(route: string, protocol: HttpProtocol, reason: EndReason, durationMs: number): void;
  /** A tunnel that did not come about. In: the code of its failure. */
  tunnelFailed(route: string, code: string): void;
}

/**
 * Takes the connection of an exchange over and gives it to its handler. From then on its lifetime is the connection's, which
 * the handler's end closes.
 *
 * Fails with: HIJACK_LIMIT; see `takeOver`.
 */
export async function hijack(exchange: Exchange, instruments: HijackInstruments): Promise<HijackedConnection> {
  const [asked] = (upgradeOf(exchange) ?? '').split(',', 1);
  const protocol = declaredProtocol(exchange.target.metadata) ?? (asked.trim() || undefined);
  // Who asks twice is told that, whatever else is so.
  const giveBack = exchange.taken === undefined ? declaredLimit(exchange.target.metadata)?.take() : undefined;
  const taking = takeOver(exchange, {
    handlerDone: (failure) => (failure === undefined ? void connection.close() : fail(exchange, connection, failure)),
  });
  if (giveBack !== undefined) taking.catch(giveBack);
  const takeover: Takeover = await taking;
  if (giveBack !== undefined) takeover.lifetime.defer(giveBack);
  const { route } = exchange.target;
  const connection = new HijackedConnection(takeover, protocol, (code) => instruments.tunnelFailed(route, code));
  watch(exchange, takeover, instruments);
  return connection;
}

/** Counts it, from here to its end, whatever that is. */
function watch({ target, host, lifetime }: Exchange, { protocol }: Takeover, instruments: HijackInstruments): void {
  const { route } = target;
  const openedMs = host.clock.now();
  instruments.opened(route, protocol);
  host.logger.debug('hijacked connection opened', { route, protocol });
  lifetime.defer((reason) => {
    const ms = Math.round(host.clock.now() - openedMs);
    instruments.closed(route, protocol, reason, ms);
    host.logger.info('hijacked connection closed', { route, protocol, reason, ms });
  });
}

/** The handler failed. Nobody was answered yet: the client gets a failure, as on any route. */
function fail(exchange: Exchange, connection: HijackedConnection, failure: unknown): void {
  log(exchange, failure);
  void connection.refuse(failure);
}

/** That a client left, or ended its side within what was read, is no failure of the handler's. */
function log(exchange: Exchange, failure: unknown): void {
  const { logger } = exchange.host;
  const code = isFrameworkError(failure) ? failure.code : undefined;
  const fields = { route: routeOf(exchange), code, err: failure };
  if (code?.startsWith('TUNNEL_') === true) logger.warn('a tunnel did not come about', fields);
  else if (code === hijackErrors.CONNECTION_TIMEOUT.code) logger.info('timeout of a hijacked connection', fields);
  else if (isCancellation(failure) || code === hijackErrors.HIJACK_INPUT_ENDED.code || (toFailure(failure).status ?? 500) < 500) {
    logger.debug('a hijacked connection was given up', fields);
  } else {
    logger.error('the handler of a hijacked connection failed', fields);
  }
}
