// The loop over the properties of a class, written out as a function of its own: V8 then knows the place of each property in
// the objects that pass, and sees through the checks of each. That is half of what a valid body costs.
import type { ConcreteClass } from '../metadata/slot';

type Input = Readonly<Record<string, unknown>>;
type Instance = Record<string, unknown>;

/** What is done with one property. */
export interface Step {
  readonly name: string;
  readonly inputName: string;
  /** An initialiser stands in for null. */
  readonly nullIsMissing: boolean;
  /** Out: the value for the instance; `undefined` when it is not plainly right. In: `raw`, neither `undefined` nor null. */
  readonly take: (raw: unknown, instance: Instance, levelsLeft: number) => unknown;
}

export interface Walk {
  readonly type: ConcreteClass;
  readonly steps: readonly Step[];
  /** Whether an input is an object that was parsed. */
  readonly isParsed: (input: unknown) => input is Input;
  /** Whether an instance is right, as a value was nothing or null. */
  readonly isFine: (instance: Instance, input: Input) => boolean;
  /** Whether it is asked for every instance. */
  readonly isAlwaysAsked: boolean;
}

type Unrolled = (input: unknown, levelsLeft: number) => object | undefined;

/** How many keys it has, without making a list of them. One that everything inherits counts as well: it decides nothing. */
function countKeys(input: Input): number {
  let count = 0;
  // eslint-disable-next-line @typescript-eslint/no-unused-vars -- it is counted
  for (const _key in input) count++;
  return count;
}

/**
 * Makes the function that makes an instance of an input in which all is plainly right; of any other it gives `undefined`.
 *
 * The names are those of the application's own classes. They become literals.
 */
export function unrolled({ type, steps, isParsed, isFine, isAlwaysAsked }: Walk): Unrolled {
  const source = `'use strict';
return (input, levelsLeft) => {
  if (!isParsed(input)) return undefined;
  const instance = new type();
  let known = 0;
  let isAsked = ${isAlwaysAsked};
  let raw;
  let value;
${steps.map(sourceOf).join('')}
  // Whatever else is there is not allowed, or was undefined.
  if (known !== countKeys(input)) return undefined;
  return isAsked && !isFine(instance, input) ? undefined : instance;
};`;
  const given = { type, isParsed, isFine, countKeys };
  const takes = steps.map(({ take }) => take);
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- nothing in it comes from a client
  const make = new Function(...Object.keys(given), ...takes.map((_, at) => `take${at}`), source) as (
    ...all: unknown[]
  ) => Unrolled;
  return make(...Object.values(given), ...takes);
}

function sourceOf({ name, inputName, nullIsMissing }: Step, at: number): string {
  const place = `instance[${JSON.stringify(name)}]`;
  return `
  raw = input[${JSON.stringify(inputName)}];
  if (raw === undefined) {
    isAsked = true;
  } else {
    known++;
    if (raw === null) {
      isAsked = true;
      ${nullIsMissing ? `if (${place} === undefined) ` : ''}${place} = null;
    } else {
      value = take${at}(raw, instance, levelsLeft);
      if (value === undefined) return undefined;
      ${place} = value;
      // An accessor that the constructor made may have made something else of it.
      if (${place} !== value) return undefined;
    }
  }`;
}
