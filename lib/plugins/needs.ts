import { type Class, readParameterTypes } from '../metadata/slot';
import { parentOf, readConstructorSource, type SourceParameter } from './constructor-source';
import { isMarkedInjectable } from './plugin';
import { type InjectionKey, type InjectionMark, isClass, isInjectionKey, readInjectionMarks } from './service-token';

/** Says where something stands; only asked when a message needs it, as names are read from the source. */
export type Place = () => string;

/** What one argument of a constructor, a factory or a handler asks for. */
export type Need =
  | { readonly kind: 'key'; readonly place: Place; readonly key: InjectionKey; readonly optional: boolean }
  /** A parameter with a default that nothing could be injected for: it keeps its default. */
  | { readonly kind: 'default'; readonly place: Place }
  | { readonly kind: 'undefined'; readonly place: Place }
  | { readonly kind: 'erased'; readonly place: Place; readonly emitted: string };

/** Why the arguments of a class are not known. */
export interface NeedsFault {
  readonly kind: 'undecorated' | 'without-metadata' | 'undecorated-subclass';
  /** How many arguments the constructor takes. */
  readonly count: number;
  /** The class whose constructor it is. */
  readonly of: Class;
}

export interface ClassNeeds {
  readonly needs: readonly Need[];
  readonly fault?: NeedsFault;
}

const NOTHING: ClassNeeds = { needs: [] };

/** What TypeScript emits for a type it erases. */
const ERASED = new Set<unknown>([Object, String, Number, Boolean, Symbol, BigInt, Array, Function, Promise]);

/** Read once for each class: tsyringe writes into the emitted types when it is told of a class. */
const known = new WeakMap<Class, ClassNeeds>();

/** What the constructor of a class needs, as its parameters' types and decorators say. */
export function readClassNeeds(of: Class): ClassNeeds {
  let needs = known.get(of);
  if (needs === undefined) {
    needs = findClassNeeds(of);
    known.set(of, needs);
  }
  return needs;
}

/** What the entries of a provider's `inject` ask for. */
export function readInjectList(inject: readonly unknown[]): Need[] {
  return inject.map((entry, at): Need => {
    const place = (): string => `inject[${at}]`;
    const isLong = typeof entry === 'object' && entry !== null && 'token' in entry;
    const key: unknown = isLong ? entry.token : entry;
    const optional = isLong && 'optional' in entry && entry.optional === true;
    return needOf(key, { optional, place });
  });
}

/** What `@Inject` beside the parameters of a method asks for, by index; parameters without it are not the container's. */
export function readMethodNeeds(prototype: object, member: string | symbol): ReadonlyMap<number, Need> {
  const needs = new Map<number, Need>();
  for (const [at, { keyed, key, optional }] of readInjectionMarks(prototype, member)) {
    const place = (): string => `parameter ${at} of ${String(member)}()`;
    if (keyed) needs.set(at, needOf(key, { optional, place }));
  }
  return needs;
}

function findClassNeeds(of: Class): ClassNeeds {
  const marks = readInjectionMarks(of);
  const types = readParameterTypes(of);
  const count = Math.max(types?.length ?? 0, of.length, ...[...marks.keys()].map((at) => at + 1));
  if (types !== undefined || allKeyed(marks, count)) return { needs: readParameters(of, types ?? [], count) };
  const isMarked = isMarkedInjectable(of);
  if (count > 0) {
    const kind = isMarked || marks.size > 0 ? 'without-metadata' : 'undecorated';
    return { needs: [], fault: { kind, count, of } };
  }
  return inheritedNeeds(of, isMarked);
}

/** A class that says nothing of its own constructor: it may have none and take its parent's arguments. */
function inheritedNeeds(of: Class, isMarked: boolean): ClassNeeds {
  const parent = parentOf(of);
  if (parent === undefined || readConstructorSource(of) !== undefined) return NOTHING;
  const inherited = readClassNeeds(parent);
  const count = inherited.fault?.count ?? inherited.needs.length;
  if (isMarked || count === 0) return inherited;
  return { needs: [], fault: { kind: 'undecorated-subclass', count, of: inherited.fault?.of ?? parent } };
}

function allKeyed(marks: ReadonlyMap<number, InjectionMark>, count: number): boolean {
  return count > 0 && Array.from({ length: count }, (_, at) => marks.get(at)).every((mark) => mark?.keyed);
}

function readParameters(of: Class, types: readonly unknown[], count: number): Need[] {
  const marks = readInjectionMarks(of);
  let source: readonly SourceParameter[] | undefined;
  const sourceOf = (at: number): SourceParameter | undefined => (source ??= readConstructorSource(of) ?? [])[at];
  return Array.from({ length: count }, (_, at) => readParameter(types[at], marks.get(at), { at, sourceOf }));
}

function readParameter(
  type: unknown,
  mark: InjectionMark | undefined,
  { at, sourceOf }: { at: number; sourceOf: (at: number) => SourceParameter | undefined },
): Need {
  const place = (): string => {
    const name = sourceOf(at)?.name;
    return `constructor parameter ${at}${name === undefined ? '' : ` (${name})`}`;
  };
  const optional = mark?.optional ?? false;
  if (mark?.keyed) return needOf(mark.key, { optional, place });
  if (isClass(type) && !ERASED.has(type)) return { kind: 'key', place, key: type, optional };
  if (sourceOf(at)?.hasDefault) return { kind: 'default', place };
  return type === undefined ? { kind: 'undefined', place } : { kind: 'erased', place, emitted: emittedName(type) };
}

function needOf(key: unknown, { optional, place }: { optional: boolean; place: Place }): Need {
  if (ERASED.has(key)) return { kind: 'erased', place, emitted: emittedName(key) };
  return isInjectionKey(key) ? { kind: 'key', place, key, optional } : { kind: 'undefined', place };
}

function emittedName(type: unknown): string {
  return typeof type === 'function' ? type.name : String(type);
}
