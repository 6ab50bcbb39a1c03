import { FrameworkError, withoutStack, type FrameworkErrorOptions } from './framework-error';

/** The slot names of a message: `'{a} needs {b}'` has `a` and `b`. */
type Slot<Message extends string> = Message extends `${string}{${infer Name}}${infer Rest}` ? Name | Slot<Rest> : never;

export interface ErrorRow {
  /** What happened, what was expected and got, where, and the way out; `{slot}` is filled in when the error is made. */
  readonly message: string;
  /** The HTTP status, where a client can meet this failure. */
  readonly status?: number;
}

type SlotValues<Message extends string> = Readonly<Record<Slot<Message>, string | number>>;

type MakeError<Message extends string> = [Slot<Message>] extends [never]
  ? (slots?: Readonly<Record<string, never>>, options?: FrameworkErrorOptions) => FrameworkError
  : (slots: SlotValues<Message>, options?: FrameworkErrorOptions) => FrameworkError;

type ErrorTable<Rows extends Readonly<Record<string, ErrorRow>>> = {
  readonly [Code in keyof Rows]: MakeError<Rows[Code]['message']> & { readonly code: Code; readonly row: ErrorRow };
};

const LONGEST_SLOT = 300;

type Slots = Readonly<Record<string, string | number>>;

/** Fills the slots of a message; one value may not drown the rest, but for the lists that only a developer meets. */
function fill({ message, status }: ErrorRow, slots: Slots): string {
  return message.replace(/\{(\w+)\}/g, (whole, name: string) => {
    if (!Object.hasOwn(slots, name)) return whole;
    const text = String(slots[name]);
    const isList = status === undefined && text.includes('\n');
    return text.length > LONGEST_SLOT && !isList ? `${text.slice(0, LONGEST_SLOT)}…` : text;
  });
}

function makeError(code: string, row: ErrorRow, slots: Slots, options: FrameworkErrorOptions = {}): FrameworkError {
  const text = fill(row, slots);
  const detail = options.detail ?? (row.status === undefined ? undefined : text);
  const build = (): FrameworkError => new FrameworkError(code, `${code}: ${text}`, row.status, { ...options, detail });
  const isClientsFault = row.status !== undefined && row.status < 500;
  return isClientsFault ? withoutStack(build) : build();
}

/**
 * Declares the failures of one room. Each row becomes a function that makes the error:
 * `throw routingErrors.ROUTE_NOT_FOUND({ method, path })`.
 */
export function defineErrors<const Rows extends Readonly<Record<string, ErrorRow>>>(rows: Rows): ErrorTable<Rows> {
  const table: Record<string, unknown> = {};
  for (const [code, row] of Object.entries(rows)) {
    const make = (slots: Slots = {}, options?: FrameworkErrorOptions): FrameworkError => makeError(code, row, slots, options);
    table[code] = Object.assign(make, { code, row });
  }
  return table as ErrorTable<Rows>;
}
