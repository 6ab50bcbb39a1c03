import Ajv2020, { type ValidateFunction } from 'ajv/dist/2020';
import addFormats from 'ajv-formats';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  ArrayNotEmpty,
  Contains,
  Equals,
  IsAlphanumeric,
  IsArray,
  IsBoolean,
  IsDateString,
  IsEmail,
  IsEnum,
  IsIn,
  IsInt,
  IsMongoId,
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
  NotEquals,
  ValidateIf,
  ValidateNested,
} from 'class-validator';
import * as fc from 'fast-check';
import { Body, Controller, type OpenApiDocument, Post } from 'rockstar-web';
import type { ConcreteClass } from '../../lib/metadata/slot';
import { compileSchema } from '../../lib/validation/schema';
import { documentOf, whatIsWrong } from './documents';

enum Plan {
  Free = 'free',
  Pro = 'pro',
}

class Inner {
  @IsString() street!: string;
  @IsInt() number!: number;
}

/** A way to declare a property, values that are often right, and values that are wrong by their type. */
interface Kind {
  readonly name: string;
  readonly type: unknown;
  readonly decorators: readonly PropertyDecorator[];
  readonly right: fc.Arbitrary<unknown>;
  readonly wrongType: fc.Arbitrary<unknown>;
}

const text = fc.string({ maxLength: 12 });
const notText = fc.oneof(fc.integer(), fc.boolean(), fc.constant([]), fc.constant({}));
const notNumber = fc.oneof(fc.string(), fc.boolean(), fc.constant({}));
const notList = fc.oneof(fc.string(), fc.integer(), fc.constant({ a: 1 }));
const inner = fc.record({ street: text, number: fc.integer() });
const email = fc.constantFrom('a@example.org', 'first.last@example.com');

const kinds: readonly Kind[] = [
  { name: 'text', type: String, decorators: [IsString()], right: text, wrongType: notText },
  { name: 'length', type: String, decorators: [Length(2, 5)], right: text, wrongType: notText },
  { name: 'maxLength', type: String, decorators: [IsString(), MaxLength(4), IsNotEmpty()], right: text, wrongType: notText },
  {
    name: 'matches',
    type: String,
    decorators: [Matches(/^[a-c]+$/)],
    right: fc.string({ unit: fc.constantFrom('a', 'b', 'd') }),
    wrongType: notText,
  },
  {
    name: 'contains',
    type: String,
    decorators: [Contains('a.b')],
    right: fc.constantFrom('xa.by', 'axb', 'a.b'),
    wrongType: notText,
  },
  { name: 'alphanumeric', type: String, decorators: [IsAlphanumeric()], right: text, wrongType: notText },
  { name: 'mongo', type: String, decorators: [IsMongoId()], right: fc.constant('0123456789abcdefABCDEF01'), wrongType: notText },
  { name: 'email', type: String, decorators: [IsEmail()], right: email, wrongType: notText },
  { name: 'uuid', type: String, decorators: [IsUUID()], right: fc.uuid(), wrongType: notText },
  { name: 'moment', type: String, decorators: [IsDateString()], right: fc.constant('2026-01-31T12:00:00Z'), wrongType: notText },
  { name: 'integer', type: Number, decorators: [IsInt()], right: fc.integer(), wrongType: fc.oneof(notNumber, fc.constant(1.5)) },
  {
    name: 'bounded',
    type: Number,
    decorators: [IsInt(), Min(0), Max(150)],
    right: fc.integer({ min: -5, max: 155 }),
    wrongType: notNumber,
  },
  {
    name: 'number',
    type: Number,
    decorators: [IsNumber()],
    right: fc.double({ noNaN: true, noDefaultInfinity: true }),
    wrongType: notNumber,
  },
  { name: 'positive', type: Number, decorators: [IsPositive()], right: fc.integer({ min: -2, max: 3 }), wrongType: notNumber },
  { name: 'flag', type: Boolean, decorators: [IsBoolean()], right: fc.boolean(), wrongType: fc.oneof(fc.string(), fc.integer()) },
  {
    name: 'plan',
    type: String,
    decorators: [IsEnum(Plan)],
    right: fc.constantFrom('free', 'pro', 'none'),
    wrongType: fc.integer(),
  },
  {
    name: 'choice',
    type: Object,
    decorators: [IsIn(['a', 1, null])],
    right: fc.constantFrom('a', 1, null, 'b'),
    wrongType: fc.constant({}),
  },
  { name: 'exact', type: Object, decorators: [Equals('yes')], right: fc.constantFrom('yes', 'no'), wrongType: fc.integer() },
  {
    name: 'other',
    type: String,
    decorators: [IsString(), NotEquals('no')],
    right: fc.constantFrom('yes', 'no'),
    wrongType: notText,
  },
  {
    name: 'object',
    type: Object,
    decorators: [IsObject()],
    right: fc.dictionary(fc.constantFrom('a', 'b'), text),
    wrongType: fc.oneof(fc.string(), fc.constant([])),
  },
  {
    name: 'texts',
    type: Array,
    decorators: [IsArray(), ArrayMaxSize(3), IsString({ each: true })],
    right: fc.array(text, { maxLength: 4 }),
    wrongType: notList,
  },
  {
    name: 'integers',
    type: Array,
    decorators: [IsArray(), ArrayNotEmpty(), IsInt({ each: true }), Min(0, { each: true })],
    right: fc.array(fc.integer({ min: -1 }), { maxLength: 3 }),
    wrongType: fc.oneof(notList, fc.constant(['x'])),
  },
  {
    name: 'one',
    type: Inner,
    decorators: [ValidateNested()],
    right: inner,
    wrongType: fc.oneof(fc.string(), fc.constant([]), fc.constant({ street: 1, number: 1 })),
  },
  {
    name: 'several',
    type: Array,
    decorators: [IsArray(), ArrayMinSize(1), ValidateNested({ each: true }), Type(() => Inner)],
    right: fc.array(inner, { maxLength: 2 }),
    wrongType: fc.oneof(notList, fc.constant([{ street: 'x' }])),
  },
];

type Presence = 'required' | 'optional' | 'defined or not' | 'with a default';

interface Declared {
  readonly kind: Kind;
  readonly presence: Presence;
}

const presences: readonly Presence[] = ['required', 'optional', 'defined or not', 'with a default'];
const shape = fc
  .uniqueArray(fc.record({ kind: fc.constantFrom(...kinds), presence: fc.constantFrom(...presences) }), {
    selector: ({ kind }) => kind.name,
    minLength: 1,
    maxLength: 5,
  })
  .map((all) => all as readonly Declared[]);

/** Makes a class as decorators would. Half of the properties come from a class it extends. */
function classOf(properties: readonly Declared[]): ConcreteClass {
  class Base {}
  class Made extends Base {
    constructor() {
      super();
      for (const { kind, presence } of properties) {
        const [value] = fc.sample(kind.right, { numRuns: 1, seed: 1 });
        if (presence === 'with a default') Object.assign(this, { [kind.name]: value });
      }
    }
  }
  properties.forEach(({ kind, presence }, at) => {
    const { prototype } = at % 2 === 0 ? Made : Base;
    for (const decorate of kind.decorators) decorate(prototype, kind.name);
    if (presence === 'optional') IsOptional()(prototype, kind.name);
    if (presence === 'defined or not') {
      ValidateIf((_, value) => value !== undefined)(prototype, kind.name);
    }
    Reflect.defineMetadata('design:type', kind.type, prototype, kind.name);
  });
  return Made;
}

async function describedBy(
  type: ConcreteClass,
): Promise<{ readonly document: OpenApiDocument; readonly accepts: ValidateFunction }> {
  @Controller('/made')
  class MadeController {
    @Post('/') take(@Body() body: unknown) {
      return body;
    }
  }
  Reflect.defineMetadata('design:paramtypes', [type], MadeController.prototype, 'take');
  const document = await documentOf([MadeController]);
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats(ajv);
  ajv.addSchema(document, 'document');
  const accepts = ajv.compile({ $ref: 'document#/components/schemas/Made' });
  return { document, accepts };
}

const some = Symbol('left out');

/** Bodies for a class: mostly right, each property now and then missing, null, or of a wrong type. */
function bodiesFor(properties: readonly Declared[]): fc.Arbitrary<Record<string, unknown>> {
  const members = properties.map(({ kind }) =>
    fc
      .oneof(
        { weight: 12, arbitrary: kind.right },
        { weight: 1, arbitrary: fc.constant(some) },
        { weight: 1, arbitrary: fc.constant(null) },
        { weight: 1, arbitrary: kind.wrongType },
      )
      .map((value) => [kind.name, value] as const),
  );
  const stray = fc.constantFrom([], [], [], [], [['stray', 1] as const]);
  return fc.tuple(fc.tuple(...members), stray).map(([entries, more]) => {
    const known = [...entries, ...more].filter(([, value]) => value !== some);
    // As JSON carries it.
    return JSON.parse(JSON.stringify(Object.fromEntries(known))) as Record<string, unknown>;
  });
}

it('accepts whatever validation accepts, and refuses what is refused for its type, for generated classes', async () => {
  const documents: OpenApiDocument[] = [];
  let [accepted, refused] = [0, 0];
  await fc.assert(
    fc.asyncProperty(shape, fc.infiniteStream(fc.nat()), async (properties, seeds) => {
      const type = classOf(properties);
      const { document, accepts } = await describedBy(type);
      documents.push(document);
      const schema = compileSchema(type);
      const seed = seeds.next().value as number;
      for (const body of fc.sample(bodiesFor(properties), { numRuns: 60, seed })) {
        const checked = await schema.check(structuredClone(body));
        const fits = accepts(body);
        if (checked.ok) accepted++;
        else refused++;
        const told = checked.ok ? accepts.errors : checked.issues;
        const declared = properties.map(({ kind, presence }) => `${kind.name}: ${presence}`);
        expect({ body, fits, told, declared }).toEqual({ body, fits: checked.ok, told, declared });
      }
    }),
    { numRuns: 40 },
  );
  expect(Math.min(accepted, refused)).toBeGreaterThan(100);
  expect(whatIsWrong(documents)).toEqual(documents.map(() => []));
});
