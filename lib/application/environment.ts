import { readFileSync } from 'node:fs';
import { LOG_LEVELS, type LogLevel } from '../diagnostics/logger';
import type { FrameworkError } from '../errors/framework-error';
import { WiringError } from '../plugins/wiring-error';
import { applicationErrors } from './errors';

/** What `serve` reads from the environment. */
export interface Environment {
  readonly host: string;
  readonly port: number;
  readonly http2: boolean | undefined;
  readonly tls: 'self-signed' | { readonly key: string; readonly cert: string } | undefined;
  readonly shutdownGraceMs: number | undefined;
  readonly logLevel: LogLevel | undefined;
}

type Variables = Readonly<Record<string, string | undefined>>;

/** Reads one environment at a time and keeps all its mistakes. */
class Reader {
  readonly mistakes: FrameworkError[] = [];

  constructor(readonly variables: Variables) {}

  text(name: string): string | undefined {
    const value = this.variables[name];
    return value === '' ? undefined : value;
  }

  integer(name: string, most: number): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const value = /^\d+$/.test(text) ? Number(text) : NaN;
    if (value <= most) return value;
    this.#refuse(name, `a whole number from 0 to ${most}`, text);
    return undefined;
  }

  flag(name: string): boolean | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    if (text === '1' || text === 'true') return true;
    if (text === '0' || text === 'false') return false;
    this.#refuse(name, '1 or 0', text);
    return undefined;
  }

  oneOf<T extends string>(name: string, choices: readonly T[]): T | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const choice = choices.find((one) => one === text);
    if (choice === undefined) this.#refuse(name, choices.join(', '), text);
    return choice;
  }

  file(name: string): string | undefined {
    const path = this.text(name);
    if (path === undefined) return undefined;
    try {
      return readFileSync(path, 'utf8');
    } catch {
      this.#refuse(name, 'the path of a file that can be read', path);
      return undefined;
    }
  }

  #refuse(name: string, expected: string, got: string): void {
    this.mistakes.push(applicationErrors.ENVIRONMENT_INVALID({ name, expected, got: got.slice(0, 100) }));
  }
}

/**
 * Reads HOST, PORT, HTTP2, TLS, TLS_KEY, TLS_CERT, SHUTDOWN_GRACE_MS and LOG_LEVEL.
 *
 * Fails with: ENVIRONMENT_INVALID, all mistakes at once.
 */
export function readEnvironment(variables: Variables, defaultPort: number): Environment {
  const reader = new Reader(variables);
  const environment: Environment = {
    host: reader.text('HOST') ?? '127.0.0.1',
    port: reader.integer('PORT', 65_535) ?? defaultPort,
    http2: reader.flag('HTTP2'),
    tls: readTls(reader),
    shutdownGraceMs: reader.integer('SHUTDOWN_GRACE_MS', 3_600_000),
    logLevel: reader.oneOf('LOG_LEVEL', LOG_LEVELS),
  };
  if (reader.mistakes.length > 0) throw new WiringError(reader.mistakes);
  return environment;
}

function readTls(reader: Reader): Environment['tls'] {
  const [lone, missing] = reader.text('TLS_KEY') === undefined ? ['TLS_CERT', 'TLS_KEY'] : ['TLS_KEY', 'TLS_CERT'];
  const key = reader.file('TLS_KEY');
  const cert = reader.file('TLS_CERT');
  if (reader.text(lone) !== undefined && reader.text(missing) === undefined) {
    reader.mistakes.push(
      applicationErrors.ENVIRONMENT_INVALID({ name: missing, expected: `a file, as ${lone} has one`, got: '' }),
    );
  }
  if (key !== undefined && cert !== undefined) return { key, cert };
  return reader.flag('TLS') === true ? 'self-signed' : undefined;
}
