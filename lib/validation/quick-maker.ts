// Hot: every valid body is made here. What is not plainly right is left to `instantiate.ts` and `validate.ts`, which say why.
import type { ClassPlan, PropertyPlan, Shape } from './class-plan';
import { isNamedByLibrary } from './class-validator-door';
import { compilePlainChecks, type PlainCheck } from './plain-check';
import { convertHeld } from './converted-value';
import { freeValueIssue, tooDeepIssue } from './free-value';

/** Makes the instance of an input that is plainly right; `undefined` decides nothing. In: how many levels the input may have below itself. */
export type QuickMaker = (input: unknown, levelsLeft: number) => object | undefined;

type Input = Readonly<Record<string, unknown>>;
type Instance = Record<string, unknown>;

/** Prepares the making of instances of a class, when all its validators are class-validator's own, and nothing is transformed. */
export function compileQuickMaker(plan: ClassPlan): QuickMaker | undefined {
  return canBeQuick(plan, new Set()) ? makerOf(plan, new Map()) : undefined;
}

function canBeQuick(plan: ClassPlan, seen: Set<ClassPlan>): boolean {
  if (seen.has(plan)) return true;
  seen.add(plan);
  return plan.properties.every((property) => isQuickProperty(plan, property, seen));
}

function isQuickProperty(
  plan: ClassPlan,
  { name, rules, shape, transforms, inputName }: PropertyPlan,
  seen: Set<ClassPlan>,
): boolean {
  // What belongs to the application runs once, whatever comes of it.
  if (transforms.length > 0 || !rules.constraints.every(({ code }) => isNamedByLibrary(code))) return false;
  // An accessor may make anything of what it is given, and a name that every object has says nothing by being there.
  if (name in plan.type.prototype || inputName in Object.prototype || plan.inputs.get(inputName)?.name !== name) return false;
  if (shape.kind === 'converted') return shape.holder !== 'map' && shape.holder !== 'set' && CONVERTED.has(shape.type);
  if (shape.kind === 'free') return true;
  if (shape.holder === 'map' || shape.holder === 'set') return false;
  return shape.choice.by === 'declaration' && canBeQuick(shape.choice.plan, seen);
}

/** Made of a value without running what belongs to somebody else. */
const CONVERTED: ReadonlySet<unknown> = new Set([String, Number, Boolean, Date]);

/** Classes may be nested in themselves: each is compiled once, and found here before it is. */
function makerOf(plan: ClassPlan, made: Map<ClassPlan, { make: QuickMaker }>): QuickMaker {
  const known = made.get(plan);
  if (known !== undefined) return (input, levelsLeft) => known.make(input, levelsLeft);
  const entry = { make: (): undefined => undefined } as { make: QuickMaker };
  made.set(plan, entry);
  const properties = plan.properties.map((property) => new QuickProperty(plan, property, made));
  const checkedAtOnce = properties.every((property) => property.checkedAtOnce);
  const { type } = plan;
  entry.make = (input, levelsLeft) => {
    if (!isParsed(input)) return undefined;
    const instance = new type() as Instance;
    let known = 0;
    let isChecked = checkedAtOnce;
    for (let i = 0; i < properties.length; i++) {
      const raw = input[properties[i].inputName];
      if (raw === undefined || raw === null) isChecked = false;
      if (raw !== undefined) {
        if (!properties[i].take(raw, instance, levelsLeft)) return undefined;
        known++;
      }
    }
    // Whatever else is there is not allowed, or was undefined.
    if (known !== countKeys(input)) return undefined;
    if (isChecked) return instance;
    for (let i = 0; i < properties.length; i++) if (!properties[i].isFine(instance, input)) return undefined;
    return instance;
  };
  return entry.make;
}

/** Whether all that an object has is its own, as of one that was parsed. */
function isParsed(input: unknown): input is Input {
  if (typeof input !== 'object' || input === null) return false;
  const prototype: unknown = Object.getPrototypeOf(input);
  return prototype === Object.prototype || prototype === null;
}

/** How many keys it has, without making a list of them. One that everything inherits counts as well: it decides nothing. */
function countKeys(input: Input): number {
  let count = 0;
  // eslint-disable-next-line @typescript-eslint/no-unused-vars -- it is counted
  for (const _key in input) count++;
  return count;
}

/** One property of a class, with nothing left to look up. */
class QuickProperty {
  readonly name: string;
  readonly inputName: string;
  /** Whether a value that is there is checked when it is taken: nothing else decides whether it is. */
  readonly checkedAtOnce: boolean;
  private readonly nullIsMissing: boolean;
  private readonly convert: ((raw: unknown) => unknown) | undefined;
  private readonly nest: ((raw: unknown, levelsLeft: number) => unknown) | undefined;
  private readonly conditions: PropertyPlan['rules']['conditions'];
  private readonly check: PlainCheck | undefined;

  constructor(plan: ClassPlan, property: PropertyPlan, made: Map<ClassPlan, { make: QuickMaker }>) {
    const { name, inputName, nullIsMissing, rules, shape } = property;
    this.name = name;
    this.inputName = inputName;
    this.nullIsMissing = nullIsMissing;
    this.convert = shape.kind === 'converted' ? (raw) => convertHeld(raw, shape) : undefined;
    this.nest = shape.kind === 'nested' ? compileNest(shape, made) : undefined;
    this.conditions = rules.conditions;
    this.check = compilePlainChecks(plan.type.name, name, rules.constraints);
    this.checkedAtOnce = rules.conditions.length === 0 && rules.constraints.every(({ appliesTo }) => appliesTo === undefined);
  }

  /** Sets what the input has. Out: whether it could, and nothing is wrong with it so far. */
  take(raw: unknown, instance: Instance, levelsLeft: number): boolean {
    let value = raw;
    if (this.nest !== undefined) {
      if (raw !== null) value = this.nest(raw, levelsLeft);
      if (value === undefined) return false;
    } else {
      if (typeof raw === 'object' && raw !== null && !isHarmless(raw, levelsLeft, this.convert !== undefined)) return false;
      if (this.convert !== undefined) value = this.convert(raw);
    }
    if (this.checkedAtOnce && raw !== null && this.check?.(value, instance, value) === false) return false;
    this.#assign(instance, value);
    return true;
  }

  isFine(instance: Instance, input: Input): boolean {
    const raw = input[this.inputName] ?? undefined;
    if (this.checkedAtOnce && raw !== undefined) return true;
    const value = instance[this.name];
    for (const holds of this.conditions) if (!holds(instance, value)) return true;
    if (this.check?.(value, instance, value) === false) return false;
    // What is nested was looked at when it was made; a default was not.
    return this.nest === undefined || raw !== undefined;
  }

  #assign(instance: Instance, value: unknown): void {
    if (value === undefined || (value === null && this.nullIsMissing && instance[this.name] !== undefined)) return;
    instance[this.name] = value;
  }
}

/** Whether a value whose inside no class describes is not too deep, and reaches no prototype. */
function isHarmless(value: object, levelsLeft: number, isConverted: boolean): boolean {
  if (levelsLeft < 1) return false;
  if (Array.isArray(value) && value.every(isPrimitive)) return true;
  return tooDeepIssue(value, levelsLeft - 1) === undefined && freeValueIssue(value, '', isConverted) === undefined;
}

function isPrimitive(value: unknown): boolean {
  return typeof value !== 'object' || value === null;
}

function compileNest(
  { holder, choice }: Shape & { readonly kind: 'nested' },
  made: Map<ClassPlan, { make: QuickMaker }>,
): (raw: unknown, levelsLeft: number) => unknown {
  const make = choice.by === 'declaration' ? makerOf(choice.plan, made) : undefined;
  const one: QuickMaker = (input, levelsLeft) => (levelsLeft < 0 ? undefined : make?.(input, levelsLeft));
  const list = (raw: readonly unknown[], levelsLeft: number): unknown => {
    const items: object[] = [];
    for (const item of raw) {
      const instance = one(item, levelsLeft - 2);
      if (instance === undefined) return undefined;
      items.push(instance);
    }
    return items;
  };
  if (holder === 'one') return (raw, levelsLeft) => (levelsLeft < 1 || Array.isArray(raw) ? undefined : one(raw, levelsLeft - 1));
  return (raw, levelsLeft) => {
    if (levelsLeft < 1) return undefined;
    if (Array.isArray(raw)) return list(raw, levelsLeft);
    return holder === 'list' ? undefined : one(raw, levelsLeft - 1);
  };
}
