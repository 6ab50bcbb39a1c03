import { parseJson, whyNoJson } from '../http/json-text';
import type { Class } from '../metadata/slot';
import { readClassPlan } from '../validation/class-plan';
import { type Checked, inputInvalid } from '../validation/issues';
import { compileSchema } from '../validation/schema';
import { websocketErrors } from './errors';
import type { Incoming } from './inbox';

/** Text as a string, bytes as a Buffer. */
export function readRaw(data: Buffer, isBinary: boolean): string | Buffer {
  return isBinary ? data : data.toString('utf8');
}

/** Fails with: MESSAGE_MALFORMED. */
export function readJson(data: Buffer, isBinary: boolean): unknown {
  if (isBinary) throw malformed('text of JSON is expected, got bytes');
  const text = data.toString('utf8');
  try {
    return parseJson(text);
  } catch (error) {
    throw malformed(`JSON is expected, and ${whyNoJson(text, error)}`);
  }
}

/** A frame that is not what is taken; said as an issue too, since clients look there. */
export function malformed(reason: string) {
  return websocketErrors.MESSAGE_MALFORMED({ reason }, { errors: [{ path: '', message: reason, code: 'malformed' }] });
}

/** Makes an instance of a checked class of a message, a promise where a validator answers with one. Fails with: VALIDATION_FAILED. */
export type CheckMessage = (message: unknown) => unknown;

/**
 * Compiles the check of messages against a class. Their `type` says where they go, and is no part of it unless it is declared.
 *
 * Fails with: VALIDATION_CLASS_EMPTY, VALIDATION_TYPE_ERASED.
 */
export function compileMessageCheck(type: Class): CheckMessage {
  const schema = compileSchema(type);
  const keepsType = readClassPlan(type).inputs.has('type');
  const accept = (checked: Checked): unknown => {
    if (checked.ok) return checked.value;
    throw inputInvalid(checked.issues);
  };
  return (message) => {
    const checked = schema.check(keepsType ? message : withoutType(message));
    return checked instanceof Promise ? checked.then(accept) : accept(checked);
  };
}

function withoutType(message: unknown): unknown {
  if (typeof message !== 'object' || message === null || !Object.hasOwn(message, 'type')) return message;
  const rest: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(message)) if (name !== 'type') rest[name] = value;
  return rest;
}

/** How messages that are read by hand are made. In: a checked class; without it they stay as they come. */
export function compileReading(type: Class | undefined): (incoming: Incoming) => unknown {
  if (type === undefined) return ({ data, isBinary }) => readRaw(data, isBinary);
  const check = compileMessageCheck(type);
  return ({ data, isBinary }) => check(readJson(data, isBinary));
}
