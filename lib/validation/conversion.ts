import { type Checked, issueAt, refused } from './issues';

/** What a path, a query or a form has under one name. */
export type RawText = string | readonly string[] | undefined;

/** Turns the text found under `name` into a value of the type it was compiled for. Nothing stays nothing. */
export type Converter = (raw: RawText, name: string) => Checked;

/** What a value of one type is, as text and as itself. */
export interface ValueRule<T = unknown> {
  readonly code: string;
  /** After "must be". */
  readonly expected: string;
  /** Undefined when the text says no such value. */
  readonly parse: (text: string) => T | undefined;
  readonly is: (value: unknown) => value is T;
}

const NUMBER_PATTERN = /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/;
const INTEGER_PATTERN = /^-?\d+$/;
const MOST_DIGITS = 1_000;

/** A decimal number that JavaScript holds as it is written: finite, and no integer beyond the safe range. */
export function parseNumber(text: string): number | undefined {
  if (!NUMBER_PATTERN.test(text)) return undefined;
  const value = Number(text);
  if (!Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value))) return undefined;
  return value === 0 ? 0 : value;
}

/** An integer in decimal digits, within the safe range. */
export function parseInteger(text: string): number | undefined {
  return INTEGER_PATTERN.test(text) ? parseNumber(text) : undefined;
}

/** `true` or `false`, and nothing else. */
export function parseBoolean(text: string): boolean | undefined {
  if (text === 'true') return true;
  return text === 'false' ? false : undefined;
}

function parseBigInt(text: string): bigint | undefined {
  return INTEGER_PATTERN.test(text) && text.length <= MOST_DIGITS ? BigInt(text) : undefined;
}

const DATE_PATTERN =
  /^(\d{4})-(\d\d)-(\d\d)(?:T([01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,9})?)?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d))?$/;

/**
 * A date (midnight UTC) or a date and time, in ISO 8601. A time needs its offset: without one it would mean
 * another moment on another machine.
 */
export function parseDate(text: string): Date | undefined {
  const parts = DATE_PATTERN.exec(text);
  if (parts === null) return undefined;
  const [, year, month, day] = parts.map(Number) as [number, number, number, number];
  // The engine takes 2026-02-30 for the second of March.
  const date = new Date(text);
  const daysInMonth = new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate();
  return Number.isNaN(date.getTime()) || day > daysInMonth ? undefined : date;
}

const TEXT: ValueRule<string> = {
  code: 'isString',
  expected: 'a text',
  parse: (text) => text,
  is: (value) => typeof value === 'string',
};
export const NUMBER: ValueRule<number> = {
  code: 'isNumber',
  expected: 'a number',
  parse: parseNumber,
  is: (value): value is number => Number.isFinite(value),
};
export const INTEGER: ValueRule<number> = {
  code: 'isInt',
  expected: 'an integer',
  parse: parseInteger,
  is: (value): value is number => Number.isSafeInteger(value),
};
export const BOOLEAN: ValueRule<boolean> = {
  code: 'isBoolean',
  expected: 'true or false',
  parse: parseBoolean,
  is: (value) => typeof value === 'boolean',
};
const BIG_INTEGER: ValueRule<bigint> = {
  code: 'isBigInt',
  expected: 'an integer',
  parse: parseBigInt,
  is: (value) => typeof value === 'bigint',
};
export const DATE: ValueRule<Date> = {
  code: 'isDate',
  expected: 'a date (2026-01-31) or a date and time with its offset (2026-01-31T12:00:00Z)',
  parse: parseDate,
  is: (value): value is Date => value instanceof Date && !Number.isNaN(value.getTime()),
};

const RULES: ReadonlyMap<unknown, ValueRule> = new Map<unknown, ValueRule>([
  [String, TEXT],
  [Number, NUMBER],
  [Boolean, BOOLEAN],
  [BigInt, BIG_INTEGER],
  [Date, DATE],
]);

/** The rule of a declared type; undefined for a type that text cannot be converted to. */
export function valueRuleOf(type: unknown): ValueRule | undefined {
  return RULES.get(type);
}

function convertOne(rule: ValueRule, raw: string | readonly string[], name: string): Checked {
  if (typeof raw !== 'string') return refused([issueAt(name, `${name} must be given once`, 'isSingle')]);
  const value = rule.parse(raw);
  return value === undefined ? refused([issueAt(name, `${name} must be ${rule.expected}`, rule.code)]) : { ok: true, value };
}

const keepText: Converter = (raw) => ({ ok: true, value: raw });

/**
 * Prepares the conversion of text to a declared type: `String`, `Number`, `Boolean`, `BigInt` and `Date` are converted
 * or refused, `Array` becomes a list of text; under any other type (TypeScript erased it) text stays as it is.
 */
export function compileConverter(type: unknown): Converter {
  if (type === Array) return compileListConverter(String);
  const rule = RULES.get(type);
  if (rule === undefined) return keepText;
  return (raw, name) => (raw === undefined ? { ok: true, value: undefined } : convertOne(rule, raw, name));
}

/** Prepares the conversion of a repeated name to a list; one value is a list of one. */
export function compileListConverter(itemType: unknown): Converter {
  const rule = RULES.get(itemType);
  return (raw, name) => {
    if (raw === undefined) return { ok: true, value: undefined };
    const texts = typeof raw === 'string' ? [raw] : raw;
    if (rule === undefined) return { ok: true, value: [...texts] };
    const items = texts.map((text, index) => convertOne(rule, text, `${name}.${index}`));
    const issues = items.flatMap((item) => (item.ok ? [] : item.issues));
    return issues.length > 0 ? refused(issues) : { ok: true, value: items.map((item) => item.ok && item.value) };
  };
}

/** Whether text can become a value of this declared type. */
export function isConvertibleType(type: unknown): boolean {
  return type === Array || RULES.has(type);
}
