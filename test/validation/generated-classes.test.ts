import { inspect } from 'node:util';
import { plainToInstance, Type } from 'class-transformer';
import * as library from 'class-validator';
import type { ValidationArguments, ValidationError, ValidationOptions } from 'class-validator';
import fc from 'fast-check';
import { compileSchema } from '../../lib/validation/schema';
import type { Checked } from '../../lib/validation/issues';

const { registerDecorator, ValidateIf, ValidateNested } = library;

const options = fc.record({
  each: fc.constantFrom(undefined, undefined, true),
  groups: fc.constantFrom<string[] | undefined>(undefined, undefined, ['a'], []),
  always: fc.constantFrom(undefined, undefined, true),
  message: fc.constantFrom<ValidationOptions['message']>(
    undefined,
    undefined,
    '$property of $target: $value, $constraint1',
    ({ property, targetName, constraints = [] }: Partial<ValidationArguments>) =>
      `${targetName}.${property} ${constraints.length}`,
  ),
  validateIf: fc.constantFrom(undefined, undefined, undefined, (_object: object, value: unknown) => value !== 1),
});

type DecoratorOf = (options: ValidationOptions) => PropertyDecorator;

@library.ValidatorConstraint({ name: 'isOne' })
class IsOne implements library.ValidatorConstraintInterface {
  validate(value: unknown, { object }: ValidationArguments): boolean {
    return value === 1 && object !== undefined;
  }
  defaultMessage({ property }: ValidationArguments): string {
    return `${property} is not $constraint1`;
  }
}

@library.ValidatorConstraint({ name: 'isA', async: true })
class IsA implements library.ValidatorConstraintInterface {
  async validate(value: unknown): Promise<boolean> {
    await Promise.resolve();
    return value === 'a';
  }
  defaultMessage(): string {
    return '$property is not a';
  }
}

/** Under a name of its own, or under one that the library has. */
const custom =
  (name: string, validate: (value: unknown) => boolean): DecoratorOf =>
  (given) =>
  (target, propertyName) => {
    const defaultMessage = (): string => `$property is not ${name}`;
    const validator = { validate, defaultMessage };
    registerDecorator({
      name,
      target: target.constructor,
      propertyName: propertyName as string,
      options: given,
      constraints: [7],
      validator,
    });
  };

const DECORATORS: readonly DecoratorOf[] = [
  (o) => library.IsString(o),
  (o) => library.IsInt(o),
  (o) => library.IsNumber({ maxDecimalPlaces: 1 }, o),
  (o) => library.IsBoolean(o),
  (o) => library.IsArray(o),
  (o) => library.IsDefined(o),
  (o) => library.IsNotEmpty(o),
  (o) => library.IsEmpty(o),
  (o) => library.IsOptional(o),
  (o) => library.IsOptional(o),
  (o) => library.IsIn(['a', 1], o),
  (o) => library.IsNotIn(['a'], o),
  (o) => library.IsEnum({ A: 'a', One: 1 }, o),
  (o) => library.Equals(1, o),
  (o) => library.Min(1, o),
  (o) => library.Max(3, o),
  (o) => library.Length(1, 3, o),
  (o) => library.MinLength(0, o),
  (o) => library.MaxLength(0, o),
  (o) => library.Matches(/^a/, o),
  (o) => library.IsEmail({}, o),
  (o) => library.IsBooleanString(o),
  (o) => library.ArrayMinSize(1, o),
  (o) => library.ArrayNotEmpty(o),
  (o) => library.ArrayUnique((one: unknown) => one, o),
  (o) => library.ArrayContains(['a'], o),
  (o) => library.IsObject(o),
  (o) => library.IsInstance(Array, o),
  (o) => library.Allow(o),
  (o) => ValidateIf((object: { p0?: unknown }) => object.p0 !== 1, o),
  (o) => library.Validate(IsOne, [7], o),
  (o) => library.Validate(IsA, o),
  custom('isShort', (value) => String(value).length < 3),
  custom('isString', (value) => value === 'abc'),
];

const rules = fc.array(fc.tuple(fc.constantFrom(...DECORATORS), options), { minLength: 1, maxLength: 4 });
/** Of the base, of what extends it, and of the base again: there one is laid over the other. */
const shape = fc.record({
  base: rules,
  derived: rules,
  over: fc.option(rules, { nil: undefined }),
  type: fc.constantFrom(undefined, undefined, Number, String, Boolean, Date),
  nested: fc.constantFrom(undefined, 'one', 'list', 'optional list'),
});
type Rules = readonly (readonly [DecoratorOf, ValidationOptions])[];

function decorate(prototype: object, name: string, all: Rules): void {
  for (const [make, given] of all) {
    make(Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)))(prototype, name);
  }
}

class Leaf {
  @library.IsString() @library.Length(1, 3) name!: string;
  @library.IsOptional() @library.IsInt() count?: number;
}

interface Shape {
  readonly base: Rules;
  readonly derived: Rules;
  readonly over?: Rules;
  readonly type?: unknown;
  readonly nested?: string;
}

function classOf({ base, derived, over, type, nested }: Shape): new () => object {
  class Base {}
  class Derived extends Base {}
  decorate(Base.prototype, 'p0', base);
  decorate(Derived.prototype, 'p1', derived);
  if (over !== undefined) decorate(Derived.prototype, 'p0', over);
  if (type !== undefined) Type(() => type as never)(Base.prototype, 'p0');
  if (nested !== undefined) {
    const each = nested !== 'one';
    ValidateNested({ each })(Derived.prototype, 'nested');
    Type(() => Leaf)(Derived.prototype, 'nested');
    if (nested === 'optional list') library.IsOptional()(Derived.prototype, 'nested');
  }
  return Derived;
}

const plain = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    '',
    'a',
    'abc',
    'abcd',
    'ada@b.co',
    1,
    2,
    0,
    -1,
    1.5,
    true,
    false,
    'naïve',
    '👍🏽',
    '2020-01-01',
    'true',
  ),
  fc.constantFrom<unknown>([], ['a'], [1, 'a'], [1, 1], ['a', 'a'], [null], [['a']], {}, { a: 1 }, { length: 1 }, '__missing__'),
);
const leaf = fc.record(
  { name: fc.constantFrom<unknown>('a', 'abcd', 5, null), count: fc.constantFrom<unknown>(1, 'x', null), odd: fc.constant(1) },
  { requiredKeys: [] },
);

function flatten(errors: readonly ValidationError[], path = ''): (readonly [string, string, string])[] {
  return errors.flatMap(({ property, constraints, children }) => {
    const here = path === '' ? property : `${path}.${property}`;
    const own = Object.entries(constraints ?? {}).map(
      ([code, message]) =>
        [here, code, message.replace(/^property (\S+) should not exist$/, 'property $1 is not allowed')] as const,
    );
    return [...own, ...flatten(children ?? [], here)];
  });
}

/** By path and name of the constraint: what is said of it. */
type Said = Record<string, readonly string[]>;

function byPlace(issues: readonly (readonly [path: string, code: string, message: string])[]): Said {
  const said: Record<string, string[]> = {};
  for (const [path, code, message] of issues) (said[`${path} ${code}`] ??= []).push(message);
  return said;
}

/** What class-validator says; its words for unknown properties are not ours. */
async function theirs(type: new () => object, input: object): Promise<Said> {
  const instance = plainToInstance(type, input);
  return byPlace(flatten(await library.validate(instance, { whitelist: true, forbidNonWhitelisted: true })));
}

const shown = (value: unknown): string => inspect(value, { depth: 9, sorted: true });

/** Input that is fine becomes what class-transformer makes of it. */
async function ours(type: new () => object, input: object): Promise<Said> {
  const checked: Checked = await compileSchema(type).check(input);
  // By what it shows: of two dates that are none jest says that they differ.
  if (checked.ok) expect(shown(checked.value)).toBe(shown(plainToInstance(type, input)));
  return byPlace(checked.ok ? [] : checked.issues.map(({ path, code = '', message }) => [path, code, message]));
}

it('an input of any class has the issues that class-validator finds, with its words', async () => {
  await fc.assert(
    fc.asyncProperty(shape, plain, plain, leaf, leaf, fc.boolean(), async (made, p0, p1, one, other, extra) => {
      // Where a primitive is wanted an object stays one here: to make one of it would run what a client sent.
      fc.pre(made.type === undefined || Array.isArray(p0) || typeof p0 !== 'object' || p0 === null);
      // Nor is a boolean a time.
      fc.pre(made.type !== Date || typeof p0 !== 'boolean');
      const type = classOf(made);
      const input = () => {
        const all: Record<string, unknown> = { p0, p1, ...(extra ? { extra: 1 } : {}) };
        for (const [name, value] of Object.entries(all)) if (value === '__missing__') delete all[name];
        if (made.nested !== undefined) all.nested = made.nested === 'one' ? one : [one, other];
        return JSON.parse(JSON.stringify(all)) as object;
      };
      const [said, told] = [await ours(type, input()), await theirs(type, input())];
      // Of two failures of one name it keeps one.
      for (const [place, [message]] of Object.entries(told)) if (said[place]?.includes(message)) said[place] = [message];
      expect(said).toEqual(told);
    }),
    { numRuns: 500 },
  );
});
