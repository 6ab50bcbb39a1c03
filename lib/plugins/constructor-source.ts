import { isClass } from './service-token';
import type { Class } from '../metadata/slot';

/** One parameter of a constructor as it stands in the source: for messages, and to know what has a default. */
export interface SourceParameter {
  /** Undefined for a destructured one. */
  readonly name: string | undefined;
  readonly hasDefault: boolean;
}

const CONSTRUCTOR = /(?<![.\w$])constructor\s*\(/;
const OPENING = new Set(['(', '[', '{']);
const CLOSING = new Set([')', ']', '}']);
const QUOTES = new Set(['"', "'", '`']);

/**
 * Reads the parameters of the constructor written in the class itself; `undefined` when it has none of its own.
 *
 * It reads the text, as TypeScript writes neither names nor defaults anywhere. A constructor's head is plain enough for
 * that; where it is not, a message lacks a name.
 */
export function readConstructorSource(of: Class): readonly SourceParameter[] | undefined {
  const text = Function.prototype.toString.call(of);
  const head = CONSTRUCTOR.exec(text);
  return head === null ? undefined : splitParameters(text, head.index + head[0].length).map(readParameter);
}

/** The class this one extends; `undefined` for one that extends nothing. */
export function parentOf(of: Class): Class | undefined {
  const parent: unknown = Object.getPrototypeOf(of);
  return isClass(parent) ? parent : undefined;
}

function readParameter(text: string): SourceParameter {
  const name = /^[\w$]+/.exec(text)?.[0];
  return { name, hasDefault: name !== undefined && /^[\w$]+\s*=/.test(text) };
}

/** The text between the commas, from `start` to the bracket that closes the list. */
function splitParameters(text: string, start: number): string[] {
  const parts: string[] = [];
  let depth = 0;
  let from = start;
  for (let at = start; at < text.length; at++) {
    const char = text.charAt(at);
    if (QUOTES.has(char)) at = endOfQuote(text, at);
    else if (OPENING.has(char)) depth++;
    else if (CLOSING.has(char) && depth-- === 0) return [...parts, text.slice(from, at)].map(clean).filter((part) => part !== '');
    else if (char === ',' && depth === 0) {
      parts.push(text.slice(from, at));
      from = at + 1;
    }
  }
  return parts.map(clean);
}

function clean(part: string): string {
  return part.replace(/\/\*[^]*?\*\/|\/\/[^\n]*/g, '').trim();
}

function endOfQuote(text: string, start: number): number {
  const quote = text.charAt(start);
  let at = start + 1;
  while (at < text.length && text.charAt(at) !== quote) at += text.charAt(at) === '\\' ? 2 : 1;
  return at;
}
