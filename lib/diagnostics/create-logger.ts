import type { DestinationStream } from 'pino';
import { diagnosticsErrors } from './errors';
import { type Logger, LOG_LEVELS, type LogLevel, silentLogger } from './logger';
import { escapeJsonLine, escapeRecord } from './safe-text';
import { type LogSink, SinkLogger } from './sink-logger';

/** Takes finished lines, each with its newline. `process.stdout` is one. */
export interface LogDestination {
  write(line: string): unknown;
}

/** How log lines are written: from which level on, where to, and whether for people. */
export interface CreateLoggerOptions {
  /** Lines below it are not written; `silent` writes none. Default: `info`. */
  readonly level?: LogLevel | 'silent';
  /** Default: stderr, written synchronously, so that the last words before an exit arrive. */
  readonly destination?: LogDestination;
  /** Lines for people instead of JSON. Default: when the destination is stderr and a terminal. */
  readonly pretty?: boolean;
}

type Pino = typeof import('pino');
type PinoPretty = typeof import('pino-pretty');

const RANKS = Object.fromEntries(LOG_LEVELS.map((level, rank) => [level, rank])) as Record<LogLevel, number>;

let stderr: LogDestination | undefined;

/** pino costs 20 to 40 ms to load, and an application with a logger of its own does not need it. */
function loadPino(): Pino {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- a static import would load it at start
  return require('pino') as Pino;
}

function openStderr(): LogDestination {
  if (stderr === undefined) {
    const opened = loadPino().destination({ fd: 2, sync: true });
    // Nobody can be told that telling failed; without a listener it would end the process.
    opened.on('error', () => undefined);
    stderr = opened;
  }
  return stderr;
}

function prettyStream(destination: LogDestination, colorize: boolean): DestinationStream {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- only people at a terminal need it
  const { prettyFactory } = require('pino-pretty') as PinoPretty;
  const toText = prettyFactory({ colorize, translateTime: 'SYS:HH:MM:ss.l', singleLine: true, errorLikeObjectKeys: ['err'] });
  return {
    write(line) {
      destination.write(toText(escapeRecord(JSON.parse(line) as Record<string, unknown>)));
    },
  };
}

function jsonStream(destination: LogDestination): DestinationStream {
  return {
    write(line) {
      destination.write(escapeJsonLine(line));
    },
  };
}

function pinoSink(level: LogLevel, stream: DestinationStream): LogSink {
  const { pino, stdTimeFunctions } = loadPino();
  const lines = pino(
    {
      level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      // The fields arrive as plain data; pino's own reading of `err` would flatten the causes into the message.
      serializers: { err: (value: unknown) => value },
    },
    stream,
  );
  const lowest = RANKS[level];
  return {
    isLevelEnabled: (asked) => RANKS[asked] >= lowest,
    write: (at, message, fields) => (fields === undefined ? lines[at](message) : lines[at](fields, message)),
  };
}

function isTerminal(): boolean {
  return process.stderr.isTTY === true;
}

/**
 * Makes the built-in logger: a line of JSON with `level` as a word, ISO `time`, `msg` and the fields.
 *
 * In: see `CreateLoggerOptions`. Out: a `Logger`; what clients send cannot break out of a line, secrets are redacted
 * and long values cut. Fails with: LOGGER_LEVEL_UNKNOWN.
 */
export function createLogger(options: CreateLoggerOptions = {}): Logger {
  const level = options.level ?? 'info';
  if (level === 'silent') return silentLogger;
  if (!LOG_LEVELS.includes(level)) throw diagnosticsErrors.LOGGER_LEVEL_UNKNOWN({ got: JSON.stringify(level) });
  const atTerminal = options.destination === undefined && isTerminal();
  const destination = options.destination ?? openStderr();
  const stream =
    (options.pretty ?? atTerminal)
      ? prettyStream(destination, atTerminal && process.stderr.hasColors())
      : jsonStream(destination);
  return new SinkLogger(pinoSink(level, stream));
}
