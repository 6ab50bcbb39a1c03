import { relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A place in the source that is written down as it is met, and only read when a message needs it. */
export interface DeclaredAt {
  readonly stack?: string;
}

type Factory = (...args: never[]) => unknown;

/** Notes where `factory` is being called; it costs about a microsecond, so it is for what is declared and not for what runs. */
export function noteCaller(factory: Factory): DeclaredAt {
  const at: DeclaredAt = {};
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 1;
  Error.captureStackTrace(at, factory);
  Error.stackTraceLimit = stackTraceLimit;
  return at;
}

/** The file of a place, from the working directory where it is below that; `undefined` when it is not known. */
export function fileOf({ stack = '' }: DeclaredAt): string | undefined {
  const line = stack.split('\n').at(-1) ?? '';
  const place = /(?:\(|at )((?:file:\/\/)?[^()]+?)(?::\d+){1,2}\)?$/.exec(line)?.[1];
  if (place === undefined || place.startsWith('node:')) return undefined;
  const path = place.startsWith('file:') ? fileURLToPath(place) : place;
  const below = relative(process.cwd(), path);
  return (below.startsWith('..') ? path : below).split(sep).join('/');
}
