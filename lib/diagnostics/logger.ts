/** The levels of a log line, the quietest first. */
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;

/** One of them: what is quieter than it is left out. */
export type LogLevel = (typeof LOG_LEVELS)[number];

const LOGGER = Symbol.for('rockstar-web.logger');

/**
 * What the application and its plugins tell the people who run it. A class, so that it can be asked for by type.
 *
 * In: a message in plain words and, beside it, `fields` (an object; an error goes under `err`). Keep what a client
 * sent in the fields. Out: nothing; logging never throws into a request.
 */
export abstract class Logger {
  abstract trace(message: string, fields?: object): void;
  abstract debug(message: string, fields?: object): void;
  abstract info(message: string, fields?: object): void;
  abstract warn(message: string, fields?: object): void;
  abstract error(message: string, fields?: object): void;
  abstract fatal(message: string, fields?: object): void;

  /** A logger that puts `fields` on each of its lines. */
  abstract child(fields: object): Logger;

  /** Whether a line of this level would be written: ask before computing something dear for it. */
  isLevelEnabled(_level: LogLevel): boolean {
    return true;
  }
}

Object.defineProperty(Logger.prototype, LOGGER, { value: true });

/** Whether `value` is a `Logger`, of whichever copy of this package. */
export function isLogger(value: unknown): value is Logger {
  return typeof value === 'object' && value !== null && LOGGER in value;
}

class SilentLogger extends Logger {
  trace(): void {}
  debug(): void {}
  info(): void {}
  warn(): void {}
  error(): void {}
  fatal(): void {}

  child(): Logger {
    return this;
  }

  override isLevelEnabled(): boolean {
    return false;
  }
}

/** A logger that says nothing. */
export const silentLogger: Logger = new SilentLogger();
