import { Type } from 'class-transformer';
import { IsBoolean, IsInt, IsNumber, IsOptional, IsString, ValidateNested } from 'class-validator';
import * as fc from 'fast-check';
import { ApiProperty } from 'rockstar-web';
import type { ConcreteClass } from '../../lib/metadata/slot';
import { prepareAnswer } from '../../lib/openapi/prepared-answer';

const ODD = 'it\'s "odd"\u2028\\';

class Leaf {
  @IsString() text!: string;
  @IsOptional() @IsNumber() number?: number | null;
}

class Branch {
  @ApiProperty() name!: string;
  @ApiProperty({ required: false }) when?: Date;
  @ApiProperty({ required: false }) any?: unknown;
  @ApiProperty({ type: () => [Branch], required: false }) branches?: Branch[];
}

class Base {
  @IsInt() id!: number;
  @IsBoolean() flag!: boolean;
}

class Tree extends Base {
  @IsString({ each: true }) [ODD]!: string[];
  @ValidateNested() @Type(() => Leaf) leaf!: Leaf;
  @IsOptional() @ValidateNested({ each: true }) @Type(() => Leaf) leaves?: Leaf[];
}

/** The names that are declared; below each what is declared of its value, if anything is. */
interface Names {
  readonly [name: string]: Names | true;
}

const LEAF: Names = { text: true, number: true };
const BRANCH: Record<string, Names | true> = { name: true, when: true, any: true };
BRANCH.branches = BRANCH;
const TREE: Names = { id: true, flag: true, [ODD]: true, leaf: LEAF, leaves: LEAF };

/** What is to leave, told as simply as can be. */
function picked(value: unknown, names: Names | true): unknown {
  if (names === true || typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => picked(item, names));
  const entries = Object.entries(value).filter(([name]) => Object.hasOwn(names, name));
  return Object.fromEntries(entries.map(([name, own]) => [name, picked(own, names[name] ?? true)]));
}

const hard = fc.constantFrom(
  '\ud800',
  'a\udfff"',
  '\u2028\u2029',
  '\u0000\u001f\\',
  '</script>',
  '"'.repeat(50),
  '\ud83d\ude00'.repeat(30),
);
const text = fc.oneof(hard, fc.string({ unit: 'binary', maxLength: 60 }), fc.string({ maxLength: 12 }));
const orNothing = <T>(value: fc.Arbitrary<T>) => fc.option(fc.option(value), { nil: undefined });
const number = fc.oneof(fc.double(), fc.integer(), fc.constantFrom(-0, NaN, Infinity, 1e21, 5e-324));
const strays = { secret: text, toString: text, __defineGetter__: fc.anything() };

/** Objects with these properties, often without some of them, and with more than is declared. */
function objects(declared: Readonly<Record<string, fc.Arbitrary<unknown>>>): fc.Arbitrary<object> {
  const model: Record<string, fc.Arbitrary<unknown>> = { ...declared, ...strays };
  const whole = fc.record(model, { requiredKeys: Object.keys(declared) });
  return fc.oneof({ weight: 2, arbitrary: whole }, fc.record(model, { requiredKeys: [] }));
}

const leaf = objects({ text: orNothing(text), number: orNothing(number) });
const { branch } = fc.letrec<{ branch: object }>((tie) => ({
  branch: objects({
    name: orNothing(text),
    when: orNothing(fc.date()),
    any: fc.oneof(
      fc.jsonValue(),
      fc.constantFrom(undefined, () => 1, Symbol('s')),
    ),
    branches: orNothing(fc.array(fc.oneof({ depthSize: 'small' }, fc.constant(null), tie('branch')), { maxLength: 3 })),
  }),
}));
const tree = objects({
  id: orNothing(fc.integer()),
  flag: orNothing(fc.boolean()),
  [ODD]: orNothing(fc.array(orNothing(text), { maxLength: 5 })),
  leaf: orNothing(leaf),
  leaves: orNothing(fc.array(orNothing(leaf), { maxLength: 4 })),
});

describe('what is written of a class', () => {
  it.each<[string, ConcreteClass, Names, fc.Arbitrary<object>]>([
    ['a flat one', Leaf, LEAF, leaf],
    ['one that holds itself, dates and anything', Branch, BRANCH, branch],
    ['one that extends another, nested', Tree, TREE, tree],
  ])('is what JSON.stringify writes of its declared properties: %s', (_what, type, names, values) => {
    const one = prepareAnswer(type);
    const many = prepareAnswer([type]);
    fc.assert(
      fc.property(fc.array(values, { maxLength: 3 }), (list) => {
        const expected = JSON.parse(JSON.stringify(picked(list, names))) as unknown[];
        expect(JSON.parse(many?.serialise(list) ?? '')).toEqual(expected);
        expect(list.map((value) => JSON.parse(one?.serialise(value) ?? '') as unknown)).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });

  it('is written in one pass where it is plainly right, and looked at again where it is not', () => {
    let reads = 0;
    const readsOf = (value: object, type: ConcreteClass): number => {
      reads = 0;
      prepareAnswer(type)?.serialise(value);
      return reads;
    };
    const whole = { id: 1, flag: true, [ODD]: ['a'] };
    const counting = (rest: object): object => Object.defineProperty(rest, 'text', { get: () => String(reads++) });
    expect(readsOf({ ...whole, leaf: counting({ number: 1 }) }, Tree)).toBe(1);
    expect(readsOf({ ...whole, leaf: counting({ number: NaN }) }, Tree)).toBe(2);
  });
});
