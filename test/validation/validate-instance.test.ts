import { inherits } from 'node:util';
import * as library from 'class-validator';
import type { ValidationError, ValidatorOptions } from 'class-validator';
import fc from 'fast-check';
import { validate, validateOrReject, validateSync } from 'rockstar-web';
import { PlainValidity } from '../../lib/validation/plain-validity';
import { compileSchema } from '../../lib/validation/schema';
import { turn } from '../support/soon';
import { thrownBy } from './outcome';

const { registerDecorator, ValidateIf, ValidateNested } = library;

const groups = fc.constantFrom<string[] | undefined>(undefined, undefined, ['a'], ['b'], ['a', 'b']);
const options = fc.record({
  groups,
  each: fc.constantFrom(undefined, undefined, true),
  always: fc.constantFrom(undefined, undefined, true),
  message: fc.constantFrom<library.ValidationOptions['message']>(
    undefined,
    undefined,
    '$property of $target: $value',
    ({ property, targetName, value }: library.ValidationArguments) => `${targetName}.${property}: ${typeof value}`,
  ),
  context: fc.constantFrom(undefined, undefined, { code: 1 }),
  validateIf: fc.constantFrom(undefined, undefined, undefined, (_object: object, one: unknown) => one !== 1),
});

type DecoratorOf = (options: library.ValidationOptions) => PropertyDecorator;

@library.ValidatorConstraint({ name: 'isLater', async: true })
class IsLater implements library.ValidatorConstraintInterface {
  validate(value: unknown): Promise<boolean> {
    return Promise.resolve(value === 'a');
  }
}

/** Of the application: under a name of its own, or under one that the library has. */
const custom =
  (name: string, isFine: (value: unknown) => boolean | Promise<boolean>, async = false): DecoratorOf =>
  (options) =>
  (target, propertyName) => {
    const validator = { validate: isFine, defaultMessage: () => `$property is not ${name}` };
    registerDecorator({ name, async, target: target.constructor, propertyName: propertyName as string, options, validator });
  };

const DECORATORS: readonly DecoratorOf[] = [
  (o) => library.Validate(IsLater, o),
  (o) => library.ValidatePromise(o),
  custom('isShort', (value) => typeof value === 'string' && value.length < 3),
  custom('isString', (value) => value === 'abc'),
  custom('isInt', (value) => Promise.resolve(value === 1), true),
  (o) => library.IsString(o),
  (o) => library.IsInt(o),
  (o) => library.IsNumber({}, o),
  (o) => library.IsNumber({ maxDecimalPlaces: 1 }, o),
  (o) => library.IsBoolean(o),
  (o) => library.IsArray(o),
  (o) => library.IsDefined(o),
  (o) => library.IsNotEmpty(o),
  (o) => library.IsOptional(o),
  (o) => library.IsIn(['a', 1, NaN], o),
  (o) => library.IsEnum({ A: 'a' }, o),
  (o) => library.Min(1, o),
  (o) => library.Max(3, o),
  (o) => library.Length(1, 3, o),
  (o) => library.MinLength(2, o),
  (o) => library.Matches(/^a/, o),
  (o) => library.Matches(/a/g, o),
  (o) => library.IsEmail({}, o),
  (o) => library.ArrayMinSize(1, o),
  (o) => library.IsObject(o),
  (o) => library.IsNotEmptyObject({}, o),
  (o) => library.Allow(o),
  (o) => ValidateNested(o),
  (o) => ValidateIf((object: { p0?: unknown }) => object.p0 !== 1, o),
  (o) => library.IsInstance(Array, o),
];

const property = fc.array(fc.tuple(fc.constantFrom(...DECORATORS), options), { minLength: 1, maxLength: 3 });
const shape = fc.array(property, { minLength: 1, maxLength: 3 });

type Shape = readonly (readonly (readonly [DecoratorOf, library.ValidationOptions])[])[];

/** Classes with these decorators; the second extends the first. */
function classesOf(shape: Shape): readonly (new () => Record<string, unknown>)[] {
  class Base {}
  class Derived extends Base {}
  shape.forEach((decorators, index) => {
    for (const [decorate, given] of decorators) {
      const target = index === 2 ? Derived : Base;
      const used = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
      decorate(used)(target.prototype, `p${index}`);
    }
  });
  return [Base as never, Derived as never];
}

const value = fc.oneof(
  fc.constantFrom<unknown>(undefined, null, '', 'a', 'abc', 'ada@b.co', 1, 2, 1.5, NaN, true, 'naïve', '👍🏽'),
  fc.constantFrom<() => unknown>(
    () => [],
    () => ['a'],
    () => [1, 'a'],
    () => new Set(['a']),
    () => new Map([['a', 1]]),
    () => ({}),
    () => [['a']],
    () => [undefined],
    () => PROMISED,
    () => Object.create(null) as object,
  ),
  fc.constantFrom('nested', 'nested list', 'nested lists', 'nested set', 'nested map', 'nested and text'),
);

/** The same for both: of two promises nobody can tell whether they are equal. */
const PROMISED = Promise.resolve('a');

function nestedAs(how: string, nested: unknown): unknown {
  if (how === 'nested') return nested;
  if (how === 'nested list') return [nested, nested];
  if (how === 'nested lists') return [[nested], []];
  if (how === 'nested set') return new Set([nested]);
  return how === 'nested map' ? new Map([['key', nested]]) : [nested, 'text'];
}

const validatorOptions: fc.Arbitrary<ValidatorOptions> = fc.record(
  {
    groups,
    always: fc.boolean(),
    strictGroups: fc.boolean(),
    whitelist: fc.boolean(),
    forbidNonWhitelisted: fc.boolean(),
    forbidUnknownValues: fc.boolean(),
    skipMissingProperties: fc.constantFrom(false, false, true),
    skipNullProperties: fc.constantFrom(false, false, true),
    stopAtFirstError: fc.boolean(),
    dismissDefaultMessages: fc.boolean(),
    validationError: fc.constantFrom({}, { target: false }, { value: false }),
  },
  { requiredKeys: [] },
);

const values = fc.tuple(value, value, value, fc.boolean());

describe('validateSync, validate, validateOrReject', () => {
  it('find what those of class-validator find, for any class, object and options', async () => {
    await fc.assert(
      fc.asyncProperty(shape, values, validatorOptions, async (decorators, given, chosen) => {
        const used = Object.fromEntries(Object.entries(chosen).filter(([, one]) => one !== undefined)) as ValidatorOptions;
        const [Base, Derived] = classesOf(decorators);
        const make = (depth: number): Record<string, unknown> => {
          const object = new (depth === 1 ? Base : Derived)();
          given.slice(0, 3).forEach((one, index) => {
            const nested = depth < 3 ? make(depth + 1) : undefined;
            if (typeof one === 'string' && one.startsWith('nested')) object[`p${index}`] = nestedAs(one, nested);
            else object[`p${index}`] = typeof one === 'function' ? (one as () => unknown)() : one;
          });
          if (given[3] && depth > 1) object.extra = 1;
          return object;
        };
        const [mine, theirs] = [make(1), make(1)];
        expect(validateSync(mine, used)).toEqual(library.validateSync(theirs, used));
        expect(mine).toEqual(theirs);
        expect(await validate(make(1), used)).toEqual(await library.validate(make(1), used));
        const rejection = (promise: Promise<void>): Promise<unknown> =>
          promise.then(() => 'fine').catch((errors: unknown) => errors);
        expect(await rejection(validateOrReject(make(1), used))).toEqual(
          await rejection(library.validateOrReject(make(1), used)),
        );
      }),
      { numRuns: 500 },
    );
  }, 120_000);

  class Address {
    @library.IsString() city!: string;
  }
  class Person {
    @library.IsString({ groups: ['name'] }) name!: string;
    @library.IsInt({ always: true }) age!: number;
    @ValidateNested() address!: Address;
  }
  const personOf = (given: Partial<Person>): Person => Object.assign(new Person(), given);
  const ada = personOf({ name: 'Ada', age: 36, address: Object.assign(new Address(), { city: 'London' }) });

  it('know a valid object without class-validator, nested and by group', () => {
    const valid = (groups: string[] | undefined, object: object): boolean =>
      new PlainValidity({ groups, always: false, strictGroups: false }).isValid(object, groups === undefined);
    expect(valid(undefined, ada)).toBe(true);
    expect(valid(['name'], Object.assign(new Person(), { name: 'Ada', age: 36 }))).toBe(true);
    expect(valid(undefined, Object.assign(personOf(ada), { extra: 1 }))).toBe(false);
    expect(valid(undefined, personOf({ ...ada, address: Object.assign(new Address(), { city: 1 }) }))).toBe(false);
  });

  it('heed decorators that run later', () => {
    class Late {
      @library.IsString() first = 'a';
      second: unknown;
    }
    expect(validateSync(new Late())).toEqual([]);
    library.IsInt()(Late.prototype, 'second');
    expect(validateSync(new Late()).map(({ property }) => property)).toEqual(['second']);
  });

  it('heed decorators that run later for a class it extends by its prototype alone', () => {
    function Base(): void {}
    function Derived(): void {}
    inherits(Derived, Base);
    library.IsOptional()(Derived.prototype as object, 'first');
    const make = (): object => Object.create(Derived.prototype as object) as object;
    expect(validateSync(make())).toEqual([]);
    library.IsInt()(Base.prototype as object, 'second');
    expect(validateSync(make()).map(({ property }) => property)).toEqual(['second']);
  });

  it('ask every condition, as class-validator does: one may throw behind one that does not hold', () => {
    class Note {
      @library.IsString() @ValidateIf((_note: Note, text: string) => text.length > 3) @library.IsOptional() text?: string;
    }
    class Memo {
      @library.IsOptional() @ValidateIf((_memo: Memo, text: string) => text.length > 3) @library.IsString() text?: string;
    }
    for (const type of [Note, Memo]) {
      const thrown = [validateSync, library.validateSync].map((of) => String(thrownBy(() => of(new type()))));
      expect(thrown[0]).toBe(thrown[1]);
      expect(thrown[0]).toMatch(/^TypeError/);
    }
  });

  it('throw nothing that class-validator does not come to', () => {
    class Listed {
      @library.ArrayUnique((item: { a: { b: unknown } }) => item.a.b) @library.ArrayMinSize(2) list: unknown[] = [{}];
      @library.ArrayMinSize(2) @library.ArrayUnique((item: { a: { b: unknown } }) => item.a.b) other: unknown[] = [];
    }
    const options = { stopAtFirstError: true };
    expect(validateSync(new Listed(), options)).toEqual(library.validateSync(new Listed(), options));
  });

  it('ask no asynchronous validator at once, by whatever name it is called', () => {
    let asked = 0;
    class Mail {
      address = 'a';
    }
    const validator = { validate: () => ++asked > 0 };
    registerDecorator({ name: 'isEmail', async: true, target: Mail, propertyName: 'address', validator });
    expect([validateSync(new Mail()), asked]).toEqual([[], 0]);
  });

  it.each(['constructor', 'toString', '__proto__'])('leave a property called %s to class-validator', (name) => {
    class Odd {}
    library.IsOptional()(Odd.prototype, name);
    const outcome = (of: typeof library.validateSync): unknown => String(thrownBy(() => of(new Odd())));
    expect(outcome(validateSync)).toBe(outcome(library.validateSync));
  });

  it('keep groups apart that are no text', () => {
    const [first, second] = [Symbol('first'), Symbol('second')] as unknown as [string, string];
    class Grouped {
      @library.IsInt({ groups: [first] }) @library.IsString({ groups: [second, 1n as never] }) name: unknown = 1;
    }
    for (const groups of [[first], [second], [1n as never]]) {
      expect(validateSync(new Grouped(), { groups })).toEqual(library.validateSync(new Grouped(), { groups }));
    }
  });

  it('find nothing in a list of allowed values where it has a hole', () => {
    class Chosen {
      // eslint-disable-next-line no-sparse-arrays -- it is about them
      @library.IsIn([, 'a']) one: unknown;
    }
    expect(validateSync(new Chosen())).toEqual(library.validateSync(new Chosen()));
  });

  it('leave asynchronous validators and schemas to class-validator', async () => {
    class Taken {
      name = 'a';
    }
    registerDecorator({
      name: 'isFree',
      async: true,
      target: Taken,
      propertyName: 'name',
      validator: { validate: () => Promise.resolve(false), defaultMessage: () => 'name is taken' },
    });
    const [error] = (await validate(new Taken())) as [ValidationError];
    expect(error.constraints).toEqual({ isFree: 'name is taken' });
    await expect(validateOrReject(ada)).resolves.toBeUndefined();
    const messageOf = (of: typeof library.validateSync): unknown => thrownBy(() => of('no such schema', null as never));
    expect(messageOf(validateSync)).toEqual(messageOf(library.validateSync));
  });

  it.each([null, 'admin', 'xadminx', ''])('take groups that are no list as class-validator does: %j', (groups) => {
    class Grouped {
      @library.IsString({ groups: ['admin'] }) name: unknown = 1;
      @library.IsString({ always: true }) title = 'a';
    }
    const options = { groups: groups as unknown as string[] };
    const paths = (errors: readonly library.ValidationError[]) => errors.map(({ property }) => property);
    expect(paths(validateSync(new Grouped(), options))).toEqual(paths(library.validateSync(new Grouped(), options)));
  });

  it('take a list of groups as it is when they are called', () => {
    class First {
      @library.IsString({ groups: ['taken'] }) name = 'a';
    }
    class Second {
      @library.IsString({ groups: ['taken'] }) name: unknown = 1;
      @library.IsString({ groups: ['other'] }) title = 'b';
    }
    const chosen = ['taken'];
    expect(validateSync(new First(), { groups: chosen })).toEqual([]);
    chosen[0] = 'other';
    expect(validateSync(new Second(), { groups: ['taken'] }).map(({ property }) => property)).toEqual(['name']);
  });

  it('reject what a getter or a condition throws, where class-validator rejects', async () => {
    class Throws {
      @library.IsString() get name(): string {
        throw new TypeError('no name');
      }
    }
    class Asks {
      @ValidateIf(() => {
        throw new TypeError('no condition');
      })
      @library.IsString()
      name = 'a';
    }
    for (const type of [Throws, Asks]) {
      const rejection = (of: typeof library.validateOrReject): Promise<unknown> =>
        of(new type()).catch((error: unknown) => error);
      expect(await rejection(validateOrReject)).toEqual(await rejection(library.validateOrReject));
      expect(await rejection(validateOrReject)).toBeInstanceOf(TypeError);
    }
  });

  it('take null for no options, and what is true for true', async () => {
    const none = null as never;
    expect([validateSync(ada, none), await validate(ada, none)]).toEqual([[], []]);
    const extra = Object.assign(personOf(ada), { extra: 1 });
    expect(validateSync(extra, { whitelist: 1 as never })).toEqual([]);
    expect(extra).toEqual(ada);
  });

  it('leave no rejection unhandled, of a validator that is called as one of the library', async () => {
    class Remote {
      mail = 'ada@example.org';
    }
    registerDecorator({
      name: 'isEmail',
      async: true,
      target: Remote,
      propertyName: 'mail',
      validator: { validate: () => Promise.reject(new Error('the server is away')) },
    });
    const unhandled: unknown[] = [];
    const listen = (error: unknown): void => void unhandled.push(error);
    process.on('unhandledRejection', listen);
    await expect(validate(new Remote())).rejects.toThrow('the server is away');
    await expect(compileSchema(Remote).check({ mail: 'a' })).rejects.toThrow('the server is away');
    await turn();
    process.off('unhandledRejection', listen);
    expect(unhandled).toEqual([]);
  });
});
