import { isClass, keyName, Token } from './service-token';

const LONGEST = 60;

/** A value in a few words, for a message: what was got instead of what was expected. */
export function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === 'string') return JSON.stringify(cut(value));
  if (isClass(value)) return `the class ${keyName(value)}`;
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'symbol') return value.toString();
  if (typeof value !== 'object') return `${value as number | bigint | boolean}`;
  if (value instanceof Token) return `the token ${value.name}`;
  if (value instanceof Promise) return 'a promise';
  if (Array.isArray(value)) return 'an array';
  return `an object with ${membersOf(value)}`;
}

/** What an error says, and anything else that was thrown in a few words. */
export function reasonOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : `${describe(thrown)} was thrown`;
}

function membersOf(value: object): string {
  const members = Object.keys(value);
  return members.length === 0 ? 'no members' : cut(members.join(', '));
}

function cut(text: string): string {
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST)}…`;
}
