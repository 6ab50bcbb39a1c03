import type { Duplex } from 'node:stream';
import type { Logger } from '../diagnostics/logger';
import type { FrameworkError } from '../errors/framework-error';
import { closeLingering, closeSoftly } from './close-softly';
import type { Connection } from './connection';
import { httpErrors } from './errors';
import { rawFailure } from './failure-reply';
import type { HttpLimits } from './limits';
import type { RouteInstruments } from './target';

/** What Node's parser adds to its errors. */
interface ParseError extends NodeJS.ErrnoException {
  readonly rawPacket?: Buffer;
}

/**
 * Answers a connection whose bytes the parser refused, or whose request did not come in time: what is under way on it
 * is answered first, then the failure is sent and the connection closed.
 */
export function answerBrokenInput(
  connection: Connection,
  error: NodeJS.ErrnoException,
  limits: HttpLimits,
  logger: Logger,
  instruments: RouteInstruments,
): void {
  const { socket } = connection;
  if (connection.gone || connection.broken) return;
  if (error.code === 'ECONNRESET' || error.code === 'EPIPE') {
    socket.destroy();
    return;
  }
  if (error.code === 'HPE_PAUSED') {
    feedAgain(socket, (error as ParseError).rawPacket);
    return;
  }
  // Its last answer is on its way, and the connection closes behind it: what comes now is nobody's.
  if (!socket.writable || error.code === 'HPE_CLOSED_CONNECTION') return;
  const isWithinBody = connection.lastResponse?.req.complete === false;
  if (isWithinBody && error.code === 'HPE_INVALID_EOF_STATE') {
    // A client that left within a body: who waits for that hears of it by the end of the connection, which is told next.
    closeSoftly(socket);
    return;
  }
  connection.broken = true;
  const failure = failureFor(error, limits);
  // Whoever reads the body tells of it when it answers, and what was refused was told already.
  if (connection.stopDropping !== undefined) connection.stopDropping();
  else if (!connection.inputBroken(failure)) {
    logger.debug('a connection sent what is not HTTP', { code: failure.code, reason: error.code });
  }
  connection.whenAnswered(() => {
    if (!socket.writable) return;
    // A request that broke off within its body has its answer, or gets it: one more would be taken for that of another.
    if (!isWithinBody) instruments.record(failure.status ?? 400, 0, connection.protocol);
    closeLingering(socket, isWithinBody ? undefined : rawFailure(failure));
  });
}

/**
 * While many pipelined answers wait, Node pauses its parser; on Node 20 a TLS connection feeds it all the same, and nothing
 * is wrong with these bytes. They are put back, and from now on they come through the stream, which knows of pausing.
 */
function feedAgain(socket: Duplex, bytes: Buffer | undefined): void {
  // Node takes its parser off the connection's handle when somebody else listens.
  socket.on('data', ignore).off('data', ignore);
  if (bytes !== undefined) socket.unshift(bytes);
}

function ignore(): void {
  // See where it is attached.
}

function failureFor(error: NodeJS.ErrnoException, limits: HttpLimits): FrameworkError {
  switch (error.code) {
    case 'HPE_HEADER_OVERFLOW':
      return httpErrors.REQUEST_HEADERS_TOO_LARGE({ limit: limits.headerLimitBytes });
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return httpErrors.BODY_TOO_LARGE({ limit: limits.bodyLimitBytes });
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return httpErrors.REQUEST_TIMEOUT();
    default:
      return httpErrors.REQUEST_MALFORMED();
  }
}
