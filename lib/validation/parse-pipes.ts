import { BOOLEAN, DATE, INTEGER, NUMBER, type ValueRule } from './conversion';
import { inputInvalid, issueAt } from './issues';
import type { ArgumentMetadata, PipeInput, PipeOptions, PipeTransform } from './pipe';

export function isNothing(value: unknown): value is null | undefined {
  return value === undefined || value === null;
}

/** A value as it is, or parsed from text; undefined when it is neither. */
export function valueByRule<T>(rule: ValueRule<T>, value: unknown): T | undefined {
  if (rule.is(value)) return value;
  return typeof value === 'string' ? rule.parse(value) : undefined;
}

/** What the parsing pipes do: nothing passes where it is optional, the rest is parsed or refused. */
function parseByRule<T>(
  rule: ValueRule<T>,
  value: unknown,
  { optional }: PipeOptions,
  { name }: ArgumentMetadata,
): T | undefined {
  if (optional === true && isNothing(value)) return undefined;
  const parsed = valueByRule(rule, value);
  if (parsed !== undefined) return parsed;
  throw inputInvalid([issueAt(name ?? '', `${name ?? 'the value'} must be ${rule.expected}`, rule.code)]);
}

/** An integer in decimal digits, within the safe range; anything else is a 400. */
export class ParseIntPipe implements PipeTransform<unknown, number | undefined> {
  constructor(private readonly options: PipeOptions = {}) {}

  transform(value: unknown, metadata: ArgumentMetadata): number | undefined {
    return parseByRule(INTEGER, value, this.options, metadata);
  }

  describeInput(): PipeInput {
    return { schema: { type: 'integer' }, isOptional: this.options.optional === true };
  }
}

/** A finite decimal number; anything else is a 400. */
export class ParseFloatPipe implements PipeTransform<unknown, number | undefined> {
  constructor(private readonly options: PipeOptions = {}) {}

  transform(value: unknown, metadata: ArgumentMetadata): number | undefined {
    return parseByRule(NUMBER, value, this.options, metadata);
  }

  describeInput(): PipeInput {
    return { schema: { type: 'number' }, isOptional: this.options.optional === true };
  }
}

/** `true` or `false`; anything else is a 400. */
export class ParseBoolPipe implements PipeTransform<unknown, boolean | undefined> {
  constructor(private readonly options: PipeOptions = {}) {}

  transform(value: unknown, metadata: ArgumentMetadata): boolean | undefined {
    return parseByRule(BOOLEAN, value, this.options, metadata);
  }

  describeInput(): PipeInput {
    return { schema: { type: 'boolean' }, isOptional: this.options.optional === true };
  }
}

/** A date, or a date and time with its offset, in ISO 8601; anything else is a 400. */
export class ParseDatePipe implements PipeTransform<unknown, Date | undefined> {
  constructor(private readonly options: PipeOptions = {}) {}

  transform(value: unknown, metadata: ArgumentMetadata): Date | undefined {
    return parseByRule(DATE, value, this.options, metadata);
  }

  describeInput(): PipeInput {
    return { schema: { type: 'string', format: 'date-time' }, isOptional: this.options.optional === true };
  }
}

/** Which version of UUID is taken. */
export interface ParseUUIDOptions extends PipeOptions {
  /** The only version taken. Default: any. */
  readonly version?: '1' | '2' | '3' | '4' | '5' | '6' | '7' | '8';
}

function uuidRule(version: ParseUUIDOptions['version']): ValueRule<string> {
  // Without a version, the nil UUID is one, too.
  const middle = version === undefined ? '[\\da-f]{4}-[\\da-f]{4}' : `${version}[\\da-f]{3}-[89ab][\\da-f]{3}`;
  const pattern = new RegExp(`^[\\da-f]{8}-[\\da-f]{4}-${middle}-[\\da-f]{12}$`, 'i');
  return {
    code: 'isUuid',
    expected: version === undefined ? 'a UUID' : `a UUID of version ${version}`,
    parse: () => undefined,
    is: (value): value is string => typeof value === 'string' && pattern.test(value),
  };
}

/** A UUID (RFC 9562) in its usual form; anything else is a 400. */
export class ParseUUIDPipe implements PipeTransform<unknown, string | undefined> {
  readonly #rule: ValueRule<string>;

  constructor(private readonly options: ParseUUIDOptions = {}) {
    this.#rule = uuidRule(options.version);
  }

  transform(value: unknown, metadata: ArgumentMetadata): string | undefined {
    return parseByRule(this.#rule, value, this.options, metadata);
  }

  describeInput(): PipeInput {
    return { schema: { type: 'string', format: 'uuid' }, isOptional: this.options.optional === true };
  }
}

type EnumLike = Readonly<Record<string, string | number>>;

/** The values of an enum, without the way back (`{ 0: 'A' }`) that a numeric one has. */
function valuesOf<Enum extends EnumLike>(enumType: Enum): readonly Enum[keyof Enum][] {
  const names = Object.keys(enumType).filter((name) => !/^-?\d/.test(name));
  return names.map((name) => enumType[name] as Enum[keyof Enum]);
}

function enumRule<Value extends string | number>(values: readonly Value[]): ValueRule<Value> {
  const numbers = new Map(values.filter((value) => typeof value === 'number').map((value) => [String(value), value] as const));
  return {
    code: 'isEnum',
    expected: `one of: ${values.join(', ')}`,
    parse: (text) => numbers.get(text),
    is: (value): value is Value => values.includes(value as Value),
  };
}

/** One of the values of an enum (a number may come as text); anything else is a 400. */
export class ParseEnumPipe<Enum extends EnumLike> implements PipeTransform<unknown, Enum[keyof Enum] | undefined> {
  readonly #values: readonly Enum[keyof Enum][];
  readonly #rule: ValueRule<Enum[keyof Enum]>;

  constructor(
    enumType: Enum,
    private readonly options: PipeOptions = {},
  ) {
    this.#values = valuesOf(enumType);
    this.#rule = enumRule(this.#values);
  }

  transform(value: unknown, metadata: ArgumentMetadata): Enum[keyof Enum] | undefined {
    return parseByRule(this.#rule, value, this.options, metadata);
  }

  describeInput(): PipeInput {
    return { schema: { enum: this.#values }, isOptional: this.options.optional === true };
  }
}

/** A default for nothing: for undefined, null and NaN. */
export class DefaultValuePipe<T> implements PipeTransform {
  constructor(private readonly defaultValue: T) {}

  transform(value: unknown): unknown {
    return isNothing(value) || Number.isNaN(value) ? this.defaultValue : value;
  }

  describeInput(): PipeInput {
    return { isOptional: true, defaultValue: this.defaultValue };
  }
}
