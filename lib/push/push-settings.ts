import type { FrameworkError } from '../errors/framework-error';
import { nearNames } from '../errors/near-names';
import { pushErrors } from './errors';

/** The option `push` of an application. Sizes in bytes. */
export interface PushSettings {
  /** Whether promises are made (PUSH_PROMISE, HTTP/2), to clients that take them. Default `true`. */
  readonly promises?: boolean;
  /** To whom 103 Early Hints are sent: `'http2'`, `'always'` (also over HTTP/1.1, where some old clients choke on them), or nobody. Default `'http2'`. */
  readonly earlyHints?: 'http2' | 'always' | false;
  /** What one page may push, whichever way. Default 10. */
  readonly maxPerPage?: number;
  /** Pushes under way on one connection; never as many as its client says that it takes. Default 16. */
  readonly maxConcurrent?: number;
  /** A static file larger than this is hinted instead. Default 100 KiB. */
  readonly maxFileBytes?: number;
  /** What may be pushed for one page. Default 1 MiB. */
  readonly maxPageBytes?: number;
  /** What may be pushed on one connection at a time. Default 4 MiB. */
  readonly maxConnectionBytes?: number;
  /** How many paths are remembered of what a connection was given. Default 256. */
  readonly digestSize?: number;
  /**
   * Whether a signed cookie (`push-given`) remembers what a client was given, so that it is not pushed over another connection
   * either. By `cookieSecrets`; without them it is good until the process ends. Default `false`.
   */
  readonly cookie?: boolean;
}

/** `false`: nothing is pushed, hinted or linked. */
export type PushOption = boolean | PushSettings;

export type CheckedSettings = Required<PushSettings> & { readonly isOn: boolean };

const DEFAULTS: Required<PushSettings> = {
  promises: true,
  earlyHints: 'http2',
  maxPerPage: 10,
  maxConcurrent: 16,
  maxFileBytes: 100 * 1024,
  maxPageBytes: 1024 * 1024,
  maxConnectionBytes: 4 * 1024 * 1024,
  digestSize: 256,
  cookie: false,
};

interface Rule {
  readonly expected: string;
  readonly accepts: (value: unknown) => boolean;
}

function wholeNumber(least: number, most: number): Rule {
  return {
    expected: `a whole number from ${least} to ${most}`,
    accepts: (value) => Number.isInteger(value) && (value as number) >= least && (value as number) <= most,
  };
}

const bytes = wholeNumber(0, 2 ** 31 - 1);

const RULES: Readonly<Record<keyof PushSettings, Rule>> = {
  promises: { expected: 'true or false', accepts: (value) => typeof value === 'boolean' },
  earlyHints: {
    expected: "'http2', 'always' or false",
    accepts: (value) => value === 'http2' || value === 'always' || value === false,
  },
  maxPerPage: wholeNumber(0, 100),
  maxConcurrent: wholeNumber(0, 1_000),
  maxFileBytes: bytes,
  maxPageBytes: bytes,
  maxConnectionBytes: bytes,
  digestSize: wholeNumber(1, 10_000),
  cookie: { expected: 'true or false', accepts: (value) => typeof value === 'boolean' },
};

/** Everything that is wrong with the option `push`. */
export function checkPush(option: unknown): FrameworkError[] {
  if (option === undefined || typeof option === 'boolean') return [];
  if (typeof option !== 'object' || option === null || Array.isArray(option)) {
    return [invalid('the option push', 'true, false or an object', describe(option))];
  }
  return Object.entries(option).flatMap(([name, value]) => {
    if (value === undefined) return [];
    if (!Object.hasOwn(RULES, name)) {
      const [near] = nearNames(name, Object.keys(RULES));
      return [invalid(`push.${name}`, near === undefined ? Object.keys(RULES).join(', ') : `${near}?`, 'another name')];
    }
    const { expected, accepts } = RULES[name as keyof PushSettings];
    return accepts(value) ? [] : [invalid(`push.${name}`, expected, describe(value))];
  });
}

function describe(value: unknown): string {
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'an array' : 'an object';
  return typeof value === 'string' ? JSON.stringify(value.slice(0, 100)) : String(value);
}

function invalid(name: string, expected: string, got: string): FrameworkError {
  return pushErrors.PUSH_OPTION_INVALID({ place: 'The application', name, expected, got });
}

/** A checked option, with every default filled in. */
export function toPushSettings(option: PushOption = true): CheckedSettings {
  if (typeof option === 'boolean') return { ...DEFAULTS, isOn: option };
  const given = Object.entries(option).filter(([, value]) => value !== undefined);
  return { ...DEFAULTS, ...(Object.fromEntries(given) as PushSettings), isOn: true };
}
