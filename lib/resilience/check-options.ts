import { nearNames } from '../errors/near-names';
import { resilienceErrors } from './errors';

/** What a number has to be. */
export interface Range {
  readonly least: number;
  readonly most: number;
  readonly whole?: boolean;
  readonly expected: string;
}

/** The longest time that timers take. */
const LONGEST_MS = 2 ** 31 - 1;

export const COUNT: Range = { least: 1, most: 10_000_000, whole: true, expected: 'a whole number from 1 to 10,000,000' };
export const COUNT_OR_NONE: Range = { ...COUNT, least: 0, expected: 'a whole number from 0 to 10,000,000' };
export const DURATION: Range = { least: 1, most: LONGEST_MS, expected: 'milliseconds, 1 to 2,147,483,647' };
export const DURATION_OR_NONE: Range = { ...DURATION, least: 0, expected: 'milliseconds, 0 for none' };
export const RATIO: Range = { least: Number.MIN_VALUE, most: 1, expected: 'more than 0, at most 1' };

export interface Rule {
  readonly expected: string;
  readonly accepts: (value: unknown) => boolean;
}

export const FUNCTION: Rule = { expected: 'a function', accepts: (value) => typeof value === 'function' };
export const FLAG: Rule = { expected: 'true or false', accepts: (value) => typeof value === 'boolean' };
export const NAME: Rule = { expected: 'a text', accepts: (value) => typeof value === 'string' && value !== '' };
export const CLOCK: Rule = { expected: 'an object with now() and setTimer()', accepts: isClock };

export function isWithin(value: unknown, { least, most, whole }: Range): boolean {
  return typeof value === 'number' && value >= least && value <= most && (whole !== true || Number.isInteger(value));
}

function isClock(value: unknown): boolean {
  if (!isObject(value)) return false;
  return typeof value.now === 'function' && typeof value.setTimer === 'function';
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

/** What each option of something takes; `undefined` is always the default. */
export type Rules<Options> = Readonly<Record<keyof Options, Range | Rule>>;

/**
 * Checks what somebody wrote against the rules, names that nobody knows included.
 *
 * In: whose options they are, for the message; what stands before their names there; those that have no default.
 * Fails with: BREAKER_OPTION_INVALID.
 */
export function checkOptions<Options>(
  of: string,
  options: unknown,
  rules: Rules<Options>,
  { prefix = '', required = [] }: { readonly prefix?: string; readonly required?: readonly string[] } = {},
): void {
  const refuse = (option: string, got: unknown, expected: string): never => {
    throw resilienceErrors.BREAKER_OPTION_INVALID({ of, option: prefix + option, got: printed(got), expected });
  };
  if (!isObject(options)) return refuse('options', options, 'an object');
  const names = Object.keys(rules);
  for (const [option, value] of [...required.map((name) => [name, options[name]] as const), ...Object.entries(options)]) {
    if (value === undefined && !required.includes(option)) continue;
    const rule = Object.hasOwn(rules, option) ? (rules as Readonly<Record<string, Range | Rule>>)[option] : undefined;
    if (rule === undefined) refuse(option, value, `no such option; ${suggest(option, names)}`);
    else if (!('accepts' in rule ? rule.accepts(value) : isWithin(value, rule))) refuse(option, value, rule.expected);
  }
}

function suggest(option: string, names: readonly string[]): string {
  const [nearest] = nearNames(option, names);
  return nearest === undefined ? `there are ${[...names].sort().join(', ')}` : `did you mean ${nearest}?`;
}

function printed(value: unknown): string {
  if (!isObject(value)) return typeof value === 'function' ? 'a function' : String(value);
  try {
    return JSON.stringify(value);
  } catch {
    return 'an object';
  }
}
