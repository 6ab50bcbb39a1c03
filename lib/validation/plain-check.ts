// Hot: asked of every value of every valid body.
import type { Constraint, ConstraintArguments } from './class-validator-door';
import { isThenable, meetLater } from './findings';
import { compileSurely, type Surely, withoutImplied } from './sure-constraint';

/** Whether a value of an object is plainly right; of a list, `whole` is all of it. `false` decides nothing. */
export type PlainCheck = (value: unknown, object: object, whole: unknown) => boolean;

/** Prepares the check of all constraints of a property; `undefined`: it has none. */
export function compilePlainChecks(targetName: string, name: string, constraints: readonly Constraint[]): PlainCheck | undefined {
  if (constraints.length === 0) return undefined;
  const checks = constraints.map((constraint) => compilePlainCheck(targetName, name, constraint));
  const all = checks.reduce(
    (first, second) => (value, object, whole) => first(value, object, whole) && second(value, object, whole),
  );
  const surely = withoutImplied(constraints).map(compileSurelyAll);
  return surely.every((sure) => sure !== undefined) ? quicker(surely.reduce(both), all) : all;
}

/** Most values are surely right in all, which is asked with nothing but the value. */
function quicker(surely: Surely, check: PlainCheck): PlainCheck {
  return (value, object, whole) => surely(value) || check(value, object, whole);
}

function both(first: Surely, second: Surely): Surely {
  return (value) => first(value) && second(value);
}

function compileSurelyAll(constraint: Constraint): Surely | undefined {
  const surely = constraint.appliesTo === undefined ? compileSurely(constraint) : undefined;
  if (surely === undefined || !constraint.each) return surely;
  return (value) => Array.isArray(value) && areSurely(value, surely);
}

function areSurely(items: readonly unknown[], surely: Surely): boolean {
  for (let i = 0; i < items.length; i++) if (!surely(items[i])) return false;
  return true;
}

/** Prepares the check of one constraint of a property. In: the names of the class and of the property. */
export function compilePlainCheck(targetName: string, name: string, constraint: Constraint): PlainCheck {
  const { appliesTo, each } = constraint;
  const one = compileOne(targetName, name, constraint);
  const check: PlainCheck = each ? (value, object) => checkEach(one, value, object) : one;
  return appliesTo === undefined ? check : (value, object) => !appliesTo(object, value) || check(value, object, value);
}

function checkEach(one: PlainCheck, value: unknown, object: object): boolean {
  if (!Array.isArray(value)) return !(value instanceof Set) && !(value instanceof Map) && one(value, object, value);
  for (const item of value) if (!one(item, object, value)) return false;
  return true;
}

function compileOne(targetName: string, name: string, constraint: Constraint): PlainCheck {
  const { parameters } = constraint;
  // The one who asks a promise decides nothing: `true` itself is wanted.
  const asked: PlainCheck = (value, object, whole) => {
    const args: ConstraintArguments = {
      targetName,
      property: name,
      object,
      value: whole,
      constraints: parameters,
    };
    const answer = constraint.validate(value, args);
    if (answer === true) return true;
    // Who decides asks again, and meets the rejection of that promise alone.
    if (isThenable(answer)) meetLater(answer);
    return false;
  };
  const surely = compileSurely(constraint);
  return surely === undefined ? asked : (value, object, whole) => surely(value) || asked(value, object, whole);
}
