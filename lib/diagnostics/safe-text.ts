/**
 * What can lie about a line, as regular expression source by UTF-16 unit: control characters (C0, DEL, C1), line
 * separators, marks that reorder text (the "bidi" ones), the byte order mark, annotation marks, and the invisible
 * tag characters of plane 14 (U+E0000 to U+E007F, a surrogate pair).
 */
const DECEPTIVE =
  '[\\u0000-\\u001f\\u007f-\\u009f\\u061c\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069\\ufeff\\ufff9-\\ufffb]|\\udb40[\\udc00-\\udc7f]';
const LONE_SURROGATE = '[\\ud800-\\udbff](?![\\udc00-\\udfff])|(?<![\\ud800-\\udbff])[\\udc00-\\udfff]';

const UNSAFE_IN_TEXT = new RegExp(`${DECEPTIVE}|${LONE_SURROGATE}`, 'g');
/** The newline that ends the line stays; no other control character survives JSON anyway. */
const UNSAFE_IN_JSON = new RegExp(DECEPTIVE.replace('\\u0000-\\u001f', ''), 'g');
/** Newlines in front of stack frames stay, those a message brought along do not. */
const FRAME_START = /\n(?= {4}at )/;

const SHORT_ESCAPES: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function escapeUnits(match: string): string {
  const short = SHORT_ESCAPES[match];
  if (short !== undefined) return short;
  let escaped = '';
  for (let i = 0; i < match.length; i++) escaped += `\\u${match.charCodeAt(i).toString(16).padStart(4, '0')}`;
  return escaped;
}

/** Text in which nothing moves a cursor, starts a line or turns the reading direction: such characters are spelled out. */
export function escapeText(text: string): string {
  return text.replace(UNSAFE_IN_TEXT, escapeUnits);
}

/** Like `escapeText`, but the frames of a stack trace keep their lines. */
function escapeStack(stack: string): string {
  return stack.split(FRAME_START).map(escapeText).join('\n');
}

/** A line of JSON, saying the same, with what JSON leaves as it is (U+2028, C1, bidi marks) escaped too. */
export function escapeJsonLine(line: string): string {
  return line.replace(UNSAFE_IN_JSON, escapeUnits);
}

/** `escapeText` for every key and string of plain data (as `toLogRecord` makes it). */
export function escapeRecord(record: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const safe = Object.create(null) as Record<string, unknown>;
  for (const [key, value] of Object.entries(record)) {
    safe[escapeText(key)] = key === 'stack' && typeof value === 'string' ? escapeStack(value) : escapeValue(value);
  }
  return safe;
}

function escapeValue(value: unknown): unknown {
  if (typeof value === 'string') return escapeText(value);
  if (Array.isArray(value)) return value.map(escapeValue);
  if (typeof value === 'object' && value !== null) return escapeRecord(value as Record<string, unknown>);
  return value;
}
