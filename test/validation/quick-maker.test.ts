import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { Transform, Type } from 'class-transformer';
import {
  ArrayMinSize,
  ArrayNotEmpty,
  Equals,
  IsArray,
  IsBoolean,
  IsDate,
  IsDefined,
  IsEmail,
  IsEnum,
  IsIn,
  IsInt,
  IsNegative,
  IsNotEmpty,
  IsNumber,
  IsObject,
  IsOptional,
  IsPositive,
  IsString,
  IsUUID,
  Length,
  Matches,
  Max,
  MaxLength,
  Min,
  MinLength,
  registerDecorator,
  ValidateIf,
  ValidateNested,
  type ValidationArguments,
  isEmail,
} from 'class-validator';
import fc from 'fast-check';
import { readClassPlan } from '../../lib/validation/class-plan';
import { tooDeepIssue } from '../../lib/validation/free-value';
import { instantiate } from '../../lib/validation/instantiate';
import { compileQuickMaker, type QuickMaker } from '../../lib/validation/quick-maker';
import { compileSchema } from '../../lib/validation/schema';
import { validate } from '../../lib/validation/validate';
import type { Class } from '../../lib/metadata/slot';
import { issuesOf, valueOf } from './outcome';

const MAX_DEPTH = 5;
const run = promisify(execFile);

enum Role {
  Reader = 'reader',
  Writer = 'writer',
}

class Address {
  @IsString() @MinLength(1) @MaxLength(20) street!: string;
  @IsOptional() @IsString() city?: string = 'London';
}

class Order {
  @IsString() @Length(1, 12) name!: string;
  @IsEmail() email!: string;
  @IsInt() @Min(0) @Max(150) age!: number;
  @IsNumber() @IsPositive() weight!: number;
  @IsNumber({ maxDecimalPlaces: 2 }) @IsNegative() debt!: number;
  @IsBoolean() active!: boolean;
  @IsOptional() @IsArray() @ArrayMinSize(1) @IsString({ each: true }) tags: string[] = ['none'];
  @ValidateNested() @Type(() => Address) address!: Address;
  @IsOptional() @ValidateNested({ each: true }) @ArrayNotEmpty() @Type(() => Address) others?: Address[];
  @IsOptional() @ValidateNested() home: Address = new Address();
  @IsEnum(Role) role!: Role;
  @IsIn(['a', 1, NaN]) letter!: unknown;
  @IsDefined() @IsNotEmpty() @Matches(/^[a-z]+$/) word!: string;
  @ValidateIf((order: Order) => order.active) @IsUUID() id?: string;
  @IsOptional() @IsObject() free?: object;
  @IsDate() @Type(() => Date) day!: Date;
  @Equals('yes') agreed!: string;
}

function validOrder(): Record<string, unknown> {
  return {
    name: 'Ada',
    email: 'ada@example.org',
    age: 36,
    weight: 1.5,
    debt: -2,
    active: true,
    tags: ['x'],
    address: { street: 'a', city: 'b' },
    others: [{ street: 'c' }],
    home: { street: 'd' },
    role: 'reader',
    letter: 1,
    word: 'abc',
    id: '7d8f0e46-4a86-4f2b-9d5a-3f1e2c4b5a69',
    free: { any: [{ thing: 1 }] },
    day: '2026-01-31T00:00:00Z',
    agreed: 'yes',
  };
}

/** What the careful way makes of it; `undefined` when it is refused. */
function carefully(type: Class, input: object): object | undefined {
  const plan = readClassPlan(type);
  if (tooDeepIssue(input, MAX_DEPTH) !== undefined) return undefined;
  const issues: [] = [];
  const object = instantiate(plan, input as Record<string, unknown>, issues);
  const found = validate(plan, object, MAX_DEPTH);
  if (found instanceof Promise) throw new Error('a promise');
  return issues.length + found.length === 0 ? object : undefined;
}

function quickOf(type: Class): QuickMaker {
  const make = compileQuickMaker(readClassPlan(type));
  if (make === undefined) throw new Error(`${type.name} has no quick way`);
  return make;
}

const anything = fc.oneof(
  fc.constantFrom(undefined, null, '', 'a', ' ', 'yes', 'reader', 'abc', 'ada@example.org', '👩‍👩‍👧', '\uFE0F', 'x'.repeat(30)),
  fc.constantFrom(0, -0, 1, -1, 1.5, 150, 151, 1.234, NaN, Infinity, true, false),
  fc.constantFrom<object>({}, [], ['x'], [1], [null], { street: 'x' }, [{ street: 'x' }], [{ street: 'x', zip: 1 }], {
    street: null,
  }),
  fc.constantFrom<object>(
    JSON.parse('{"__proto__":{"a":1}}') as object,
    { constructor: { prototype: {} } },
    new Address(),
    new Date(NaN),
  ),
  fc.object({ maxDepth: 6 }),
  fc.string({ maxLength: 60, unit: 'binary' }),
);

const change = fc.record({
  key: fc.constantFrom(...Object.keys(validOrder()), 'unknown', 'toString', '__proto__'),
  value: anything,
  drop: fc.boolean(),
});

describe('the quick way to an instance', () => {
  it('says yes only where the careful way does, and makes the same', () => {
    const make = quickOf(Order);
    let yes = 0;
    fc.assert(
      fc.property(fc.array(change, { maxLength: 3 }), (changes) => {
        const input = validOrder();
        for (const { key, value, drop } of changes) {
          if (drop) Reflect.deleteProperty(input, key);
          else Object.defineProperty(input, key, { value, enumerable: true, configurable: true, writable: true });
        }
        const quick = make(input, MAX_DEPTH);
        const careful = carefully(Order, input);
        if (quick === undefined) return;
        yes++;
        expect(quick).toStrictEqual(careful);
        expect(Object.keys(quick)).toEqual(Object.keys(careful ?? {}));
      }),
      { numRuns: 2_000 },
    );
    expect(yes).toBeGreaterThan(200);
  });

  it('takes names for what they are, whatever is in them', () => {
    class Odd {}
    const names = ['"', "'", '\\', '\n', '\u2028', '`${process}`', '];throw 1//', '*/', 'not a name', '0', 'é', '\uD800'];
    const declare = (name: string): void => IsString()(Odd.prototype, name);
    names.forEach(declare);
    const input = Object.fromEntries(names.map((name) => [name, name]));
    const made = quickOf(Odd)(input, MAX_DEPTH);
    expect(made).toBeInstanceOf(Odd);
    expect({ ...made }).toEqual(input);
    for (const name of names) expect(quickOf(Odd)({ ...input, [name]: 1 }, MAX_DEPTH)).toBeUndefined();
  });

  it('is taken for input that is right', () => {
    expect(quickOf(Order)(validOrder(), MAX_DEPTH)).toStrictEqual(carefully(Order, validOrder()));
  });

  it.each([
    ['an inherited value', () => Object.create({ ...validOrder() }) as object],
    ['an unknown name', () => ({ ...validOrder(), extra: 1 })],
    ['a name that has nothing', () => ({ ...validOrder(), extra: undefined })],
    ['more levels than may be', () => ({ ...validOrder(), free: { a: { b: { c: { d: { e: {} } } } } } })],
  ])('decides nothing about %s', (_what, input) => {
    expect(quickOf(Order)(input(), MAX_DEPTH)).toBeUndefined();
  });

  it('believes only addresses that validator believes', () => {
    class Mail {
      @IsEmail() mail!: string;
    }
    const make = quickOf(Mail);
    const part = fc.string({ unit: fc.constantFrom('a', 'Z', '0', '-', '.', '_', '+', '@', ' ', 'é', '\n'), maxLength: 30 });
    const address = fc.tuple(part, fc.constantFrom('@', '', '@@'), part, fc.constantFrom('.com', '.c', '.1', '', '.co.uk', '\n'));
    fc.assert(
      fc.property(address, (parts) => {
        const mail = parts.join('');
        expect(make({ mail }, 1) !== undefined).toBe(isEmail(mail));
      }),
      { numRuns: 5_000 },
    );
  });

  it('finds classes that are nested in themselves, as deep as may be', () => {
    class Tree {
      @IsString() name!: string;
      @IsOptional() @ValidateNested({ each: true }) @Type(() => Tree) children?: Tree[];
    }
    const make = quickOf(Tree);
    const input = { name: 'a', children: [{ name: 'b', children: [{ name: 'c' }] }] };
    expect(make(input, MAX_DEPTH)).toStrictEqual(carefully(Tree, input));
    expect(make({ name: 'a', children: [{ name: 'b', children: [{ name: 'c', children: [] }] }] }, 4)).toBeUndefined();
  });

  it('asks a validator of another that has the name of one of the library', () => {
    const named = (name: string, isFine: (value: unknown) => boolean, text: string): PropertyDecorator => {
      return (target, propertyName) =>
        registerDecorator({
          name,
          target: target.constructor,
          propertyName: propertyName as string,
          validator: { validate: isFine, defaultMessage: () => text },
        });
    };
    class Strict {
      @named('isString', (value) => value === 'only this', '$property must be only this') text!: string;
      @named('isInt', (value) => value === 4, '$property must be an integer number') number!: number;
    }
    const schema = compileSchema(Strict);
    expect(valueOf(schema.check({ text: 'only this', number: 4 }))).toEqual({ text: 'only this', number: 4 });
    expect(issuesOf(schema.check({ text: 'that', number: 5 })).map(({ message }) => message)).toEqual([
      'text must be only this',
      'number must be an integer number',
    ]);
  });

  it('shows the whole instance to a validator of another that has the name of one of the library', () => {
    const DiffersFrom =
      (other: string): PropertyDecorator =>
      (target, propertyName) => {
        const validator = {
          validate: (value: unknown, args?: ValidationArguments) => value !== (args?.object as Record<string, unknown>)[other],
        };
        registerDecorator({ name: 'notEquals', target: target.constructor, propertyName: propertyName as string, validator });
      };
    class NewPassword {
      @IsString() @DiffersFrom('old') next!: string;
      @IsString() old!: string;
    }
    const schema = compileSchema(NewPassword);
    expect(issuesOf(schema.check({ next: 'same', old: 'same' })).map(({ code }) => code)).toEqual(['notEquals']);
    expect(valueOf(schema.check({ next: 'new', old: 'old' }))).toEqual({ next: 'new', old: 'old' });
  });

  it.each([' ', 'a\n', '<b>', '👍🏽', 'x '.repeat(500)])(
    'asks one that says the same as the library, but refuses %j',
    (refused) => {
      const validator = {
        validate: (value: unknown) => typeof value === 'string' && !value.includes(refused.slice(-2)) && value.length < 900,
        defaultMessage: () => '$property must be a string',
      };
      class Strict {
        text!: string;
      }
      registerDecorator({ name: 'isString', target: Strict, propertyName: 'text', validator });
      expect(issuesOf(compileSchema(Strict).check({ text: refused }))).toHaveLength(1);
    },
  );

  it('checks what an accessor made of a value that the constructor made', () => {
    class Loud {
      @Length(1, 2) text!: string;
      constructor() {
        let text: string | undefined;
        Object.defineProperty(this, 'text', { get: () => text, set: (given: string) => (text = `${given}!`), enumerable: true });
      }
    }
    expect(issuesOf(compileSchema(Loud).check({ text: 'ab' })).map(({ code }) => code)).toEqual(['isLength']);
    expect(valueOf(compileSchema(Loud).check({ text: 'a' })).text).toBe('a!');
  });

  it('is prepared in no time, however long a pattern takes for a long text that does not match', () => {
    class Slug {
      @Matches(/^([a-z]+)+\d$/) slug!: string;
    }
    expect(valueOf(compileSchema(Slug).check({ slug: 'abc1' }))).toEqual({ slug: 'abc1' });
  });

  it('is done without where Node makes no functions of text', async () => {
    const program = `
      require('reflect-metadata');
      const { IsString } = require('class-validator');
      const { compileSchema } = require('./lib/validation/schema.ts');
      class Note {}
      IsString()(Note.prototype, 'text');
      const schema = compileSchema(Note);
      console.log(schema.check({ text: 'a' }).ok, schema.check({ text: 1 }).ok);`;
    const flags = ['--disallow-code-generation-from-strings', '--require', './samples/compile.cjs'];
    const { stdout } = await run(process.execPath, [...flags, '--eval', program]);
    expect(stdout).toBe('true false\n');
  }, 60_000);

  it('is not there for transforms: each runs once', () => {
    let ran = 0;
    class Note {
      @Transform(({ value }: { value: unknown }) => (ran++, value)) @IsString() text!: string;
    }
    expect(compileQuickMaker(readClassPlan(Note))).toBeUndefined();
    expect(issuesOf(compileSchema(Note).check({ text: 1 })).map(({ code }) => code)).toEqual(['isString']);
    expect(ran).toBe(1);
  });

  it('is not there for validators of the application: each is asked once', () => {
    let asked = 0;
    const Unique: PropertyDecorator = (target, propertyName) => {
      registerDecorator({
        name: 'isUnique',
        target: target.constructor,
        propertyName: propertyName as string,
        validator: { validate: () => ++asked > 0 },
      });
    };
    class Account {
      @Unique name!: string;
    }
    expect(compileQuickMaker(readClassPlan(Account))).toBeUndefined();
    expect(valueOf(compileSchema(Account).check({ name: 'a' }))).toEqual({ name: 'a' });
    expect(asked).toBe(1);
  });
});
