import { Exclude, Expose, Transform, Type } from 'class-transformer';
import {
  Allow,
  ArrayUnique,
  Equals,
  IsDate,
  IsDefined,
  IsEnum,
  IsInt,
  IsNotEmpty,
  IsNumber,
  IsOptional,
  IsPositive,
  IsString,
  IsUrl,
  Matches,
  Max,
  Min,
  MinLength,
  registerDecorator,
  ValidateIf,
  ValidateNested,
} from 'class-validator';
import { ApiHidden, ApiProperty } from 'rockstar-web';
import { classSchema } from '../../lib/openapi/class-schema';
import { SchemaComponents } from '../../lib/openapi/schema-components';
import type { Json } from './documents';

enum Level {
  Low,
  High = 5,
}

class Cat {
  @IsString() name!: string;
}

class Dog {
  @IsInt() legs!: number;
}

class Pet {
  @IsString() kind!: string;
}

function Checked(): PropertyDecorator {
  return (target, propertyName) =>
    registerDecorator({
      target: target.constructor,
      propertyName: String(propertyName),
      validator: {
        validate: () => {
          throw new Error('it is not run for a document');
        },
      },
    });
}

class Base {
  @IsString() inherited!: string;
}

class Everything extends Base {
  @IsInt() @IsPositive() @Max(10) @Max(7) count!: number;
  @IsNumber() @IsOptional() ratio?: number;
  @IsEnum(Level) level!: Level;
  @Matches(/^a\d$/u) @MinLength(2) code!: string;
  @Matches(/^a$/i) folded!: string;
  @IsUrl({ require_protocol: true }) site!: string;
  @IsDate() @Type(() => Date) at!: Date;
  @IsNotEmpty() named!: string;
  @Allow() free!: Record<string, unknown>;
  @Allow() declared!: boolean;
  @Equals(true) accepted!: boolean;
  @Checked() custom!: string;
  @ArrayUnique() @IsString({ each: true }) tags!: string[];
  @IsInt({ each: true }) numbers!: Set<number>;
  @ValidateNested({ each: true }) @Type(() => Cat) byName!: Map<string, Cat>;
  @ValidateNested()
  @Type(() => Pet, {
    discriminator: {
      property: 'kind',
      subTypes: [
        { name: 'cat', value: Cat },
        { name: 'dog', value: Dog },
      ],
    },
  })
  pet!: Cat | Dog;
  @Transform(({ value }: { value: string }) => value.trim()) @IsString() @MinLength(1) trimmed!: string;
  @Transform(({ value }: { value: string }) => value.split(',')) @IsString({ each: true }) split!: string[];
  @ValidateIf((one: Everything) => one.level === Level.High) @IsString() reason!: string;
  @ValidateIf((_, value) => value !== null) @IsString() nullable!: string | null;
  @IsString() defaulted: string = 'yes';
  @IsString() @MinLength(1) placeholder: string = '';
  @IsDefined() @IsInt() random: number = Math.floor(Math.random() * 1e9);
  @Expose({ name: 'other_name' }) @IsString() renamed!: string;
  @Exclude() @IsOptional() @IsString() internal?: string;
  @ApiHidden() @IsOptional() @IsString() secret?: string;
  @ApiProperty({ description: 'told', type: 'integer', minimum: 3 }) @IsNumber() told!: number;
  @Min(0) @IsOptional() least?: number;
}

describe('the schema of a class', () => {
  const components = new SchemaComponents({});
  const schema = classSchema(Everything, 'input', components) as unknown as Json;

  it.each([
    ['inherited', { type: 'string' }],
    ['count', { type: 'integer', exclusiveMinimum: 0, maximum: 7 }],
    ['ratio', { type: ['number', 'null'] }],
    ['level', { type: 'integer', enum: [0, 5] }],
    ['code', { type: 'string', pattern: '^a\\d$', minLength: 2 }],
    ['folded', { type: 'string' }],
    ['site', { type: 'string', format: 'uri' }],
    ['at', { type: 'string', format: 'date-time' }],
    ['named', { type: 'string', minLength: 1 }],
    ['free', {}],
    ['declared', { type: 'boolean' }],
    ['accepted', { const: true }],
    ['custom', { type: 'string' }],
    ['tags', { type: 'array', items: { type: 'string' }, uniqueItems: true }],
    ['numbers', { type: 'array', items: { type: 'integer' } }],
    ['byName', { type: 'object', additionalProperties: { $ref: '#/components/schemas/Cat' } }],
    ['trimmed', { type: 'string', minLength: 1 }],
    ['split', { description: 'split is converted before it is checked.' }],
    ['reason', { type: 'string' }],
    ['nullable', { type: ['string', 'null'] }],
    ['defaulted', { type: 'string', default: 'yes' }],
    ['placeholder', { type: 'string', minLength: 1 }],
    ['random', { type: 'integer' }],
    ['other_name', { type: 'string' }],
    ['told', { type: 'integer', description: 'told', minimum: 3 }],
    ['least', { type: ['number', 'null'], minimum: 0 }],
  ])('describes %s', (name, expected) => {
    expect(schema.properties[name]).toEqual(expected);
  });

  it('has nothing that input may not have, and nothing hidden', () => {
    for (const name of ['renamed', 'internal', 'secret']) expect(schema.properties).not.toHaveProperty(name);
    expect(schema.additionalProperties).toBe(false);
  });

  it('requires what has no default and no condition', () => {
    const optional = ['ratio', 'free', 'declared', 'reason', 'defaulted', 'random', 'least'];
    const names = Object.keys(schema.properties).filter((name) => !optional.includes(name));
    expect([...(schema.required as unknown as string[])].sort()).toEqual(names.sort());
  });

  it('describes a choice between classes, each with the property that chooses it', () => {
    const { oneOf, discriminator } = schema.properties.pet;
    expect(oneOf).toEqual([{ $ref: '#/components/schemas/Cat2' }, { $ref: '#/components/schemas/Dog' }]);
    expect(discriminator).toEqual({
      propertyName: 'kind',
      mapping: { cat: '#/components/schemas/Cat2', dog: '#/components/schemas/Dog' },
    });
    expect(components.schemas.Dog).toEqual({
      type: 'object',
      properties: { kind: { type: 'string', const: 'dog' }, legs: { type: 'integer' } },
      required: ['kind', 'legs'],
      additionalProperties: false,
    });
  });

  it('is open on its way out, where what has an initialiser is always there', () => {
    const out = classSchema(Everything, 'output', new SchemaComponents({})) as unknown as Json;
    expect(out.additionalProperties).toBeUndefined();
    expect(out.properties.renamed).toEqual({ type: 'string' });
    expect(out.required).toEqual(expect.arrayContaining(['defaulted', 'renamed', 'count']));
    expect(out.required).not.toContain('ratio');
  });
});
