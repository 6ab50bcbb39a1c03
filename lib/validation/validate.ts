import type { InputIssue } from '../errors/framework-error';
import type { Choice, ClassPlan, PropertyPlan, Shape } from './class-plan';
import type { Constraint, ConstraintArguments } from './class-validator-door';
import { Findings, isThenable, meetLater } from './findings';
import { cut, issueAt, pathTo } from './issues';
import { messageText } from './message';
import { isPlainObject } from './plain-object';

type NestedShape = Shape & { readonly kind: 'nested' };

/** One instance that is being looked at, and where it is. */
interface Inspection {
  readonly plan: ClassPlan;
  readonly object: object;
  readonly path: string;
  readonly levelsLeft: number;
  readonly findings: Findings;
}

/**
 * Asks every validator about an instance and what is nested in it.
 *
 * Out: the issues in the order of the properties, then of the decorators as they are read; a promise only when a
 * validator answered with one.
 * Fails with: whatever a validator throws or rejects with.
 */
export function validate(
  plan: ClassPlan,
  object: object,
  maxDepth: number,
): readonly InputIssue[] | Promise<readonly InputIssue[]> {
  const findings = new Findings();
  inspect({ plan, object, path: '', levelsLeft: maxDepth, findings });
  return findings.settle();
}

function inspect(at: Inspection): void {
  for (const property of at.plan.properties) {
    if (at.findings.full) return;
    inspectProperty(property, at);
  }
}

function inspectProperty({ name, inputName, rules, shape }: PropertyPlan, at: Inspection): void {
  const value = (at.object as Readonly<Record<string, unknown>>)[name];
  if (!rules.conditions.every((holds) => holds(at.object, value))) return;
  const path = pathTo(at.path, inputName);
  for (const constraint of rules.constraints) askConstraint(constraint, name, value, path, at);
  if (shape.kind === 'nested') inspectNested(shape, name, value, path, at);
}

function argumentsOf(property: string, value: unknown, constraints: readonly unknown[], at: Inspection): ConstraintArguments {
  return { targetName: at.plan.type.name, property, object: at.object, value, constraints };
}

function askConstraint(constraint: Constraint, name: string, value: unknown, path: string, at: Inspection): void {
  if (constraint.appliesTo !== undefined && !constraint.appliesTo(at.object, value)) return;
  const args = argumentsOf(name, value, constraint.parameters, at);
  const answer = constraint.each && isCollection(value) ? askOfEach(constraint, value, args) : constraint.validate(value, args);
  const issue = (): InputIssue =>
    issueAt(path, messageText(constraint.message(args), args, `${name} is not valid`), constraint.code);
  if (isThenable(answer)) at.findings.addLater(answer.then((isFine) => (isFine ? undefined : issue())));
  else if (!answer) at.findings.add(issue());
}

function isCollection(value: unknown): value is readonly unknown[] | ReadonlySet<unknown> | ReadonlyMap<unknown, unknown> {
  return Array.isArray(value) || value instanceof Set || value instanceof Map;
}

/** A promise among the answers makes the whole answer one. */
function askOfEach(constraint: Constraint, values: Iterable<unknown>, args: ConstraintArguments): unknown {
  const answers: unknown[] = [];
  let pending = false;
  for (const value of values instanceof Map ? (values as ReadonlyMap<unknown, unknown>).values() : values) {
    const answer = constraint.validate(value, args);
    if (isThenable(answer)) {
      pending = true;
      meetLater(answer);
    } else if (!answer) return false;
    answers.push(answer);
  }
  return pending ? Promise.all(answers).then((all) => all.every(Boolean)) : true;
}

function inspectNested(shape: NestedShape, name: string, value: unknown, path: string, at: Inspection): void {
  const { holder } = shape;
  if (Array.isArray(value) && (holder === 'list' || holder === 'any')) inspectEach(value.entries(), name, shape, path, at);
  else if (value instanceof Set && holder === 'set') inspectEach([...value].entries(), name, shape, path, at);
  else if (value instanceof Map && holder === 'map') inspectEach(value, name, shape, path, at);
  else if (holder === 'one' || holder === 'any') inspectOne(shape, name, value, path, at);
  else at.findings.add(nestedIssue(shape, name, holder === 'map' ? 'an object' : 'an array', value, path, at));
}

function inspectEach(items: Iterable<[unknown, unknown]>, name: string, shape: NestedShape, path: string, at: Inspection): void {
  for (const [key, item] of items) {
    if (at.findings.full) return;
    const place = cut(String(key));
    inspectOne(shape, `${name}.${place}`, item, pathTo(path, place), at);
  }
}

function inspectOne(shape: NestedShape, name: string, value: unknown, path: string, at: Inspection): void {
  const plan = planOfInstance(shape.choice, value);
  if (plan === undefined) at.findings.add(noInstanceIssue(shape, name, value, path, at));
  // The input has no more levels than this, but a transform may have made more of it.
  else if (at.levelsLeft === 0) at.findings.add(issueAt(path, 'the input has too many levels', 'maxDepth'));
  else inspect({ plan, object: value as object, path, levelsLeft: at.levelsLeft - 1, findings: at.findings });
}

/** Undefined when the value is no instance of a class that may stand here. */
function planOfInstance(choice: Choice, value: unknown): ClassPlan | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (choice.by === 'declaration') return value instanceof choice.plan.type ? choice.plan : undefined;
  const prototype: unknown = Object.getPrototypeOf(value);
  for (const plan of choice.plans.values()) if (prototype === plan.type.prototype) return plan;
  return undefined;
}

function noInstanceIssue(shape: NestedShape, name: string, value: unknown, path: string, at: Inspection): InputIssue {
  const { choice } = shape;
  if (choice.by === 'declaration' || !isPlainObject(value)) return nestedIssue(shape, name, 'an object', value, path, at);
  const names = [...choice.plans.keys()].join(', ');
  return issueAt(pathTo(path, choice.property), `${choice.property} must be one of: ${names}`, 'discriminator');
}

function nestedIssue(
  shape: NestedShape,
  name: string,
  expected: string,
  value: unknown,
  path: string,
  at: Inspection,
): InputIssue {
  const text = messageText(shape.message, argumentsOf(name, value, [], at), `${name} must be ${expected}`);
  return issueAt(path, text, 'nestedValidation');
}
