import fc from 'fast-check';
import { compileConverter, compileListConverter, isConvertibleType, type RawText } from '../../lib/validation/conversion';
import { issuesOf, valueOf } from './outcome';

const convert = (type: unknown, raw: RawText): unknown => valueOf(compileConverter(type)(raw, 'it'));
const issues = (type: unknown, raw: RawText): unknown => issuesOf(compileConverter(type)(raw, 'it'));

describe('text becomes a number', () => {
  it.each([
    ['0', 0],
    ['-0', 0],
    ['7', 7],
    ['-12', -12],
    ['007', 7],
    ['1.50', 1.5],
    ['1e3', 1000],
    ['2.5E-2', 0.025],
    ['9007199254740991', Number.MAX_SAFE_INTEGER],
    ['-9007199254740991', Number.MIN_SAFE_INTEGER],
  ])('%s', (text, value) => {
    expect(convert(Number, text)).toBe(value);
  });

  it.each([
    '',
    ' ',
    ' 1',
    '1 ',
    '+1',
    '1.',
    '.5',
    '0x10',
    '0b1',
    '1_000',
    '1,5',
    'NaN',
    'Infinity',
    '-Infinity',
    '1e400',
    'abc',
    '1n',
    '٣',
    '9007199254740992',
    '-9007199254740993',
    '1e21',
    '1\n',
    'null',
    'true',
  ])('but %j does not', (text) => {
    expect(issues(Number, text)).toEqual([{ path: 'it', message: 'it must be a number', code: 'isNumber' }]);
  });

  it('and back, for every number that is no integer beyond the safe range', () => {
    const number = fc.oneof(fc.maxSafeInteger(), fc.double({ noNaN: true, noDefaultInfinity: true }));
    fc.assert(
      fc.property(number, (value) => {
        fc.pre(!Number.isInteger(value) || Number.isSafeInteger(value));
        expect(convert(Number, String(value))).toBe(value === 0 ? 0 : value);
      }),
    );
  });

  it('only when its digits say the number', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const checked = compileConverter(Number)(text, 'it');
        return checked instanceof Promise || !checked.ok || Number(text) === checked.value;
      }),
    );
  });
});

describe('text becomes a boolean', () => {
  it('when it is true or false', () => {
    expect(convert(Boolean, 'true')).toBe(true);
    expect(convert(Boolean, 'false')).toBe(false);
  });

  it.each(['', '1', '0', 'TRUE', 'True', 'yes', 'on', ' true', 'null'])('and not when it is %j', (text) => {
    expect(issues(Boolean, text)).toEqual([{ path: 'it', message: 'it must be true or false', code: 'isBoolean' }]);
  });
});

describe('text becomes a big integer', () => {
  it('of any sign and up to 1,000 digits', () => {
    fc.assert(fc.property(fc.bigInt(), (value) => convert(BigInt, String(value)) === value));
    expect(issues(BigInt, '9'.repeat(1_001))).toHaveLength(1);
  });

  it.each(['', '1.0', '0x1', '1n', ' 1', '+1'])('and not when it is %j', (text) => {
    expect(issues(BigInt, text)).toEqual([{ path: 'it', message: 'it must be an integer', code: 'isBigInt' }]);
  });
});

describe('text becomes a date', () => {
  it.each([
    ['2026-01-31', '2026-01-31T00:00:00.000Z'],
    ['2024-02-29', '2024-02-29T00:00:00.000Z'],
    ['2000-02-29', '2000-02-29T00:00:00.000Z'],
    ['0001-01-01', '0001-01-01T00:00:00.000Z'],
    ['2026-01-31T12:30Z', '2026-01-31T12:30:00.000Z'],
    ['2026-01-31T12:30:15.25Z', '2026-01-31T12:30:15.250Z'],
    ['2026-01-31T12:30:15+02:00', '2026-01-31T10:30:15.000Z'],
    ['2026-01-31T00:00:00-05:30', '2026-01-31T05:30:00.000Z'],
  ])('%s', (text, iso) => {
    expect((convert(Date, text) as Date).toISOString()).toBe(iso);
  });

  it.each([
    '',
    '2026',
    '2026-01',
    '2026-1-31',
    '2026-00-10',
    '2026-13-01',
    '2026-01-00',
    '2026-01-32',
    '2026-02-29',
    '2026-02-30',
    '1900-02-29',
    '2026-04-31',
    '31.01.2026',
    'Jan 31 2026',
    '1769817600000',
    '20260131',
    '2026-01-31T12:30:00',
    '2026-01-31 12:30:00Z',
    '2026-01-31T24:00:00Z',
    '2026-01-31T12:60Z',
    '2026-01-31T12:30:60Z',
    '2026-01-31T12:30:00+0200',
    '2026-01-31T12:30:00+25:00',
    '2026-01-31T12Z',
    '2026-01-31Z',
    'now',
  ])('but %j does not', (text) => {
    expect(issues(Date, text)).toMatchObject([{ path: 'it', code: 'isDate' }]);
  });

  it('and back, for every day of years with four digits', () => {
    const date = fc.date({
      min: new Date('0001-01-01T00:00:00Z'),
      max: new Date('9999-12-31T23:59:59.999Z'),
      noInvalidDate: true,
    });
    fc.assert(
      fc.property(date, (value) => {
        expect(convert(Date, value.toISOString())).toEqual(value);
        expect((convert(Date, value.toISOString().slice(0, 10)) as Date).getTime()).toBeLessThanOrEqual(value.getTime());
      }),
    );
  });
});

describe('text under other types', () => {
  it('stays as it is', () => {
    fc.assert(fc.property(fc.string(), (text) => [String, Object, undefined, Map].every((type) => convert(type, text) === text)));
  });

  it('becomes a list when an array is declared', () => {
    expect(convert(Array, 'a')).toEqual(['a']);
    expect(convert(Array, ['a', 'b'])).toEqual(['a', 'b']);
    expect(convert(Object, ['a', 'b'])).toEqual(['a', 'b']);
  });

  it('is known to be convertible or not', () => {
    class Money {}
    expect([String, Number, Boolean, BigInt, Date, Array].every(isConvertibleType)).toBe(true);
    expect([Object, undefined, Map, Money].some(isConvertibleType)).toBe(false);
  });
});

it.each([[String], [Number], [Boolean], [BigInt], [Date], [Array], [Object], [undefined]])(
  'nothing stays nothing as %p',
  (type) => {
    expect(convert(type, undefined)).toBeUndefined();
  },
);

it.each([[String], [Number], [Boolean], [BigInt], [Date]])('a repeated name where one %p is expected is an issue', (type) => {
  expect(issues(type, ['1', '2'])).toEqual([{ path: 'it', message: 'it must be given once', code: 'isSingle' }]);
});

describe('a list of text', () => {
  it('becomes a list of values, with the index in the path of what is wrong', () => {
    const numbers = compileListConverter(Number);
    expect(valueOf(numbers('1', 'ids'))).toEqual([1]);
    expect(valueOf(numbers(['1', '2'], 'ids'))).toEqual([1, 2]);
    expect(valueOf(numbers(undefined, 'ids'))).toBeUndefined();
    expect(issuesOf(numbers(['1', 'x', ''], 'ids')).map(({ path }) => path)).toEqual(['ids.1', 'ids.2']);
    expect(valueOf(compileListConverter(Object)(['x'], 'ids'))).toEqual(['x']);
  });
});
