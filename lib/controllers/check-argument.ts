// Hot: what is made here runs once a request.
import type { FrameworkError } from '../errors/framework-error';
import type { Exchange } from '../http/exchange';
import type { Class } from '../metadata/slot';
import { isValidatedClass } from '../validation/class-plan';
import { compileConverter, isConvertibleType, type RawText, type ValueRule, valueRuleOf } from '../validation/conversion';
import { explainErasedType } from '../validation/erased-type';
import { type Checked, inputInvalid, issueAt, issuesInside } from '../validation/issues';
import { compileSchema } from '../validation/schema';
import { controllerErrors } from './errors';
import type { ParameterDeclaration, ParameterPlace } from './parameter';

/** Makes of what was read, and what pipes made of it, a value of the declared type. Throws what the client is told. */
export type Check = (value: unknown, exchange: Exchange) => unknown;

/** Compiles what stands behind the pipes: conversion of text, validation of a class. `undefined`: nothing. */
export function compileCheck(
  declaration: ParameterDeclaration,
  at: ParameterPlace,
  isPiped: boolean,
): Check | FrameworkError | undefined {
  const { source, name, isText } = declaration;
  const { type } = at;
  if (!isText && source !== 'body') return undefined;
  if (!isPiped) {
    const reason = isText && name !== undefined ? whyNoText(type) : whyErased(type);
    if (reason !== undefined)
      return controllerErrors.ROUTE_PARAMETER_ERASED({ place: at.place, index: at.index, source, reason });
  }
  if (isValidatedClass(type)) return validated(type, declaration);
  if (name === undefined) return source === 'body' && type === Array && !isPiped ? list : undefined;
  return isText ? converted(type, name, isPiped || source !== 'param') : isPiped ? undefined : compileProperty(type, name);
}

/** Why text cannot become an argument of a declared type by itself. */
function whyNoText(type: unknown): string | undefined {
  if (isConvertibleType(type)) return undefined;
  const name = typeof type === 'function' ? type.name : String(type);
  return type === Function
    ? explainErasedType(Object)
    : (explainErasedType(type) ??
        `text cannot become a ${name} by itself. Declare it as string, number, boolean, bigint, Date or an array of text, or give a pipe`);
}

/** Why nobody can know what the whole was declared as. An interface and \`unknown\` look the same here, and are let through. */
function whyErased(type: unknown): string | undefined {
  if (type === Function) return explainErasedType(Object);
  return type === undefined ? explainErasedType(undefined) : undefined;
}

function validated(type: Class, { source, name }: ParameterDeclaration): Check {
  const schema = compileSchema(type);
  const finish = (checked: Checked): unknown => accept(checked, name);
  // Browsers and proxies add headers and cookies of their own.
  const unknownNames = source === 'headers' || source === 'cookies' ? 'ignore' : 'refuse';
  return (value, exchange) => {
    if (name !== undefined && value === undefined) return undefined;
    // A form is all text, as is everything outside of the body.
    const isText = source !== 'body' || exchange.bodyTaken === 'form';
    const checked = isText ? schema.checkRecord(value, unknownNames) : schema.check(value);
    return checked instanceof Promise ? checked.then(finish) : finish(checked);
  };
}

/** Text is converted to the declared type; what a pipe made something else of stays what it is. */
function converted(type: unknown, name: string, isNeeded: boolean): Check | undefined {
  if (!isConvertibleType(type) || (type === String && !isNeeded)) return undefined;
  const convert = compileConverter(type);
  return (value) => {
    if (value !== undefined && typeof value !== 'string' && !isList(value)) return value;
    const checked = convert(value as RawText, name);
    return checked.ok ? checked.value : accept(checked);
  };
}

function isList(value: unknown): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

/** One property of a body: what JSON cannot say, and every field of a form, is text; nothing stays nothing. */
function compileProperty(type: unknown, name: string): Check | undefined {
  if (type === Array) {
    return (value, exchange) => {
      if (value === undefined || value === null || Array.isArray(value)) return value;
      return exchange.bodyTaken === 'form' ? [value] : refuse(name, 'a list', 'isArray');
    };
  }
  const rule: ValueRule | undefined = valueRuleOf(type);
  if (rule === undefined) return undefined;
  const comesAsText = type === Date || type === BigInt;
  return (value, exchange) => {
    if (value === undefined || value === null || rule.is(value)) return value;
    const isText = typeof value === 'string' && (comesAsText || exchange.bodyTaken === 'form');
    const parsed: unknown = isText ? rule.parse(value) : undefined;
    return parsed ?? refuse(name, rule.expected, rule.code);
  };
}

/** A whole body of a declared list; what is in it nobody can know. */
function list(value: unknown): unknown {
  return Array.isArray(value) ? value : refuse('', 'a list', 'isArray');
}

function refuse(name: string, expected: string, code: string): never {
  throw inputInvalid([issueAt(name, `${name || 'the body'} must be ${expected}`, code)]);
}

/** The value that passed, or the failure that lists what did not. */
function accept(checked: Checked, name = ''): unknown {
  if (checked.ok) return checked.value;
  throw inputInvalid(issuesInside(name, checked.issues));
}
