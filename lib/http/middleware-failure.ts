import { type FrameworkError } from '../errors/framework-error';
import { HttpError } from '../errors/http-error';

/** What the errors of middleware say besides their message, as http-errors has it. */
interface SaysStatus {
  readonly status?: unknown;
  readonly statusCode?: unknown;
  readonly expose?: unknown;
  readonly headers?: unknown;
  readonly message?: unknown;
}

/** Errors that middleware passed on: only theirs may say a status. What a handler's own calls fail with may not. */
const passedOn = new WeakSet<object>();

/** Remembers that a middleware passed this error on, so that its `status` is kept. Out: the error. */
export function heedStatus(error: unknown): unknown {
  if (typeof error === 'object' && error !== null) passedOn.add(error);
  return error;
}

/**
 * The failure that a middleware's error says it is: its `status` (or `statusCode`) from 400 to 599, its `headers`, and its
 * message where `expose` allows that. `undefined`: it says none, or is nobody's of middleware.
 */
export function failureOfMiddleware(error: unknown): FrameworkError | undefined {
  if (typeof error !== 'object' || error === null || !passedOn.has(error)) return undefined;
  const { status, statusCode, expose, headers, message } = error as SaysStatus;
  const said = status ?? statusCode;
  if (typeof said !== 'number' || !Number.isInteger(said) || said < 400 || said > 599 || said === 499) return undefined;
  return new HttpError(said, {
    cause: error,
    ...(expose === true && typeof message === 'string' ? { detail: message } : {}),
    ...(typeof headers === 'object' && headers !== null ? { headers: textsOf(headers) } : {}),
  });
}

function textsOf(headers: object): Record<string, string> {
  const told = Object.entries(headers).filter(([, value]) => typeof value === 'string' || typeof value === 'number');
  return Object.fromEntries(told.map(([name, value]) => [name, String(value)]));
}
