import type { InputIssue } from '../errors/framework-error';
import { cut, issueAt, pathTo } from './issues';
import { isPlainObject } from './plain-object';

/** What is wrong somewhere inside; `keys` lead to it, innermost first. */
interface Fault {
  readonly keys: (string | number)[];
  readonly message: string;
  readonly code: string;
}

/** Looks at one object or list, `depth` levels inside; the search goes on inside it when it finds nothing. */
type Look = (value: object, depth: number) => Fault | undefined;

function findFault(value: unknown, depth: number, look: Look): Fault | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (Array.isArray(value)) return look(value, depth) ?? findFaultInList(value, depth, look);
  return isPlainObject(value) ? (look(value, depth) ?? findFaultInObject(value, depth, look)) : undefined;
}

function findFaultInList(list: readonly unknown[], depth: number, look: Look): Fault | undefined {
  for (let index = 0; index < list.length; index++) {
    const fault = findFault(list[index], depth + 1, look);
    if (fault === undefined) continue;
    fault.keys.push(index);
    return fault;
  }
  return undefined;
}

function findFaultInObject(object: Readonly<Record<string, unknown>>, depth: number, look: Look): Fault | undefined {
  for (const key of Object.keys(object)) {
    const fault = findFault(object[key], depth + 1, look);
    if (fault === undefined) continue;
    fault.keys.push(key);
    return fault;
  }
  return undefined;
}

function toIssue({ keys, message, code }: Fault, path: string): InputIssue {
  const whole = keys.reduceRight<string>((at, key) => pathTo(at, typeof key === 'string' ? cut(key) : key), path);
  return issueAt(whole, message, code);
}

/**
 * Whether the input has more than `maxDepth` levels, and where: a recursion over it, like `JSON.stringify`,
 * would run out of stack.
 */
export function tooDeepIssue(input: unknown, maxDepth: number): InputIssue | undefined {
  const fault = findFault(input, 0, (_value, depth) =>
    depth > maxDepth ? { keys: [], message: `the input has more than ${maxDepth} levels`, code: 'maxDepth' } : undefined,
  );
  return fault && toIssue(fault, '');
}

function notAllowed(key: string): Fault {
  return { keys: [key], message: `property ${key} is not allowed`, code: 'whitelistValidation' };
}

function reachesPrototype(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, 'prototype');
}

function lookForPollution(value: object): Fault | undefined {
  if (Object.hasOwn(value, '__proto__')) return notAllowed('__proto__');
  const reaches =
    Object.hasOwn(value, 'constructor') && reachesPrototype((value as { readonly constructor: unknown }).constructor);
  return reaches ? notAllowed('constructor') : undefined;
}

/** class-transformer compares each key with each other: more would take seconds. */
const MOST_KEYS_TO_CONVERT = 1_000;

function lookForConversion(value: object): Fault | undefined {
  if (Object.hasOwn(value, '__proto__')) return notAllowed('__proto__');
  // class-transformer would call it.
  if (Object.hasOwn(value, 'constructor')) return notAllowed('constructor');
  if (Array.isArray(value) || Object.keys(value).length <= MOST_KEYS_TO_CONVERT) return undefined;
  return { keys: [], message: `at most ${MOST_KEYS_TO_CONVERT} properties are allowed`, code: 'maxProperties' };
}

/**
 * Looks through a value whose inside no class describes for what no input may have: keys that reach prototypes.
 *
 * In: `isConverted` when class-transformer is to walk through it: more is refused then.
 */
export function freeValueIssue(value: unknown, path: string, isConverted: boolean): InputIssue | undefined {
  const fault = findFault(value, 0, isConverted ? lookForConversion : lookForPollution);
  return fault && toIssue(fault, path);
}
