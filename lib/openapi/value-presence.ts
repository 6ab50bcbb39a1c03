import type { ClassPlan, PropertyPlan } from '../validation/class-plan';
import { passesKnown, refusesNothing } from './constraint-schema';
import { isJson } from './json-schema';

/** When a property may be left out, and what stands in for it then. */
export interface Presence {
  readonly isRequired: boolean;
  readonly isNullable: boolean;
  /** The initialiser's value, where it is always the same and JSON can say it. */
  readonly defaultValue: unknown;
}

/** What the conditions of a property were found to do. */
interface Conditions {
  /** They look at other properties: whether the value is needed is not the property's own matter. */
  readonly dependsOnOthers: boolean;
  readonly skipMissing: boolean;
  readonly skipNull: boolean;
}

/** Instances as the class's initialisers leave them; none when it cannot be made without arguments. */
export function makeSamples({ type }: ClassPlan): readonly Readonly<Record<string, unknown>>[] {
  try {
    return [new type() as Record<string, unknown>, new type() as Record<string, unknown>];
  } catch {
    return [];
  }
}

/** Asks of one property whether it must be there. */
export function presenceOf(property: PropertyPlan, samples: readonly Readonly<Record<string, unknown>>[]): Presence {
  const { rules, shape } = property;
  const { dependsOnOthers, skipMissing, skipNull } = conditionsOf(property, samples[0] ?? {});
  const isAsked = shape.kind === 'nested' || rules.constraints.some(refusesNothing);
  const hasDefault = standsIn(property, samples[0]) || comesFromTransform(property);
  return {
    isRequired: isAsked && !hasDefault && !skipMissing && !dependsOnOthers,
    isNullable: rules.isOptional || skipNull,
    defaultValue: hasDefault ? stableDefault(property, samples) : undefined,
  };
}

function conditionsOf({ name, rules }: PropertyPlan, sample: Readonly<Record<string, unknown>>): Conditions {
  let dependsOnOthers = false;
  const without = (value: unknown): object =>
    new Proxy(
      { ...sample, [name]: value },
      {
        get(target, key, receiver) {
          if (key !== name) dependsOnOthers = true;
          return Reflect.get(target, key, receiver) as unknown;
        },
      },
    );
  const skips = (value: unknown): boolean =>
    rules.conditions.some((holds) => {
      try {
        return !holds(without(value), value);
      } catch {
        return false;
      }
    });
  const [skipMissing, skipNull] = [skips(undefined), skips(null)];
  return { dependsOnOthers, skipMissing, skipNull: skipNull && !dependsOnOthers };
}

/** An initialiser only stands in for nothing where its value is a valid one: `name = ''` may be there for the compiler alone. */
function standsIn({ name, rules, shape }: PropertyPlan, sample: Readonly<Record<string, unknown>> | undefined): boolean {
  const value = sample?.[name];
  if (value === undefined) return false;
  // Where a class is declared, an object that only looks like one is refused.
  if (shape.kind === 'nested' && isJson(value) && !(Array.isArray(value) && value.length === 0)) return false;
  return rules.constraints.every((constraint) => passesKnown(constraint, value, sample as object, name));
}

/** `@Expose` with `@Transform` makes a value of nothing. */
function comesFromTransform({ name, transforms, transformsMissing }: PropertyPlan): boolean {
  return transformsMissing && runTransforms(transforms, undefined, name) !== undefined;
}

/** What transforms make of a value; `undefined` when they throw. */
export function runTransforms(transforms: PropertyPlan['transforms'], value: unknown, name: string): unknown {
  try {
    return transforms.reduce((before, transform) => transform(before, name, { [name]: before }), value);
  } catch {
    return undefined;
  }
}

function stableDefault({ name }: PropertyPlan, samples: readonly Readonly<Record<string, unknown>>[]): unknown {
  const [one, other] = samples.map((sample) => sample[name]);
  return one !== undefined && isJson(one) && JSON.stringify(one) === JSON.stringify(other) ? one : undefined;
}
