import type { FrameworkError } from '../errors/framework-error';
import { pushErrors } from './errors';

/** Visible ASCII, and nothing that would end a `Link` or means something else to a browser. */
const SENDABLE = /^[\x21-\x7e]*$/;
const UNSAFE = /[<>"\\^`{|}#]/;
/** A client resolves these before it asks, and would never ask for what was pushed. */
const DOT_SEGMENT = /\/(?:\.|%2e){1,2}(?:[/?]|$)/i;
const LONGEST = 2_048;

/** Why a text is no path that can be pushed; `undefined`: it is one. */
function whyNoPath(path: unknown): string | undefined {
  if (typeof path !== 'string') return `expected a text, got ${path === null ? 'null' : typeof path}`;
  if (!path.startsWith('/')) return 'it does not start with a slash (nothing of another host can be pushed)';
  if (path.startsWith('//')) return 'two slashes would name another host';
  if (path.length > LONGEST) return `it is longer than ${LONGEST} characters`;
  if (!SENDABLE.test(path) || UNSAFE.test(path)) return 'it has characters that must be percent-encoded, or a fragment';
  return DOT_SEGMENT.test(path) ? 'it has the segment "." or ".."' : undefined;
}

/** Whether a text is a path that can be pushed. */
export function isPath(path: string): boolean {
  return whyNoPath(path) === undefined;
}

/** Fails with: PUSH_PATH_INVALID. */
export function checkPath(path: unknown, place: string): asserts path is string {
  const reason = whyNoPath(path);
  if (reason === undefined) return;
  const shown = typeof path === 'string' ? JSON.stringify(path) : String(path);
  throw pushErrors.PUSH_PATH_INVALID({ place, path: shown, reason });
}

/** A parameter of the pushing route in a path: a whole segment, `:id`. */
const PARAMETER = /(?<=\/):([A-Za-z_]\w*)(?=[/?]|$)/g;

/** A path to be pushed, as a decorator was given it: its parameters are those of the request. */
export class PathTemplate {
  readonly text: string;
  readonly names: readonly string[];

  /** Fails with: PUSH_PATH_INVALID. */
  constructor(text: string, place: string) {
    checkPath(text, place);
    this.text = text;
    this.names = [...text.matchAll(PARAMETER)].map(([, name]) => name);
  }

  /** What is wrong with it on a route of this pattern. */
  check(pattern: string, known: readonly string[], place: string): FrameworkError[] {
    return this.names
      .filter((name) => !known.includes(name))
      .map((name) => {
        const names = known.length === 0 ? 'none' : known.map((one) => `:${one}`).join(', ');
        return pushErrors.PUSH_PARAMETER_UNKNOWN({ place, path: this.text, pattern, name, names });
      });
  }

  /** The path for one request. */
  fill(params: Readonly<Record<string, string | undefined>>): string {
    if (this.names.length === 0) return this.text;
    return this.text.replace(PARAMETER, (_, name: string) => encodeURIComponent(params[name] ?? ''));
  }
}
