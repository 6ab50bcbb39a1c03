import type { InputIssue } from '../errors/framework-error';
import type { Choice, ClassPlan, PropertyPlan, Shape } from './class-plan';
import { convertHeld } from './converted-value';
import { freeValueIssue } from './free-value';
import { cut, issueAt, MOST_ISSUES, pathTo } from './issues';
import { isPlainObject } from './plain-object';

type Input = Readonly<Record<string, unknown>>;
type Instance = Record<string, unknown>;

/**
 * Makes an instance of the plan's class, and of the classes nested in it: initialisers give the defaults, `input` what
 * it has. Keys that may not be there become `issues`. Values of the wrong kind are set as they came: whether they are
 * right is asked afterwards (`validate.ts`).
 */
export function instantiate(plan: ClassPlan, input: Input, issues: InputIssue[]): object {
  return makeInstance(plan, input, '', issues, undefined);
}

function makeInstance(plan: ClassPlan, input: Input, path: string, issues: InputIssue[], leaveOut: string | undefined): object {
  const instance = new plan.type() as Instance;
  for (const key of Object.keys(input)) {
    const property = plan.inputs.get(key);
    if (property !== undefined) setProperty(instance, property, input, path, issues);
    else if (key !== leaveOut && issues.length < MOST_ISSUES) issues.push(notAllowed(key, path));
  }
  for (const property of plan.properties) {
    if (!property.transformsMissing || Object.hasOwn(input, property.inputName)) continue;
    assign(instance, property, runTransforms(property, undefined, input));
  }
  return instance;
}

function notAllowed(key: string, path: string): InputIssue {
  const name = cut(key);
  return issueAt(pathTo(path, name), `property ${name} is not allowed`, 'whitelistValidation');
}

function setProperty(instance: Instance, property: PropertyPlan, input: Input, path: string, issues: InputIssue[]): void {
  const raw = input[property.inputName];
  const { shape } = property;
  // Most values hold nothing that would need a path.
  const inside = typeof raw === 'string' && property.transforms.length === 0 ? path : pathTo(path, property.inputName);
  if (shape.kind === 'nested') {
    const nested = nest(raw, shape, inside, issues);
    const transformed = runTransforms(property, nested, input);
    // What a transform unpacked (a JSON string, say) becomes an instance like anything that came unpacked.
    assign(instance, property, transformed === nested ? nested : nest(transformed, shape, inside, issues));
    return;
  }
  const issue = freeValueIssue(raw, inside, shape.kind === 'converted');
  if (issue !== undefined) {
    issues.push(issue);
    instance[property.name] = raw;
    return;
  }
  assign(instance, property, runTransforms(property, shape.kind === 'converted' ? convertHeld(raw, shape) : raw, input));
}

function runTransforms(property: PropertyPlan, value: unknown, source: Input): unknown {
  let transformed = value;
  for (const transform of property.transforms) transformed = transform(transformed, property.name, source);
  return transformed;
}

/** Nothing leaves the initialiser's value standing, and so does null where the declared type has no room for it. */
function assign(instance: Instance, { name, nullIsMissing }: PropertyPlan, value: unknown): void {
  if (value === undefined) return;
  if (value === null && nullIsMissing && instance[name] !== undefined) return;
  instance[name] = value;
}

function nest(raw: unknown, { holder, choice }: Shape & { kind: 'nested' }, path: string, issues: InputIssue[]): unknown {
  if (Array.isArray(raw)) {
    if (holder === 'one' || holder === 'map') return raw;
    const made = raw.map((item, index) => nestOne(item, choice, pathTo(path, index), issues));
    return holder === 'set' ? new Set(made) : made;
  }
  if (holder === 'one' || holder === 'any') return nestOne(raw, choice, path, issues);
  if (holder !== 'map' || !isPlainObject(raw)) return raw;
  return new Map(Object.entries(raw).map(([key, item]) => [key, nestOne(item, choice, pathTo(path, cut(key)), issues)] as const));
}

function nestOne(raw: unknown, choice: Choice, path: string, issues: InputIssue[]): unknown {
  if (!isPlainObject(raw)) return raw;
  if (choice.by === 'declaration') return makeInstance(choice.plan, raw, path, issues, undefined);
  const name = Object.hasOwn(raw, choice.property) ? raw[choice.property] : undefined;
  const plan = typeof name === 'string' ? choice.plans.get(name) : undefined;
  return plan === undefined ? raw : makeInstance(plan, raw, path, issues, choice.keepProperty ? undefined : choice.property);
}
