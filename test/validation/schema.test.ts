import {
  IsInt,
  IsNotEmptyObject,
  IsObject,
  IsOptional,
  IsString,
  Matches,
  Validate,
  ValidateBy,
  ValidateIf,
} from 'class-validator';
import fc from 'fast-check';
import { isValidatedClass } from '../../lib/validation/class-plan';
import { compileSchema } from '../../lib/validation/schema';
import { Address, CreateUser, validUser } from './create-user';
import { found, issuesOf, thrownBy, valueOf } from './outcome';

const schema = compileSchema(CreateUser);

function without(input: object, ...names: string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(input).filter(([name]) => !names.includes(name)));
}

describe('a check of an input that is fine', () => {
  it('makes instances, nested ones too', () => {
    const user = valueOf(schema.check(validUser()));
    expect(user).toBeInstanceOf(CreateUser);
    expect(user.address).toBeInstanceOf(Address);
    expect(JSON.parse(JSON.stringify(user))).toEqual(validUser());
  });

  it('takes the defaults from the initialisers', () => {
    const required = without(validUser(), 'tags', 'plan');
    expect(valueOf(schema.check(required))).toMatchObject({ tags: [], plan: 'free' });
    expect(valueOf(schema.check({ ...required, tags: undefined }))).toMatchObject({ tags: [] });
  });

  it('takes the default for null where the declared type has no room for null', () => {
    expect(valueOf(schema.check({ ...validUser(), tags: null, plan: null }))).toMatchObject({ tags: [], plan: 'free' });
  });

  it('leaves null in an optional property that has no default, or that is declared with null', () => {
    class Note {
      @IsOptional() @IsString() text?: string;
      @IsOptional() @IsString() author: string | null = 'nobody';
    }
    expect(valueOf(compileSchema(Note).check({ text: null, author: null }))).toEqual({ text: null, author: null });
  });

  it('takes an input without a prototype', () => {
    const input = Object.assign(Object.create(null) as object, validUser());
    expect(valueOf(schema.check(input))).toBeInstanceOf(CreateUser);
  });

  it('shares no default between two inputs', () => {
    const required = without(validUser(), 'tags');
    const first = valueOf(schema.check(required));
    first.tags.push('changed');
    expect(valueOf(schema.check(required)).tags).toEqual([]);
  });

  it('validates its own result again', () => {
    const user = valueOf(schema.check(validUser()));
    expect(valueOf(schema.check(user))).toBe(user);
    user.age = -1;
    expect(found(schema.check(user))).toEqual(['age min']);
  });
});

describe('an input with one faulty property', () => {
  const faults: [name: string, value: unknown, found: string[]][] = [
    ['name', undefined, ['name isString', 'name isLength']],
    ['name', null, ['name isString', 'name isLength']],
    ['name', '', ['name isLength']],
    ['name', 'x'.repeat(51), ['name isLength']],
    ['name', 5, ['name isString', 'name isLength']],
    ['email', 'nobody', ['email isEmail']],
    ['email', undefined, ['email isEmail']],
    ['age', '36', ['age isInt', 'age min', 'age max']],
    ['age', 1.5, ['age isInt']],
    ['age', -1, ['age min']],
    ['age', 151, ['age max']],
    ['age', null, ['age isInt', 'age min', 'age max']],
    ['address', undefined, ['address nestedValidation']],
    ['address', null, ['address nestedValidation']],
    ['address', 5, ['address nestedValidation']],
    ['address', 'London', ['address nestedValidation']],
    ['address', true, ['address nestedValidation']],
    ['address', [], ['address nestedValidation']],
    ['address', [{ street: 'a', city: 'b' }], ['address nestedValidation']],
    ['address', {}, ['address.street isString', 'address.street isNotEmpty', 'address.city isString', 'address.city isNotEmpty']],
    ['address', { street: 'a', city: '' }, ['address.city isNotEmpty']],
    ['address', { street: 'a', city: 'b', zip: 1 }, ['address.zip whitelistValidation']],
    ['tags', 'one', ['tags isArray', 'tags arrayMaxSize']],
    ['tags', ['a', 1], ['tags isString']],
    ['tags', Array(11).fill('a'), ['tags arrayMaxSize']],
    ['plan', 'gold', ['plan isIn']],
    ['admin', true, ['admin whitelistValidation']],
  ];

  it.each(faults)('%s: %j has issues of that property alone', (name, value, expected) => {
    expect(found(schema.check({ ...validUser(), [name]: value }))).toEqual(expected);
  });
});

describe('the issues', () => {
  it('name all faulty properties at once, in the order of the properties, with unknown ones last', () => {
    const issues = issuesOf(
      schema.check({ zzz: 1, plan: 'gold', tags: 5, address: { city: 5 }, age: 'x', email: 'x', name: 5, aaa: 1, toString: 1 }),
    );
    const paths = [...new Set(issues.map(({ path }) => path))];
    expect(paths).toEqual(['name', 'email', 'age', 'address.street', 'address.city', 'tags', 'plan', 'zzz', 'aaa', 'toString']);
  });

  it('have the messages of the decorators', () => {
    expect(issuesOf(schema.check({ ...validUser(), name: '', age: 200, address: 1, tags: ['a', 1], x: 1 }))).toEqual([
      { path: 'name', message: 'name must be longer than or equal to 1 characters', code: 'isLength' },
      { path: 'age', message: 'age must not be greater than 150', code: 'max' },
      { path: 'address', message: 'address must be an object', code: 'nestedValidation' },
      { path: 'tags', message: 'each value in tags must be a string', code: 'isString' },
      { path: 'x', message: 'property x is not allowed', code: 'whitelistValidation' },
    ]);
  });

  it.each([[null], [undefined], [5], ['text'], [true], [[]], [[validUser()]], [new Date(0)], [Buffer.from('{}')]])(
    'say at the root that %p is no object',
    (input) => {
      expect(found(schema.check(input))).toEqual([' isObject']);
    },
  );

  it('say what came instead of an object', () => {
    expect(issuesOf(schema.check([]))[0]?.message).toBe('an object is expected, got an array');
    expect(issuesOf(schema.check(undefined))[0]?.message).toBe('an object is expected, got nothing');
  });

  it('have neither the target nor the value', () => {
    const [issue] = issuesOf(schema.check({ ...validUser(), name: 5 }));
    expect(Object.keys(issue ?? {})).toEqual(['path', 'message', 'code']);
  });

  it('keep two failures of the same constraint apart', () => {
    class Password {
      @Matches(/\d/, { message: '$property needs a digit' })
      @Matches(/[A-Z]/, { message: '$property needs a capital' })
      password!: string;
    }
    expect(issuesOf(compileSchema(Password).check({ password: 'x' })).map(({ message }) => message)).toEqual([
      'password needs a digit',
      'password needs a capital',
    ]);
  });

  it('fill the slots of a message with what they stand for, and not with patterns in the value', () => {
    class Colour {
      @Matches(/^#/, { message: '$target.$property: $value is none of $constraint1 ($constraint9)' }) colour!: string;
    }
    expect(issuesOf(compileSchema(Colour).check({ colour: '$& $property' }))[0]?.message).toBe(
      'Colour.colour: $& $property is none of /^#/ ($constraint9)',
    );
  });

  it.each([null, undefined, ''])('say what the validator says by itself where the message is %j', (message) => {
    class Counted {
      @IsInt({ message: message as string }) count!: number;
    }
    expect(issuesOf(compileSchema(Counted).check({ count: 'a' }))[0]?.message).toBe('count must be an integer number');
  });

  it('have a message where a validator has none', () => {
    class Even {
      @ValidateBy({ name: 'isEven', validator: { validate: (value) => Number(value) % 2 === 0 } }) count!: number;
    }
    expect(issuesOf(compileSchema(Even).check({ count: 1 }))).toEqual([
      { path: 'count', message: 'count is not valid', code: 'isEven' },
    ]);
  });
});

describe('conditions', () => {
  class Payment {
    @IsIntOrText() kind!: string | number;
    @ValidateIf((payment: Payment) => payment.kind === 'card') @IsString() card!: string;
    @IsString({ validateIf: (payment: Payment) => payment.kind === 'cash' }) note!: string;
  }
  function IsIntOrText(): PropertyDecorator {
    return ValidateBy({ name: 'isIntOrText', validator: { validate: (value) => ['string', 'number'].includes(typeof value) } });
  }

  it('see the whole instance', () => {
    const payments = compileSchema(Payment);
    expect(found(payments.check({ kind: 'card' }))).toEqual(['card isString']);
    expect(found(payments.check({ kind: 'cash' }))).toEqual(['note isString']);
    expect(found(payments.check({ kind: 'none' }))).toEqual([]);
  });
});

describe('inheritance', () => {
  class Base {
    @IsInt() id!: number;
  }
  class Named extends Base {
    @IsString() name!: string;
  }

  it('checks what a class inherits', () => {
    expect(found(compileSchema(Named).check({})).toSorted()).toEqual(['id isInt', 'name isString']);
    expect(valueOf(compileSchema(Named).check({ id: 1, name: 'a' }))).toBeInstanceOf(Named);
    expect(found(compileSchema(Base).check({ id: 1, name: 'a' }))).toEqual(['name whitelistValidation']);
  });

  it('refuses input for what has a getter alone, and checks it all the same', () => {
    class Total {
      @IsInt() net!: number;
      @IsInt() get gross(): number {
        return this.net * 2;
      }
    }
    expect(found(compileSchema(Total).check({ net: 1, gross: 5 }))).toEqual(['gross whitelistValidation']);
    expect(found(compileSchema(Total).check({ net: 1.2 }))).toEqual(['net isInt', 'gross isInt']);
  });
});

describe('which declared types are checked', () => {
  class Plain {
    name = '';
  }
  class Inherits extends Address {}

  it.each([[CreateUser], [Address], [Inherits]])('%p is', (type) => {
    expect(isValidatedClass(type)).toBe(true);
  });

  it.each([
    [Plain],
    [String],
    [Number],
    [Boolean],
    [Object],
    [Array],
    [Date],
    [Buffer],
    [Map],
    [Promise],
    [undefined],
    [null],
    ['CreateUser'],
    [() => 1],
    [{}],
  ])('%p is not', (type) => {
    expect(isValidatedClass(type)).toBe(false);
  });

  it('a class without decorators has no schema', () => {
    expect(thrownBy(() => compileSchema(Plain))).toMatchObject({ code: 'VALIDATION_CLASS_EMPTY', status: undefined });
  });
});

describe('a validator that throws', () => {
  class Thrower {
    @ValidateBy({
      name: 'throws',
      validator: {
        validate() {
          throw new TypeError('broken validator');
        },
      },
    })
    name!: string;
  }

  it('makes the check throw: nothing passes silently', () => {
    expect(() => compileSchema(Thrower).check({ name: 'a' })).toThrow('broken validator');
  });
});

describe('free objects', () => {
  class Settings {
    @IsObject() @IsNotEmptyObject() values!: Record<string, unknown>;
  }
  const settings = compileSchema(Settings);

  it.each([[{ hasOwnProperty: 1 }], [{ constructor: 'Ferrari' }], [{ toString: 1, valueOf: null }], [{ a: { constructor: 1 } }]])(
    'may hold %j',
    (values) => {
      expect(valueOf(settings.check({ values })).values).toEqual(values);
    },
  );

  it('may have no prototype', () => {
    const values = Object.assign(Object.create(null) as object, { a: 1 });
    expect(found(settings.check({ values }))).toEqual([]);
  });

  it('may not be empty where that is asked', () => {
    expect(found(settings.check({ values: {} }))).toEqual(['values isNotEmptyObject']);
  });
});

it('what has a symbol for its name is not looked at, as in class-validator: no input has it', () => {
  class Marked {
    @IsString() name!: string;
  }
  IsInt()(Marked.prototype, Symbol('mark'));
  expect(valueOf(compileSchema(Marked).check({ name: 'a' }))).toEqual({ name: 'a' });
});

class Unused {
  @Validate(class NoConstraint {}) anything!: unknown;
}

it('a validator class without a constraint checks nothing, as in class-validator', () => {
  expect(found(compileSchema(Unused).check({ anything: 1 }))).toEqual([]);
});

describe('for any JSON', () => {
  const known = ['name', 'email', 'age', 'address', 'tags', 'plan'];

  function unknownKeys(input: object): string[] {
    const address = (input as { address?: unknown }).address;
    const inner = typeof address === 'object' && address !== null ? Object.keys(address) : [];
    return [
      ...Object.keys(input).filter((key) => !known.includes(key)),
      ...inner.filter((key) => !['street', 'city'].includes(key)),
    ];
  }

  const arbitraryUser = fc.record(
    {
      name: fc.oneof(fc.string({ maxLength: 60 }), fc.jsonValue()),
      email: fc.oneof(fc.emailAddress(), fc.jsonValue()),
      age: fc.oneof(fc.integer({ min: -5, max: 160 }), fc.jsonValue()),
      address: fc.oneof(fc.record({ street: fc.string(), city: fc.oneof(fc.string(), fc.jsonValue()) }), fc.jsonValue()),
      tags: fc.oneof(fc.array(fc.string()), fc.jsonValue()),
      plan: fc.oneof(fc.constantFrom('free', 'pro'), fc.jsonValue()),
      ['__proto__']: fc.jsonValue(),
      constructor: fc.jsonValue(),
      extra: fc.jsonValue(),
    },
    { requiredKeys: [] },
  );

  it('the check never throws, and is never fine with an unknown key', () => {
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), arbitraryUser), (json) => {
        const input: unknown = JSON.parse(JSON.stringify(json));
        const checked = schema.check(input);
        if (checked instanceof Promise || !checked.ok) return issuesOf(checked).length > 0;
        return unknownKeys(input as object).length === 0 && issuesOf(schema.check(checked.value)).length === 0;
      }),
      { numRuns: 500 },
    );
  });

  it('every valid user passes, with what it said', () => {
    const valid = fc.record(
      {
        name: fc.string({ minLength: 1, maxLength: 50, unit: 'grapheme-ascii' }),
        email: fc.constant('a@example.org'),
        age: fc.integer({ min: 0, max: 150 }),
        address: fc.record({ street: fc.string({ minLength: 1 }), city: fc.string({ minLength: 1 }) }),
        tags: fc.array(fc.string(), { maxLength: 10 }),
        plan: fc.constantFrom('free', 'pro'),
      },
      { requiredKeys: ['name', 'email', 'age', 'address'] },
    );
    fc.assert(
      fc.property(valid, (input) => {
        const user = valueOf(schema.check(input));
        expect(JSON.parse(JSON.stringify(user))).toEqual({ tags: [], plan: 'free', ...input });
      }),
    );
  });
});
