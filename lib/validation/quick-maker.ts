// Hot: every valid body is made here. What is not plainly right is left to `instantiate.ts` and `validate.ts`, which say why.
import type { ClassPlan, PropertyPlan, Shape } from './class-plan';
import { type Constraint, isNamedByLibrary } from './class-validator-door';
import { compilePlainChecks, type PlainCheck } from './plain-check';
import { convertHeld } from './converted-value';
import { freeValueIssue, tooDeepIssue } from './free-value';
import { compileSurely } from './sure-constraint';
import { type Step, unrolled } from './unrolled';

/** Makes the instance of an input that is plainly right; `undefined` decides nothing. In: how many levels the input may have below itself. */
export type QuickMaker = (input: unknown, levelsLeft: number) => object | undefined;

type Input = Readonly<Record<string, unknown>>;
type Instance = Record<string, unknown>;

/** Prepares the making of instances of a class, when all its validators are class-validator's own, and nothing is transformed. */
export function compileQuickMaker(plan: ClassPlan): QuickMaker | undefined {
  if (!canBeQuick(plan, new Set())) return undefined;
  try {
    return makerOf(plan, new Map());
  } catch (error) {
    // Node was told to make no functions of text (`--disallow-code-generation-from-strings`).
    if (error instanceof EvalError) return undefined;
    throw error;
  }
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
  const properties = plan.properties.map((property) => readProperty(plan, property, made));
  entry.make = unrolled({
    type: plan.type,
    steps: properties.map((property) => ({ ...property, take: takeBy(property) })),
    isParsed,
    isFine: (instance, input) => properties.every((property) => isFine(property, instance, input)),
    isAlwaysAsked: !properties.every(({ checkedAtOnce }) => checkedAtOnce),
  });
  return entry.make;
}

/** Whether all that an object has is its own, as of one that was parsed. */
function isParsed(input: unknown): input is Input {
  if (typeof input !== 'object' || input === null) return false;
  const prototype: unknown = Object.getPrototypeOf(input);
  return prototype === Object.prototype || prototype === null;
}

/** One property of a class, with nothing left to look up. */
interface QuickProperty {
  readonly name: string;
  readonly inputName: string;
  readonly nullIsMissing: boolean;
  readonly convert: ((raw: unknown) => unknown) | undefined;
  readonly nest: ((raw: unknown, levelsLeft: number) => unknown) | undefined;
  readonly conditions: PropertyPlan['rules']['conditions'];
  readonly check: PlainCheck | undefined;
  /** Whether a value that is there is checked when it is taken: nothing but the value decides whether it is right. */
  readonly checkedAtOnce: boolean;
}

function readProperty(plan: ClassPlan, property: PropertyPlan, made: Map<ClassPlan, { make: QuickMaker }>): QuickProperty {
  const { name, inputName, nullIsMissing, rules, shape } = property;
  return {
    name,
    inputName,
    nullIsMissing,
    convert: shape.kind === 'converted' ? (raw) => convertHeld(raw, shape) : undefined,
    nest: shape.kind === 'nested' ? compileNest(shape, made) : undefined,
    conditions: rules.conditions,
    check: compilePlainChecks(plan.type.name, name, rules.constraints),
    checkedAtOnce: rules.conditions.length === 0 && rules.constraints.every(isOfValueAlone),
  };
}

/** Another's constraint, by a name of class-validator's, may look at the whole instance. */
function isOfValueAlone(constraint: Constraint): boolean {
  return constraint.appliesTo === undefined && compileSurely(constraint) !== undefined;
}

const alwaysRight: PlainCheck = () => true;

/** Prepares the value for the instance: as it came, converted, or made of it. */
function takeBy({ convert, nest, check, checkedAtOnce }: QuickProperty): Step['take'] {
  const isRight = (checkedAtOnce ? check : undefined) ?? alwaysRight;
  if (nest !== undefined) {
    return (raw, instance, levelsLeft) => {
      const value = nest(raw, levelsLeft);
      return value !== undefined && isRight(value, instance, value) ? value : undefined;
    };
  }
  if (convert !== undefined) {
    return (raw, instance, levelsLeft) => {
      if (typeof raw === 'object' && !isHarmless(raw, levelsLeft, true)) return undefined;
      const value = convert(raw);
      return isRight(value, instance, value) ? value : undefined;
    };
  }
  return (raw, instance, levelsLeft) =>
    (typeof raw !== 'object' || isHarmless(raw, levelsLeft, false)) && isRight(raw, instance, raw) ? raw : undefined;
}

function isFine(
  { name, inputName, nest, conditions, check, checkedAtOnce }: QuickProperty,
  instance: Instance,
  input: Input,
): boolean {
  const raw = input[inputName] ?? undefined;
  if (checkedAtOnce && raw !== undefined) return true;
  const value = instance[name];
  for (const holds of conditions) if (!holds(instance, value)) return true;
  if (check?.(value, instance, value) === false) return false;
  // What is nested was looked at when it was made; a default was not.
  return nest === undefined || raw !== undefined;
}

/** Whether a value whose inside no class describes is not too deep, and reaches no prototype. */
function isHarmless(value: object | null, levelsLeft: number, isConverted: boolean): boolean {
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
