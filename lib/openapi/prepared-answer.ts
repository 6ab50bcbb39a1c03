import type { FrameworkError } from '../errors/framework-error';
import type { Class } from '../metadata/slot';
import { readAnswerShape, type Shape } from './answer-shape';
import { isDescribed } from './class-schema';
import { pickDeclared } from './pick-declared';
import { makeSerialiser, type Serialiser } from './serialiser';

/** A class, or a list of it. */
export type Returned = Class | readonly [Class];

/** How answers of a class are written. */
export interface PreparedAnswer {
  readonly serialise: Serialiser;
  /** What is declared of one object among many that come one by one. Fails with: a TypeError, as `serialise` does. */
  readonly pickPart: (part: unknown) => unknown;
  /** What is wrong with the classes in it. */
  readonly mistakes: readonly FrameworkError[];
}

const lists = new WeakMap<Class, PreparedAnswer>();
const objects = new WeakMap<Class, PreparedAnswer>();

/** Made once for each class, whatever the number of routes. Out: `undefined` for what is no class with declared properties. */
export function prepareAnswer(type: Returned): PreparedAnswer | undefined {
  const isList = Array.isArray(type);
  const declared: unknown = isList && type.length === 1 ? type[0] : type;
  if (!isDescribed(declared)) return undefined;
  const known = isList ? lists : objects;
  let answer = known.get(declared);
  if (answer === undefined) known.set(declared, (answer = prepare(declared, isList)));
  return answer;
}

function prepare(type: Class, isList: boolean): PreparedAnswer {
  const { shape: part, mistakes } = readAnswerShape(type);
  const shape: Shape = isList ? { kind: 'list', items: part } : part;
  return { serialise: makeSerialiser(shape), pickPart: (value) => pickOne(part, value), mistakes };
}

function pickOne(shape: Shape, part: unknown): unknown {
  if (typeof part !== 'object' || part === null) {
    throw new TypeError(`a part is of the kind ${typeof part}, where an object is declared`);
  }
  return pickDeclared(shape, part);
}
