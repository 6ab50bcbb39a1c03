import { IsInt, IsString, ValidateBy } from 'class-validator';
import fc from 'fast-check';
import { ParseArrayPipe } from '../../lib/validation/parse-array-pipe';
import {
  DefaultValuePipe,
  ParseBoolPipe,
  ParseDatePipe,
  ParseEnumPipe,
  ParseFloatPipe,
  ParseIntPipe,
  ParseUUIDPipe,
} from '../../lib/validation/parse-pipes';
import type { ArgumentMetadata, PipeTransform } from '../../lib/validation/pipe';
import { ValidationPipe } from '../../lib/validation/validation-pipe';
import { Address, CreateUser, validUser } from './create-user';
import { thrownBy } from './outcome';

const at: ArgumentMetadata = { source: 'query', name: 'it' };

enum Size {
  Small,
  Large,
}
enum Colour {
  Red = 'red',
  Blue = 'blue',
}

const v4 = 'f47ac10b-58cc-4372-a567-0e02b2c3d479';
const v7 = '017f22e2-79b0-7cc3-98c4-dc0c0c07398f';
const nil = '00000000-0000-0000-0000-000000000000';

function refusal(pipe: PipeTransform, value: unknown, metadata = at): unknown {
  return thrownBy(() => pipe.transform(value, metadata));
}

describe.each<[string, PipeTransform, fine: [unknown, unknown][], wrong: unknown[], message: string, code: string]>([
  [
    'ParseIntPipe',
    new ParseIntPipe(),
    [
      ['0', 0],
      ['-7', -7],
      ['007', 7],
      [5, 5],
    ],
    ['', '1.0', '1e3', '+1', ' 1', '0x1', 'abc', '9007199254740992', 1.5, NaN, true, null, undefined, ['1'], {}],
    'it must be an integer',
    'isInt',
  ],
  [
    'ParseFloatPipe',
    new ParseFloatPipe(),
    [
      ['1.5', 1.5],
      ['-1e-3', -0.001],
      [0.5, 0.5],
    ],
    ['', '1.', '.5', 'Infinity', '1e999', 'x', Infinity, NaN, null, undefined, []],
    'it must be a number',
    'isNumber',
  ],
  [
    'ParseBoolPipe',
    new ParseBoolPipe(),
    [
      ['true', true],
      ['false', false],
      [true, true],
      [false, false],
    ],
    ['', '1', 'TRUE', 1, 0, null, undefined],
    'it must be true or false',
    'isBoolean',
  ],
  [
    'ParseDatePipe',
    new ParseDatePipe(),
    [
      ['2026-01-31', new Date('2026-01-31')],
      [new Date(5), new Date(5)],
    ],
    ['', 'soon', '2026-02-30', 5, new Date(NaN), null, undefined],
    'it must be a date (2026-01-31) or a date and time with its offset (2026-01-31T12:00:00Z)',
    'isDate',
  ],
  [
    'ParseUUIDPipe',
    new ParseUUIDPipe(),
    [
      [v4, v4],
      [v4.toUpperCase(), v4.toUpperCase()],
      [v7, v7],
      [nil, nil],
    ],
    ['', `${v4}0`, `{${v4}}`, v4.replaceAll('-', ''), `${v4}\n`, 5, null, undefined],
    'it must be a UUID',
    'isUuid',
  ],
  [
    'ParseUUIDPipe of one version',
    new ParseUUIDPipe({ version: '4' }),
    [[v4, v4]],
    [v7, nil, v4.replace('-a567-', '-c567-')],
    'it must be a UUID of version 4',
    'isUuid',
  ],
  [
    'ParseEnumPipe of text',
    new ParseEnumPipe(Colour),
    [['red', Colour.Red]],
    ['Red', '', 'toString', 0, null, undefined],
    'it must be one of: red, blue',
    'isEnum',
  ],
  [
    'ParseEnumPipe of numbers',
    new ParseEnumPipe(Size),
    [
      ['0', Size.Small],
      [1, Size.Large],
    ],
    ['Small', '2', '00', '', 2, null, undefined],
    'it must be one of: 0, 1',
    'isEnum',
  ],
])('%s', (_name, pipe, fine, wrong, message, code) => {
  it.each(fine)('turns %j into %j', (value, expected) => {
    expect(pipe.transform(value, at)).toEqual(expected);
  });

  it.each(wrong.map((value) => [value]))('refuses %j', (value) => {
    expect(refusal(pipe, value)).toMatchObject({
      code: 'VALIDATION_FAILED',
      status: 400,
      errors: [{ path: 'it', message, code }],
    });
  });
});

describe('what the pipes share', () => {
  const optional = { optional: true };

  it.each<[PipeTransform]>([
    [new ParseIntPipe(optional)],
    [new ParseFloatPipe(optional)],
    [new ParseBoolPipe(optional)],
    [new ParseDatePipe(optional)],
    [new ParseUUIDPipe(optional)],
    [new ParseEnumPipe(Colour, optional)],
    [new ParseArrayPipe(optional)],
  ])('%p lets nothing pass when it is optional, and still refuses what is wrong', (pipe) => {
    expect(pipe.transform(undefined, at)).toBeUndefined();
    expect(pipe.transform(null, at)).toBeUndefined();
    expect(refusal(pipe, {})).toMatchObject({ code: 'VALIDATION_FAILED' });
  });

  it('an unnamed value is spoken of as the value', () => {
    expect(refusal(new ParseIntPipe(), 'x', { source: 'body' })).toMatchObject({
      errors: [{ path: '', message: 'the value must be an integer', code: 'isInt' }],
    });
  });

  it('integers come back as they were written', () => {
    fc.assert(fc.property(fc.maxSafeInteger(), (value) => new ParseIntPipe().transform(String(value), at) === value));
  });
});

describe('DefaultValuePipe', () => {
  it.each([[undefined], [null], [NaN]])('stands in for %p', (value) => {
    expect(new DefaultValuePipe(7).transform(value)).toBe(7);
  });

  it.each([[0], [''], [false], ['x']])('leaves %j', (value) => {
    expect(new DefaultValuePipe(7).transform(value)).toBe(value);
  });
});

describe('ParseArrayPipe', () => {
  it('splits text, and takes lists as they are', () => {
    expect(new ParseArrayPipe().transform('a,b', at)).toEqual(['a', 'b']);
    expect(new ParseArrayPipe({ separator: '|' }).transform('a,b|c', at)).toEqual(['a,b', 'c']);
    expect(new ParseArrayPipe().transform('', at)).toEqual([]);
    expect(new ParseArrayPipe().transform(['a', 1], at)).toEqual(['a', 1]);
  });

  it('converts the items', () => {
    expect(new ParseArrayPipe({ items: Number }).transform('1,2.5', at)).toEqual([1, 2.5]);
    expect(new ParseArrayPipe({ items: Boolean }).transform(['true', false], at)).toEqual([true, false]);
    expect(new ParseArrayPipe({ items: String }).transform('a', at)).toEqual(['a']);
  });

  it.each([[5], [{}], [undefined], [null]])('refuses %j', (value) => {
    expect(refusal(new ParseArrayPipe(), value)).toMatchObject({
      errors: [{ path: 'it', message: 'it must be an array', code: 'isArray' }],
    });
  });

  it('has the index of a wrong item in its path', () => {
    expect(refusal(new ParseArrayPipe({ items: Number }), '1,x,')).toMatchObject({
      errors: [
        { path: 'it.1', message: 'each item must be a number', code: 'isNumber' },
        { path: 'it.2', message: 'each item must be a number', code: 'isNumber' },
      ],
    });
  });

  it('checks items of a class', () => {
    const pipe = new ParseArrayPipe({ items: Address });
    const body: ArgumentMetadata = { source: 'body' };
    expect(pipe.transform([{ street: 'a', city: 'b' }], body)).toEqual([expect.any(Address)]);
    expect(refusal(pipe, [{ street: 'a', city: '' }, 5], body)).toMatchObject({
      errors: [
        { path: '0.city', code: 'isNotEmpty' },
        { path: '1', code: 'isObject' },
      ],
    });
  });

  it('waits for asynchronous validators of a class', async () => {
    class Slow {
      @ValidateBy({ name: 'isSlow', validator: { validate: (value) => Promise.resolve(value === 1) } }) id!: number;
    }
    const pipe = new ParseArrayPipe({ items: Slow });
    await expect(pipe.transform([{ id: 1 }], at)).resolves.toEqual([expect.any(Slow)]);
    await expect(pipe.transform([{ id: 1 }, { id: 2 }], at)).rejects.toMatchObject({
      errors: [{ path: 'it.1.id', code: 'isSlow' }],
    });
  });

  it('of a class that cannot be checked is a start-up error', () => {
    class Bare {}
    expect(thrownBy(() => new ParseArrayPipe({ items: Bare }))).toMatchObject({ code: 'VALIDATION_CLASS_EMPTY' });
  });
});

describe('ValidationPipe', () => {
  class Search {
    @IsInt() page!: number;
    @IsString() text!: string;
  }
  const pipe = new ValidationPipe({ whitelist: true, forbidNonWhitelisted: true, transform: true });

  it('checks a body by its declared type, without converting', () => {
    expect(pipe.transform(validUser(), { source: 'body', type: CreateUser })).toBeInstanceOf(CreateUser);
    expect(refusal(pipe, { page: '1', text: 'a' }, { source: 'body', type: Search })).toMatchObject({
      code: 'VALIDATION_FAILED',
      errors: [{ path: 'page', code: 'isInt' }],
    });
  });

  it('converts a query first', () => {
    expect(pipe.transform({ page: '1', text: 'a' }, { source: 'query', type: Search })).toEqual(
      Object.assign(new Search(), { page: 1, text: 'a' }),
    );
    expect(refusal(pipe, { page: '1', text: 'a', x: '' }, { source: 'query', type: Search })).toMatchObject({
      errors: [{ path: 'x' }],
    });
  });

  it('leaves out headers that the class does not have', () => {
    expect(pipe.transform({ page: '1', text: 'a', host: 'x' }, { source: 'headers', type: Search })).toBeInstanceOf(Search);
  });

  it('has the name of the argument in the paths', () => {
    expect(refusal(pipe, { street: 'a', city: '' }, { source: 'body', name: 'address', type: Address })).toMatchObject({
      errors: [{ path: 'address.city', code: 'isNotEmpty' }],
    });
    expect(refusal(pipe, 5, { source: 'body', name: 'address', type: Address })).toMatchObject({
      errors: [{ path: 'address', code: 'isObject' }],
    });
  });

  it.each([[String], [Object], [undefined], [Date]])('leaves what is declared as %p', (type) => {
    const value = { any: 'thing' };
    expect(pipe.transform(value, { source: 'body', type })).toBe(value);
  });

  it('waits for asynchronous validators', async () => {
    class Slow {
      @ValidateBy({ name: 'isSlow', validator: { validate: (value) => Promise.resolve(value === 1) } }) id!: number;
    }
    await expect(pipe.transform({ id: 1 }, { source: 'body', type: Slow })).resolves.toBeInstanceOf(Slow);
    await expect(pipe.transform({ id: 2 }, { source: 'body', type: Slow })).rejects.toMatchObject({ errors: [{ path: 'id' }] });
  });
});
