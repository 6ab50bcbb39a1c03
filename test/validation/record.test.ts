import { Expose, Transform, Type } from 'class-transformer';
import {
  Allow,
  ArrayMaxSize,
  IsArray,
  IsBoolean,
  IsDate,
  IsIn,
  IsInt,
  IsOptional,
  IsString,
  Max,
  Min,
  ValidateNested,
} from 'class-validator';
import { convertRecord } from '../../lib/validation/record';
import { compileSchema } from '../../lib/validation/schema';
import { Address } from './create-user';
import { found, issuesOf, valueOf } from './outcome';

class Search {
  @IsOptional() @IsInt() @Min(1) @Max(100) page = 1;
  @IsOptional() @IsBoolean() exact?: boolean;
  @IsOptional() @IsDate() since?: Date;
  @IsOptional() @IsString({ each: true }) @ArrayMaxSize(3) tags: string[] = [];
  @IsOptional() @IsInt({ each: true }) @Type(() => Number) ids: number[] = [];
  @IsOptional() @IsInt({ each: true }) more: number[] = [];
  @IsOptional() @Allow() big?: bigint;
  @IsOptional() @IsIn(['asc', 'desc']) order: 'asc' | 'desc' = 'asc';
  @IsOptional() @Transform(({ value }: { value: unknown }) => value === 'yes') sure?: boolean;
  @IsOptional() @IsInt() @Expose({ name: 'per-page' }) perPage?: number;
  @IsOptional() @ValidateNested() address?: Address;
}
const search = compileSchema(Search);

/** A query, as `node:querystring` makes it: without a prototype. */
function query(text: Readonly<Record<string, string | string[]>>): object {
  return Object.assign(Object.create(null) as object, text);
}

describe('a record of text', () => {
  it('becomes values of the declared types', () => {
    const record = query({
      page: '2',
      exact: 'true',
      since: '2026-01-31',
      tags: 'a',
      ids: ['1', '2'],
      more: '3',
      big: '12345678901234567890',
      order: 'desc',
      sure: 'yes',
      'per-page': '10',
    });
    expect(valueOf(search.checkRecord(record))).toEqual(
      Object.assign(new Search(), {
        page: 2,
        exact: true,
        since: new Date('2026-01-31'),
        tags: ['a'],
        ids: [1, 2],
        more: [3],
        big: 12345678901234567890n,
        order: 'desc',
        sure: true,
        perPage: 10,
      }),
    );
  });

  it('has the defaults for what is missing', () => {
    expect(valueOf(search.checkRecord(query({})))).toEqual(new Search());
  });

  it.each<[Record<string, string | string[]>, string[]]>([
    [{ page: 'x' }, ['page isNumber']],
    [{ page: '' }, ['page isNumber']],
    [{ page: '1.5' }, ['page isInt']],
    [{ page: '101' }, ['page max']],
    [{ page: ['1', '2'] }, ['page isSingle']],
    [{ exact: '1' }, ['exact isBoolean']],
    [{ since: 'yesterday' }, ['since isDate']],
    [{ tags: ['a', 'b', 'c', 'd'] }, ['tags arrayMaxSize']],
    [{ ids: ['1', '0x10', ''] }, ['ids.1 isNumber', 'ids.2 isNumber']],
    [{ more: 'x' }, ['more.0 isNumber']],
    [{ big: '1.5' }, ['big isBigInt']],
    [{ 'per-page': 'x' }, ['per-page isNumber']],
    [{ address: 'London' }, ['address nestedValidation']],
    [{ unknown: '1' }, ['unknown whitelistValidation']],
    [{ toString: '1' }, ['toString whitelistValidation']],
    [{ page: 'x', order: 'up', unknown: '1' }, ['page isNumber', 'order isIn', 'unknown whitelistValidation']],
  ])('%j has its issues', (text, expected) => {
    expect(found(search.checkRecord(query(text)))).toEqual(expected);
  });

  it('refuses __proto__ and pollutes nothing', () => {
    expect(found(search.checkRecord(JSON.parse('{"__proto__": "1"}')))).toEqual(['__proto__ whitelistValidation']);
  });

  it('leaves out unknown names where the client does not choose them alone', () => {
    expect(valueOf(search.checkRecord(query({ page: '2', host: 'x', __proto__: 'x' }), 'ignore')).page).toBe(2);
    expect(found(search.checkRecord(query({ page: 'x', host: 'x' }), 'ignore'))).toEqual(['page isNumber']);
  });

  it.each([[null], [undefined], ['a=1'], [[]]])('is no %p', (input) => {
    expect(found(search.checkRecord(input))).toEqual([' isObject']);
  });

  it('leaves what is no text to the check', () => {
    expect(valueOf(search.checkRecord({ page: 2 })).page).toBe(2);
    expect(found(search.checkRecord({ page: { a: '1' } }))).toEqual(['page isInt', 'page min', 'page max']);
  });
});

describe('a type that TypeScript erases', () => {
  class Page {
    @IsInt() number = 1;
    @IsOptional() @IsBoolean() exact: boolean | null = null;
    @IsOptional() @IsArray() @IsInt({ each: true }) ids = [0];
    @IsOptional() @IsString() text: string | number = '';
  }

  it('is taken from what the validators ask for', () => {
    const record = query({ number: '2', exact: 'false', ids: '3', text: '4' });
    expect(valueOf(compileSchema(Page).checkRecord(record))).toMatchObject({ number: 2, exact: false, ids: [3], text: '4' });
    expect(found(compileSchema(Page).checkRecord(query({ number: 'x', exact: '' })))).toEqual([
      'number isNumber',
      'exact isBoolean',
    ]);
  });
});

describe('convertRecord', () => {
  it('converts what it can and names the rest', () => {
    const { record, issues } = convertRecord(Search, { page: '2', exact: 'no', other: 'x' });
    expect({ ...record }).toEqual({ page: 2, exact: 'no', other: 'x' });
    expect(issues).toEqual([{ path: 'exact', message: 'exact must be true or false', code: 'isBoolean' }]);
    expect(issuesOf(search.check(record)).map(({ path }) => path)).toEqual(['exact', 'other']);
  });
});
