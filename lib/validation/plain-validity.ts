// Hot: the quick half of `validate-instance.ts`.
import type { Class } from '../metadata/slot';
import { type Constraint, isNamedByLibrary, type PropertyRules, readChosenRules, type RuleChoice } from './class-validator-door';
import { compilePlainCheck, type PlainCheck } from './plain-check';

/** Whether objects are plainly valid, by class-validator's meaning of its decorators. `false` decides nothing. */
export class PlainValidity {
  readonly #choice: RuleChoice;
  readonly #classes = new WeakMap<Class, CompiledClass>();

  constructor(choice: RuleChoice) {
    this.#choice = choice;
  }

  /** In: `isStrict`, whether an object may have no more properties than decorators name. */
  isValid(object: object, isStrict: boolean): boolean {
    const type: unknown = object.constructor;
    if (typeof type !== 'function') return false;
    const compiled = this.#compiledOf(type as unknown as Class);
    if (compiled === undefined || (isStrict && !Object.keys(object).every((name) => compiled.names.has(name)))) return false;
    return compiled.properties.every((property) => this.#isFine(property, object as Readonly<Record<string, unknown>>, isStrict));
  }

  #isFine(
    { name, conditions, checks, isNested }: CompiledProperty,
    object: Readonly<Record<string, unknown>>,
    isStrict: boolean,
  ): boolean {
    const value = object[name];
    if (!doAllHold(conditions, object, value)) return true;
    return checks.every((check) => check(value, object, value)) && (!isNested || this.#isNestedFine(value, isStrict));
  }

  #isNestedFine(value: unknown, isStrict: boolean): boolean {
    if (value === undefined) return true;
    if (Array.isArray(value)) return value.every((item) => this.#isNestedFine(item, isStrict));
    return value instanceof Object && !(value instanceof Set) && !(value instanceof Map) && this.isValid(value, isStrict);
  }

  #compiledOf(type: Class): CompiledClass | undefined {
    const known = this.#classes.get(type);
    if (known?.isCurrent() === true) return known.isQuick ? known : undefined;
    const compiled = compile(type, this.#choice);
    this.#classes.set(type, compiled);
    return compiled.isQuick ? compiled : undefined;
  }
}

/** Each is asked, as class-validator does it: one may throw behind one that does not hold. */
function doAllHold(conditions: PropertyRules['conditions'], object: object, value: unknown): boolean {
  let all = true;
  for (const holds of conditions) if (!holds(object, value)) all = false;
  return all;
}

interface CompiledProperty {
  readonly name: string;
  readonly conditions: PropertyRules['conditions'];
  readonly checks: readonly PlainCheck[];
  readonly isNested: boolean;
}

interface CompiledClass {
  readonly isQuick: boolean;
  readonly names: ReadonlySet<string>;
  readonly properties: readonly CompiledProperty[];
  isCurrent(): boolean;
}

function compile(type: Class, choice: RuleChoice): CompiledClass {
  const rules = readChosenRules(type, choice);
  const isQuick = rules?.properties.every(isQuickProperty) === true;
  const properties = isQuick && rules !== undefined ? rules.properties : [];
  return {
    isQuick,
    names: new Set(properties.map(({ name }) => name)),
    properties: properties.map(({ name, conditions, constraints, nested }) => ({
      name,
      conditions,
      checks: constraints.map((constraint) => compilePlainCheck(type.name, name, constraint)),
      isNested: nested !== undefined,
    })),
    // Where it could not be read, it is looked at again.
    isCurrent: () => rules?.isCurrent() ?? false,
  };
}

/** Over a name that every object has, class-validator throws. */
function isQuickProperty({ name, constraints }: PropertyRules): boolean {
  return !(name in Object.prototype) && constraints.every(isQuickConstraint);
}

/** Of objects that could not be asked, class-validator's own throws. */
function isQuickConstraint({ code, isAsync }: Constraint): boolean {
  return code !== 'isNotEmptyObject' && !isAsync && isNamedByLibrary(code);
}
