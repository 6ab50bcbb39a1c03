import { diagnosticsErrors } from './errors';
import { isLogger, Logger, type LogLevel, silentLogger } from './logger';
import type { LogRecord } from './log-record';
import { escapeRecord, escapeText } from './safe-text';
import { type LogSink, SinkLogger } from './sink-logger';

/** `console`, or a logger that takes the message first. Levels it does not have are written at the nearest it has. */
export interface ConsoleLike {
  debug(...parts: unknown[]): void;
  info(...parts: unknown[]): void;
  warn(...parts: unknown[]): void;
  error(...parts: unknown[]): void;
}

/** A pino instance, or what behaves like one: the fields come first. */
export interface PinoLike extends ConsoleLike {
  trace(...parts: unknown[]): void;
  fatal(...parts: unknown[]): void;
  bindings(): object;
  isLevelEnabled?(level: string): boolean;
}

/** What the `logger` option takes; `false` is silence. */
export type UserLogger = Logger | PinoLike | ConsoleLike | false;

const NEEDED = ['debug', 'info', 'warn', 'error'] as const;

function hasFunction(value: object, name: string): boolean {
  return typeof (value as Record<string, unknown>)[name] === 'function';
}

function isConsoleLike(value: unknown): value is ConsoleLike {
  return typeof value === 'object' && value !== null && NEEDED.every((name) => hasFunction(value, name));
}

/** winston, too, has `child` and levels, but the message first: only pino can tell its bindings. */
function isPinoLike(value: ConsoleLike): value is PinoLike {
  return ['bindings', 'trace', 'fatal'].every((name) => hasFunction(value, name));
}

function pinoSink(target: PinoLike): LogSink {
  return {
    isLevelEnabled: (level) => target.isLevelEnabled?.(level) ?? true,
    write: (level, message, fields) => target[level](escapeRecord(fields ?? {}), escapeText(message)),
  };
}

/** `console.trace` prints a stack, and not everything has `fatal`. */
function consoleMethod(target: ConsoleLike, level: LogLevel): keyof ConsoleLike {
  if (level === 'trace') return 'debug';
  return level === 'fatal' && !hasFunction(target, 'fatal') ? 'error' : (level as keyof ConsoleLike);
}

function consoleSink(target: ConsoleLike): LogSink {
  // A console reads `%s` in its first argument once there is a second one: it gets a single one.
  const oneArgument = hasFunction(target, 'table') && hasFunction(target, 'dir');
  const isLevelEnabled = (level: LogLevel): boolean => {
    const ask = (target as { isLevelEnabled?: unknown }).isLevelEnabled;
    return typeof ask !== 'function' || Boolean(ask.call(target, level));
  };
  const parts = (message: string, fields: LogRecord | undefined): unknown[] => {
    const safe = escapeText(message);
    if (fields === undefined) return [safe];
    const plain = escapeRecord(fields);
    return oneArgument ? [`${safe} ${JSON.stringify(plain)}`] : [safe, plain];
  };
  return {
    isLevelEnabled,
    write: (level, message, fields) => target[consoleMethod(target, level)](...parts(message, fields)),
  };
}

/** A user's own `Logger`: told what was logged as it is, and kept from failing a request. */
class GuardedLogger extends Logger {
  readonly #target: Logger;

  constructor(target: Logger) {
    super();
    this.#target = target;
  }

  trace(message: string, fields?: object): void {
    this.#pass('trace', message, fields);
  }

  debug(message: string, fields?: object): void {
    this.#pass('debug', message, fields);
  }

  info(message: string, fields?: object): void {
    this.#pass('info', message, fields);
  }

  warn(message: string, fields?: object): void {
    this.#pass('warn', message, fields);
  }

  error(message: string, fields?: object): void {
    this.#pass('error', message, fields);
  }

  fatal(message: string, fields?: object): void {
    this.#pass('fatal', message, fields);
  }

  child(fields: object): Logger {
    try {
      return new GuardedLogger(this.#target.child(fields));
    } catch {
      return this;
    }
  }

  override isLevelEnabled(level: LogLevel): boolean {
    try {
      return this.#target.isLevelEnabled(level);
    } catch {
      return true;
    }
  }

  #pass(level: LogLevel, message: string, fields: object | undefined): void {
    try {
      this.#target[level](message, fields);
    } catch {
      // The same as in SinkLogger: whoever had something to say must not pay for a logger that cannot hear it.
    }
  }
}

function invalid(value: unknown): Error {
  const got = value === null ? 'null' : typeof value === 'object' ? 'an object' : typeof value;
  const missing = typeof value === 'object' && value !== null ? NEEDED.filter((name) => !hasFunction(value, name)) : [];
  return diagnosticsErrors.LOGGER_INVALID({ got, missing: missing.length > 0 ? ` (it lacks ${missing.join(', ')})` : '' });
}

/**
 * Makes a `Logger` of what a user brings.
 *
 * In: a `Logger` of their own (gets everything as it was logged), a pino instance, a console or any logger that takes
 * the message first (these get plain data: redacted, cut, control characters spelled out), or `false`.
 * Out: a logger that never throws. Fails with: LOGGER_INVALID.
 */
export function toLogger(logger: unknown): Logger {
  if (logger === false) return silentLogger;
  if (logger === silentLogger || logger instanceof SinkLogger || logger instanceof GuardedLogger) return logger as Logger;
  if (isLogger(logger)) return new GuardedLogger(logger);
  if (!isConsoleLike(logger)) throw invalid(logger);
  return new SinkLogger(isPinoLike(logger) ? pinoSink(logger) : consoleSink(logger));
}
