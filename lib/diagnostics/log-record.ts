import { types } from 'node:util';

/** The fields of one log line: plain data that JSON can say, within bounds, without secrets. */
export type LogRecord = Record<string, unknown>;

const LONGEST_TEXT = 2_000;
const LONGEST_STACK = 8_000;
const LONGEST_KEY = 100;
const DEEPEST = 6;
const LONGEST_CAUSE_CHAIN = 5;
const MOST_ITEMS = 50;
/** Values and characters in one line: a request or a socket logged by mistake stays a line and does not become a flood. */
const MOST_VALUES = 500;
const MOST_CHARACTERS = 64_000;

const REDACTED = '[redacted]';
const SECRET_NAMES: ReadonlySet<string> = new Set(['authorization', 'cookie', 'set-cookie', 'proxy-authorization', 'setcookie']);
/** What an error of Node or of a driver says besides its message. */
const ERROR_DETAILS = ['status', 'errno', 'syscall', 'address', 'port', 'reason'] as const;
/** Names a line has for itself: a field may not speak in their place. */
const RESERVED: ReadonlySet<string> = new Set(['level', 'time', 'msg']);

function isSecretName(value: unknown): boolean {
  return typeof value === 'string' && value.length <= 24 && SECRET_NAMES.has(value.toLowerCase());
}

function isError(value: unknown): value is Error {
  return value instanceof Error || types.isNativeError(value);
}

/** Cuts `text` after `longest` characters, between two of them, and says how much is missing. */
export function cutText(text: string, longest = LONGEST_TEXT): string {
  if (text.length <= longest) return text;
  const end = /[\ud800-\udbff]/.test(text[longest - 1] ?? '') ? longest - 1 : longest;
  return `${text.slice(0, end)}… (${text.length - end} more characters)`;
}

/** The frames alone: the head of a stack repeats the message, with whatever line breaks a client put there. */
function framesOf(stack: string, message: string): string {
  const head = message === '' ? -1 : stack.indexOf(message);
  const rest = head === -1 ? stack : stack.slice(head + message.length);
  return rest
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .map((line) => `\n    ${line.trimStart()}`)
    .join('');
}

/**
 * What goes into a log line for `fields`: strings cut at 2,000 characters, secrets (`authorization`, `cookie`,
 * `set-cookie`, `proxy-authorization`, at any depth and in header lists) redacted, errors with code, stack and causes.
 *
 * Never throws, whatever getters do. An error passed as the fields themselves stands under `err`.
 */
export function toLogRecord(fields: object): LogRecord {
  const walk = new FieldWalk();
  if (isError(fields)) return { err: walk.value(fields, 0) };
  const record = walk.fields(fields);
  for (const name of RESERVED) {
    if (!(name in record)) continue;
    record[`field.${name}`] = record[name];
    delete record[name];
  }
  return record;
}

class FieldWalk {
  #values = MOST_VALUES;
  #characters = MOST_CHARACTERS;
  readonly #around: object[] = [];

  /** The outermost object, whatever it is: it has keys, or nothing to say. */
  fields(input: object): LogRecord {
    this.#around.push(input);
    try {
      return this.#properties(input, 0);
    } catch {
      return { fields: '[unreadable]' };
    }
  }

  value(input: unknown, depth: number): unknown {
    if (this.#values-- <= 0) return '[…]';
    switch (typeof input) {
      case 'string':
        return this.#text(input, LONGEST_TEXT);
      case 'number':
        return Number.isFinite(input) ? input : String(input);
      case 'bigint':
        return this.#text(String(input), LONGEST_TEXT);
      case 'symbol':
      case 'function':
        return `[${typeof input}]`;
      case 'object':
        return input === null ? null : this.#object(input, depth);
      default:
        return input;
    }
  }

  #properties(input: object, depth: number): LogRecord {
    const record: LogRecord = {};
    for (const key of Object.keys(input)) this.#put(record, key, () => (input as Record<string, unknown>)[key], depth);
    return record;
  }

  #put(record: LogRecord, key: string, read: () => unknown, depth: number): void {
    if (this.#values <= 0) return;
    // Records are plain objects (without a prototype they would be slow to merge and write), so this name must not reach one.
    const name = key === '__proto__' ? 'field.__proto__' : this.#text(key, LONGEST_KEY);
    try {
      const value = read();
      if (value !== undefined) record[name] = isSecretName(key) ? REDACTED : this.value(value, depth + 1);
    } catch {
      record[name] = '[unreadable]';
    }
  }

  #text(text: string, longest: number): string {
    const cut = cutText(text, Math.max(0, Math.min(longest, this.#characters)));
    this.#characters -= cut.length;
    return cut;
  }

  #object(input: object, depth: number): unknown {
    if (this.#around.includes(input)) return '[circular]';
    if (depth > DEEPEST) return Array.isArray(input) ? '[array]' : '[object]';
    this.#around.push(input);
    try {
      return this.#contents(input, depth);
    } catch {
      return '[unreadable]';
    } finally {
      this.#around.pop();
    }
  }

  #contents(input: object, depth: number): unknown {
    if (isError(input)) return this.#error(input, depth);
    if (Array.isArray(input)) return this.#items(input, depth);
    if (ArrayBuffer.isView(input)) return `[${input.constructor.name} of ${input.byteLength} bytes]`;
    if (input instanceof Set) return this.#items([...input], depth);
    if (input instanceof Map) return this.#entries(input, depth);
    const { toJSON, pipe, on } = input as { toJSON?: unknown; pipe?: unknown; on?: unknown };
    if (typeof toJSON === 'function') return this.#plain(toJSON.call(input) as unknown, input, depth);
    // Streams, sockets and emitters hold the whole process by their fields and say nothing by them.
    if (typeof pipe === 'function' || typeof on === 'function') return `[${input.constructor.name}]`;
    return this.#properties(input, depth);
  }

  #plain(json: unknown, input: object, depth: number): unknown {
    return json === input ? this.#properties(input, depth) : this.value(json, depth + 1);
  }

  /** Header lists alternate names and values: what follows a secret's name is the secret. */
  #items(items: readonly unknown[], depth: number): unknown[] {
    const kept = items
      .slice(0, MOST_ITEMS)
      .map((item, i) => (isSecretName(items[i - 1]) ? REDACTED : this.value(item, depth + 1)));
    if (items.length > MOST_ITEMS) kept.push(`[${items.length - MOST_ITEMS} more]`);
    return kept;
  }

  #entries(map: ReadonlyMap<unknown, unknown>, depth: number): LogRecord {
    const record: LogRecord = {};
    for (const [key, value] of map) this.#put(record, String(key), () => value, depth);
    return record;
  }

  #error(error: Error, depth: number): LogRecord {
    const record: LogRecord = {};
    const { code, errors } = error as { code?: unknown; errors?: unknown };
    record.type = this.#text(String(error.name), LONGEST_KEY);
    if (typeof code === 'string' || typeof code === 'number') record.code = this.value(code, depth);
    const message = String(error.message);
    record.message = this.#text(message, LONGEST_TEXT);
    for (const name of ERROR_DETAILS) this.#put(record, name, () => primitive((error as unknown as LogRecord)[name]), depth);
    if (typeof error.stack === 'string') {
      record.stack = this.#text(`${error.name}: ${cutText(message)}${framesOf(error.stack, message)}`, LONGEST_STACK);
    }
    if (Array.isArray(errors)) record.errors = this.#items(errors, depth);
    if (error.cause !== undefined) record.cause = this.#cause(error.cause, depth);
    return record;
  }

  #cause(cause: unknown, depth: number): unknown {
    if (this.#around.filter(isError).length > LONGEST_CAUSE_CHAIN) return '[more causes]';
    // A chain of causes has its own bound, so it does not use up the depth.
    return this.value(cause, depth);
  }
}

function primitive(value: unknown): unknown {
  return typeof value === 'object' || typeof value === 'function' ? undefined : value;
}
