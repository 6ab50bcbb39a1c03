import type { InputIssue } from '../errors/framework-error';
import type { Class, ConcreteClass } from '../metadata/slot';
import { parentOf } from './constructor-source';
import { describe } from './describe';

/** The names of the methods of a type. */
export type MethodName<T> = {
  [Name in keyof T]-?: NonNullable<T[Name]> extends (...args: never[]) => unknown ? Name & string : never;
}[keyof T];

/** Something that says what a value must look like in the way of https://standardschema.dev (zod, valibot, arktype, …). */
export interface StandardSchema {
  readonly '~standard': { readonly validate: (value: unknown) => unknown };
}

/** What a value must be: a class with class-validator decorators, `String`, `Number`, `Boolean` or `Date`, a list of one of these (`[User]`), or a standard schema. */
export type ServiceSchema = ConcreteClass | StandardSchema | readonly [ConcreteClass | StandardSchema];

/** What is checked when a method is called, and when it answers. */
export interface MethodContract {
  /** In their order; those left out are not checked. */
  readonly arguments?: readonly (ServiceSchema | undefined)[];
  /** What comes back: by itself, from a promise, or with each value of an Observable. `null` and `undefined` are let through. */
  readonly result?: ServiceSchema;
}

/** The methods a service must have: their names, or what each takes and gives. */
export type ServiceContract<T = unknown> =
  readonly MethodName<T>[] | Readonly<Partial<Record<MethodName<T>, MethodContract | true>>>;

/** Looks at a value: what is wrong with it; a promise only where a validator answers with one. */
export type ValueCheck = (value: unknown) => readonly InputIssue[] | Promise<readonly InputIssue[]>;

/** Prepares looking at values; `undefined` for what is no schema. */
export type CheckCompiler = (schema: unknown) => ValueCheck | undefined;

/** A contract as it is read: methods, and what is checked of each. */
export type ReadContract = ReadonlyMap<string, MethodContract>;

const NOTHING: MethodContract = {};

/** Reads a contract of whatever shape; a text says what is wrong with it. */
export function readContract(contract: unknown): ReadContract | string {
  if (contract === undefined) return new Map();
  if (typeof contract !== 'object' || contract === null) return `it is ${describe(contract)}`;
  const entries: [unknown, unknown][] = Array.isArray(contract)
    ? contract.map((name: unknown) => [name, NOTHING])
    : Object.entries(contract);
  const read = new Map<string, MethodContract>();
  for (const [name, method] of entries) {
    if (typeof name !== 'string' || name === '') return `one of its methods is ${describe(name)}`;
    const parsed = parseMethod(method);
    if (typeof parsed === 'string') return `${name} is ${parsed}`;
    read.set(name, parsed);
  }
  return read;
}

function parseMethod(method: unknown): MethodContract | string {
  if (method === true || method === undefined) return NOTHING;
  if (typeof method !== 'object' || method === null) return describe(method);
  const strange = Object.keys(method).find((name) => name !== 'arguments' && name !== 'result');
  if (strange !== undefined) return `an object with ${strange}`;
  const list = (method as MethodContract).arguments as unknown;
  if (list !== undefined && !Array.isArray(list)) return `an object whose arguments are ${describe(list)}`;
  return method;
}

/** The schemas that a contract names and that nobody understands, with where they stand. */
export function strangeSchemas(contract: ReadContract, compile: CheckCompiler): string[] {
  const isStrange = (schema: unknown): boolean => schema !== undefined && compile(schema) === undefined;
  return [...contract].flatMap(([name, { arguments: list = [], result }]) => [
    ...list.flatMap((schema, at) => (isStrange(schema) ? [`argument ${at} of ${name} (${describe(schema)})`] : [])),
    ...(isStrange(result) ? [`the result of ${name} (${describe(result)})`] : []),
  ]);
}

/** The methods that something lacks. */
export function missingMethods(contract: ReadContract, service: unknown): string[] {
  const has = (name: string): boolean => {
    if ((typeof service !== 'object' || service === null) && typeof service !== 'function') return false;
    return typeof (service as Record<string, unknown>)[name] === 'function';
  };
  return [...contract.keys()].filter((name) => !has(name));
}

/** The methods that instances of a class cannot have: nothing of it mentions them, and nobody else is handed the instance to add them. */
export function surelyMissingMethods(contract: ReadContract, of: Class): string[] {
  const lacking = missingMethods(contract, of.prototype);
  if (lacking.length === 0) return [];
  const text = textOf(of);
  // Where `this` goes elsewhere, as a value or with a name that is computed, methods may come from there.
  if (/\bthis\b(?!\s*\??\.\s*[\w$#])/.test(text) || /\breturn\b[^;]*\bproxy\b/i.test(text)) return [];
  return lacking.filter((name) => !text.includes(name));
}

function textOf(of: Class): string {
  const parent = parentOf(of);
  return `${Function.prototype.toString.call(of)}${parent === undefined ? '' : textOf(parent)}`;
}
