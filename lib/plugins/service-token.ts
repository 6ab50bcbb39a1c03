import { type Class, defineSlot } from '../metadata/slot';
import { pluginErrors } from './errors';

/**
 * A name for something that can be injected and has no class of its own: an interface, a value, a setting.
 *
 * Two tokens of one name are two tokens: what counts is the object, so keep it in one place and import it.
 */
export class Token<out T = unknown> {
  /** Nothing else is a token, whatever it looks like: a class has a name, too. */
  declare protected readonly kind: 'token';
  /** Never there at run time: it carries the type to the compiler, also through declaration files. */
  declare readonly type?: T;

  constructor(readonly name: string) {}

  toString(): string {
    return `Token(${this.name})`;
  }
}

/**
 * Makes a token that carries the type of what it stands for.
 *
 * In: a name, for messages. Out: `CLOCK = token<Clock>('clock')`, to be provided and injected by.
 */
export function token<T>(name: string): Token<T> {
  return new Token<T>(name);
}

/** What something is provided under and asked for by. */
export type InjectionKey<T = unknown> = Token<T> | Class<T> | string | symbol;

/** Whether `value` can be injected by. */
export function isInjectionKey(value: unknown): value is InjectionKey {
  if (typeof value === 'function') return isClass(value);
  return value instanceof Token || typeof value === 'string' || typeof value === 'symbol';
}

/** Whether `value` is a class, or a function that could be called with `new`; arrow functions are not. */
export function isClass(value: unknown): value is Class {
  return typeof value === 'function' && typeof value.prototype === 'object' && value.prototype !== null;
}

/** How a key is called in messages. */
export function keyName(key: InjectionKey): string {
  if (typeof key === 'string') return `"${key}"`;
  if (typeof key === 'symbol') return key.toString();
  return key.name === '' ? '(a class without a name)' : key.name;
}

/** What the decorators beside one parameter said. */
export interface InjectionMark {
  /** Whether `@Inject` stands there; `key` is what it was given, even if that is `undefined`. */
  readonly keyed: boolean;
  readonly key: unknown;
  readonly optional: boolean;
}

type InjectionMarks = ReadonlyMap<number, InjectionMark>;
type Member = string | symbol;

const marks = defineSlot<InjectionMarks>('injection');
const markedMembers = defineSlot<ReadonlySet<Member>>('injection-members');

const NO_MARKS: InjectionMarks = new Map();
const NO_MEMBERS: ReadonlySet<Member> = new Set();
const NO_MARK: InjectionMark = { keyed: false, key: undefined, optional: false };

/** What `@Inject` and `@Optional` said beside the parameters of a class's own constructor, or of a method (`target` is the prototype). */
export function readInjectionMarks(target: object, member?: Member): InjectionMarks {
  return (member === undefined ? marks.getOwn(target) : marks.get(target, member)) ?? NO_MARKS;
}

/** The methods of a prototype, inherited ones too, that have `@Inject` or `@Optional` beside a parameter. */
export function readInjectedMembers(prototype: object): ReadonlySet<Member> {
  return markedMembers.get(prototype) ?? NO_MEMBERS;
}

function mark(
  decorator: string,
  target: object,
  member: Member | undefined,
  index: unknown,
  change: Partial<InjectionMark>,
): void {
  if (typeof index !== 'number') throw pluginErrors.INJECT_MISPLACED({ decorator, place: placeOf(target, member) });
  const all = new Map(marks.getOwn(target, member));
  all.set(index, { ...(all.get(index) ?? NO_MARK), ...change });
  marks.set(target, all, member);
  if (member !== undefined) markedMembers.update(target, (members) => new Set(members).add(member));
}

function placeOf(target: object, member: Member | undefined): string {
  const owner = typeof target === 'function' ? target.name : target.constructor.name;
  return member === undefined ? `the class ${owner}` : `${owner}.${String(member)}, which is no parameter`;
}

/** The parameters beside which a decorator stands: of the constructor when `Name` is undefined, else of the method. */
type ParametersOf<Target, Name> = Name extends undefined
  ? Target extends abstract new (...args: infer Parameters) => unknown
    ? Parameters
    : never
  : Name extends keyof Target
    ? Target[Name] extends (...args: infer Parameters) => unknown
      ? Parameters
      : never
    : never;

/** `unknown` when a `T` may stand at the parameter, `never` (no index fits) when not. What is private cannot be looked at, and fits. */
type Fits<T, Parameters, Index> = [Parameters] extends [never]
  ? unknown
  : Index extends keyof Parameters
    ? [T] extends [Parameters[Index]]
      ? unknown
      : never
    : unknown;

/** A parameter decorator that does not compile beside a parameter of another type. */
export type InjectDecorator<T> = <Target extends object, Name extends Member | undefined, Index extends number>(
  target: Target,
  member: Name,
  index: Index & Fits<T, ParametersOf<Target, Name>, Index>,
) => void;

/**
 * Says what is injected at a parameter of a constructor, or of a handler.
 *
 * In: a token, a class, a string or a symbol. With a token or a class, a parameter of another type does not compile.
 * Fails with: INJECT_MISPLACED on anything but a parameter; what is wrong with the key is a wiring mistake.
 */
export function Inject<T>(key: Token<T> | Class<T>): InjectDecorator<T>;
export function Inject(key: string | symbol): ParameterDecorator;
export function Inject(key: unknown): ParameterDecorator {
  return (target, member, index) => mark('Inject', target, member, index, { keyed: true, key });
}

/** Lets a parameter be `undefined` when nothing is there to be injected. */
export function Optional(): ParameterDecorator {
  return (target, member, index) => mark('Optional', target, member, index, { optional: true });
}
