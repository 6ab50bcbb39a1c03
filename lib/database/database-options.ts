import type { ConnectionOptions } from 'node:tls';
import type { FrameworkError } from '../errors/framework-error';
import { databaseErrors } from './errors';

/** Where the database is, and its limits. All have a default. */
export interface DatabaseOptions {
  /**
   * `postgres://user:password@host:5432/name`, or `embedded`: a PostgreSQL in a thread of this process. Default: the
   * environment's `DATABASE_URL`, and without it the embedded one.
   */
  readonly url?: string;
  /** Where the embedded one keeps its files. Default: a temporary folder, removed when the application is closed. */
  readonly dataDir?: string;
  /** TLS to a server, as Node's `tls.connect` takes it; `true`: by the machine's certificates. Default: as the URL's `sslmode` says. */
  readonly ssl?: boolean | ConnectionOptions;
  /** Connections to a server at most, besides two for stopping queries. Default 10. */
  readonly maxConnections?: number;
  /** Making a connection, TLS included, in milliseconds (DATABASE_UNAVAILABLE). Default 5,000; the embedded one's start 60,000. */
  readonly connectTimeoutMs?: number;
  /** How long a query waits for a connection to come free, in milliseconds (DATABASE_BUSY). Default 10,000; embedded 20,000. */
  readonly acquireTimeoutMs?: number;
  /** How long a query, a transaction or the reading of a row may take, in milliseconds (DATABASE_TIMEOUT); 0: no limit. Default 60,000. */
  readonly timeoutMs?: number;
  /** In metrics, logs and health. Default `database`. */
  readonly name?: string;
  /** Whether the application is `down` when the database is, and not just `degraded`. Default `false`: else all its replicas leave at once. */
  readonly required?: boolean;
}

const LONGEST_MS = 2 ** 31 - 1;

interface Rule {
  readonly expected: string;
  readonly accepts: (value: unknown) => boolean;
}

const text: Rule = { expected: 'a text', accepts: (value) => typeof value === 'string' && value !== '' };
const flag: Rule = { expected: 'true or false', accepts: (value) => typeof value === 'boolean' };
const duration = (least: number): Rule => ({
  expected: least === 0 ? 'milliseconds, 0 for no limit' : 'milliseconds, more than 0',
  accepts: (value) => typeof value === 'number' && value >= least && value <= LONGEST_MS,
});

const RULES: Readonly<Record<keyof DatabaseOptions, Rule>> = {
  url: {
    expected: 'postgres://user:password@host:5432/name, or embedded',
    accepts: (value) => typeof value === 'string' && isDatabaseUrl(value),
  },
  dataDir: text,
  ssl: { expected: 'true, false or options of TLS', accepts: (value) => typeof value === 'boolean' || isObject(value) },
  maxConnections: {
    expected: 'a whole number from 1 to 10000',
    accepts: (value) => Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 10_000,
  },
  connectTimeoutMs: duration(1),
  acquireTimeoutMs: duration(1),
  timeoutMs: duration(0),
  name: text,
  required: flag,
};

const ASK_RULES = {
  timeoutMs: duration(0),
  detached: flag,
  batchRows: {
    expected: 'a whole number from 1 to 100000',
    accepts: (value: unknown) => Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 100_000,
  },
} satisfies Readonly<Record<string, Rule>>;

/** What is wrong with the options of a database, one by one. */
export function checkDatabaseOptions(options: unknown): FrameworkError[] {
  if (options === undefined) return [];
  if (!isObject(options)) return [wrong('database', 'an object of options', options)];
  return Object.entries(options)
    .filter(([, value]) => value !== undefined)
    .flatMap(([name, value]) => {
      const rule = Object.hasOwn(RULES, name) ? RULES[name as keyof DatabaseOptions] : undefined;
      const expected = rule?.expected ?? `nothing (it knows ${Object.keys(RULES).sort().join(', ')})`;
      return rule?.accepts(value) === true ? [] : [wrong(name, expected, value)];
    });
}

/** Fails with: DATABASE_OPTION_INVALID. */
export function checkAsked(options: {
  readonly timeoutMs?: number;
  readonly batchRows?: number;
  readonly detached?: boolean;
}): void {
  for (const name of ['timeoutMs', 'batchRows', 'detached'] as const) {
    const value = options[name];
    if (value !== undefined && !ASK_RULES[name].accepts(value)) throw wrong(name, ASK_RULES[name].expected, value);
  }
}

/** Never with what was given: it could hold a password. */
function wrong(name: string, expected: string, got: unknown): FrameworkError {
  return databaseErrors.DATABASE_OPTION_INVALID({ name, expected, got: typeof got === 'number' ? got : typeof got });
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isDatabaseUrl(url: string): boolean {
  return url === EMBEDDED || (/^postgres(ql)?:\/\//.test(url) && URL.canParse(url));
}

export const EMBEDDED = 'embedded';

/** The address that holds: the option's, else the environment's, else the embedded one's. Fails with: DATABASE_URL_INVALID. */
export function urlOf({ url: given }: DatabaseOptions, environment: Readonly<Record<string, string | undefined>>): string {
  const url = given ?? environment.DATABASE_URL;
  if (url === undefined || url === '') return EMBEDDED;
  if (!isDatabaseUrl(url)) throw databaseErrors.DATABASE_URL_INVALID({ from: given === undefined ? 'DATABASE_URL' : 'url' });
  return url;
}
