import { resolve } from 'node:path';
import type { FrameworkError } from '../errors/framework-error';
import { checkFolder, flag, type Rule, watchesByDefault } from './folder-options';

/** A folder whose files are sent as they are. Durations in milliseconds. */
export interface StaticOptions {
  /** The folder; a relative path starts at the working directory. Nothing outside of it is ever sent. */
  readonly root: string;
  /** In front of the paths of its files, e.g. `/static`. Default `/`. */
  readonly prefix?: string;
  /** How long a client may use a file without asking again. Default 0: it asks each time, and gets 304. */
  readonly maxAgeMs?: number;
  /**
   * Which files never change, so that nobody asks again for a year: `true` all, `false` none, an expression those whose
   * path it matches. Default: those with a hash in their name (`app.3f2a9c1b.js`, `app-NO2J6W7A.js`).
   */
  readonly immutable?: boolean | RegExp;
  /** Whether `app.js.br` and `app.js.gz` are sent in place of `app.js` to clients that take them. Default `true`. */
  readonly precompressed?: boolean;
  /** What answers for a folder, `false`: nothing. Default `index.html`. */
  readonly index?: string | false;
  /** Whether each request looks at the disk; else once a second. Default: unless `NODE_ENV` is `production`. */
  readonly watch?: boolean;
}

/** The option `static`: one folder or several, which are asked one behind the other. */
export type StaticOption = string | StaticOptions | readonly (string | StaticOptions)[];

/** A folder with every default filled in. */
export interface StaticSettings {
  readonly root: string;
  /** Empty, or a path without a last slash. */
  readonly prefix: string;
  readonly maxAgeMs: number;
  readonly isImmutable: (path: string) => boolean;
  readonly precompressed: boolean;
  readonly index: string | undefined;
  readonly watch: boolean;
}

const YEAR_MS = 31_536_000_000;

const RULES: Readonly<Record<Exclude<keyof StaticOptions, 'root'>, Rule>> = {
  prefix: {
    expected: 'a path that starts with a slash, without * : ? # %',
    accepts: (value) => typeof value === 'string' && /^\/[^*:?#%\s]*$/.test(value) && !/\/\.|\/\//.test(value),
  },
  maxAgeMs: {
    expected: 'milliseconds from 0 to a year',
    accepts: (value) => typeof value === 'number' && value >= 0 && value <= YEAR_MS,
  },
  immutable: {
    expected: 'true, false or a regular expression',
    accepts: (value) => typeof value === 'boolean' || value instanceof RegExp,
  },
  precompressed: flag,
  index: {
    expected: 'the name of a file, or false',
    accepts: (value) => value === false || (typeof value === 'string' && /^[^./\\\0][^/\\\0]*$/.test(value)),
  },
  watch: flag,
};

/** Everything that is wrong with the option `static`. */
export function checkStatic(option: unknown): FrameworkError[] {
  if (option === undefined) return [];
  if (!Array.isArray(option)) return checkFolder('static', option, RULES);
  return option.flatMap((one: unknown, at) => checkFolder(`static[${at}]`, one, RULES));
}

/** The folders of a checked option, with every default filled in. */
export function toStaticSettings(option: StaticOption): StaticSettings[] {
  return (Array.isArray(option) ? option : [option]).map(toSettings);
}

function toSettings(given: string | StaticOptions): StaticSettings {
  const options = typeof given === 'string' ? { root: given } : given;
  const { index = 'index.html' } = options;
  return {
    root: resolve(options.root),
    prefix: (options.prefix ?? '').replace(/\/+$/, ''),
    maxAgeMs: options.maxAgeMs ?? 0,
    isImmutable: toPredicate(options.immutable),
    precompressed: options.precompressed ?? true,
    index: index === false ? undefined : index,
    watch: options.watch ?? watchesByDefault(),
  };
}

function toPredicate(immutable: boolean | RegExp | undefined): (path: string) => boolean {
  if (immutable === undefined) return hasHash;
  if (typeof immutable === 'boolean') return () => immutable;
  // One that is global or sticky would go on where it stopped.
  const pattern = new RegExp(immutable.source, immutable.flags.replace(/[gy]/g, ''));
  return (path) => pattern.test(path);
}

/** Hexadecimal as webpack, Rollup and Parcel write it, or the capitals of esbuild. */
const HASHED = /[.\-_](?=[a-f]*\d)(?=\d*[a-f])[\da-f]{8,64}(?=\.)|[.\-_](?=[A-Z]*\d)(?=\d*[A-Z])[A-Z\d]{8}(?=\.)/;

/** Whether a name has a hash of the contents in it. A date or a word is none: letters and digits both stand in it. */
function hasHash(path: string): boolean {
  return HASHED.test(path.slice(path.lastIndexOf('/') + 1));
}
