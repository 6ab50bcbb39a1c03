import { plainToInstance, Type } from 'class-transformer';
import {
  ArrayMinSize,
  ArrayUnique,
  IsArray,
  IsBoolean,
  IsDefined,
  IsEmail,
  IsEnum,
  IsIn,
  IsInt,
  IsNumber,
  IsOptional,
  IsString,
  IsUUID,
  Length,
  Matches,
  Max,
  Min,
  ValidateIf,
  ValidateNested,
  type ValidationError,
  validateSync,
} from 'class-validator';
import fc from 'fast-check';
import { compileSchema } from '../../lib/validation/schema';
import { issuesOf } from './outcome';

enum Role {
  Reader = 'reader',
  Writer = 'writer',
}

class Tag {
  @IsString() @Length(1, 5) label!: string;
  @IsOptional() @IsInt() weight?: number;
}

class Everything {
  @IsDefined() @IsString() @Matches(/^[a-z]*$/) word!: string;
  @IsNumber() @Min(0) @Max(10) number!: number;
  @IsBoolean({ message: '$property of $target is $value' }) flag!: boolean;
  @IsOptional() @IsEmail() email?: string;
  @IsEnum(Role) role!: Role;
  @IsArray() @ArrayMinSize(1) @ArrayUnique() @IsIn(['a', 'b', 'c'], { each: true }) letters!: string[];
  @ValidateIf((one: Everything) => one.flag) @IsUUID() id?: string;
  @ValidateNested({ each: true }) @Type(() => Tag) tags!: Tag[];
}

function flatten(errors: readonly ValidationError[], path = ''): string[] {
  return errors.flatMap(({ property, constraints, children }) => {
    const here = path === '' ? property : `${path}.${property}`;
    const own = Object.entries(constraints ?? {}).map(([code, message]) => `${here}|${code}|${message}`);
    return [...own, ...flatten(children ?? [], here)];
  });
}

/** What class-validator itself says; its words for unknown properties and nested ones are not ours. */
function theirs(input: unknown): string[] {
  const instance = plainToInstance(Everything, input);
  const issues = flatten(validateSync(instance, { whitelist: true, forbidNonWhitelisted: true, forbidUnknownValues: true }));
  return issues.map((issue) => issue.replace(/property (\S+) should not exist$/, 'property $1 is not allowed')).toSorted();
}

function ours(input: unknown): string[] {
  return issuesOf(compileSchema(Everything).check(input))
    .map(({ path, code, message }) => `${path}|${code}|${message}`)
    .toSorted();
}

// Lists of objects alone: where something else is nested, class-validator passes what must not pass (see nested.test.ts).
const tag = fc.record(
  {
    label: fc.oneof(fc.string({ maxLength: 8 }), fc.integer()),
    weight: fc.oneof(fc.integer(), fc.constant(null), fc.string()),
    odd: fc.string(),
  },
  { requiredKeys: [] },
);
const input = fc.record(
  {
    word: fc.oneof(fc.string(), fc.stringMatching(/^[a-z]*$/), fc.jsonValue()),
    number: fc.oneof(fc.double({ min: -1, max: 11 }), fc.jsonValue()),
    flag: fc.oneof(fc.boolean(), fc.integer(), fc.constant(null)),
    email: fc.oneof(fc.emailAddress(), fc.string(), fc.constant(null)),
    role: fc.oneof(fc.constantFrom('reader', 'writer'), fc.jsonValue()),
    letters: fc.oneof(fc.array(fc.constantFrom('a', 'b', 'c', 'd', 1)), fc.jsonValue()),
    id: fc.oneof(fc.uuid(), fc.string(), fc.constant(null)),
    tags: fc.array(tag, { maxLength: 4 }),
    unknown: fc.jsonValue(),
  },
  { requiredKeys: ['tags'] },
);

/** A key of that name anywhere is refused here, and looked past by class-validator. */
function hasForbiddenKey(value: unknown): boolean {
  return /"__proto__"|"constructor"|"prototype"/.test(JSON.stringify(value));
}

it('an input has the issues that class-validator finds, with its words', () => {
  fc.assert(
    fc.property(input, (one) => {
      fc.pre(!hasForbiddenKey(one));
      expect(ours(one)).toEqual(theirs(one));
    }),
    { numRuns: 500 },
  );
});
