// node bench/validation.mjs [--rounds 30] [--dist <folder>]: a check of six fields, two of them of a nested class, beside ajv compiled from a
// schema that says the same, and class-transformer with class-validator. Ours and theirs give an instance of the class, ajv says yes or
// no. CPU nanoseconds a check; the cases take turns. The package is the one built last. It fails when one is mistaken, never on timing.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { bytesOf, takeTurns } from './in-process.mjs';
import { describeMachine } from './machine.mjs';
import { installPeers } from './prepare.mjs';
import { EMAIL, isUser, userSchema } from './servers/user-rules.mjs';
import { markdownTable, median } from './statistics.mjs';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '30' },
    dist: { type: 'string', default: join(import.meta.dirname, '../dist') },
  },
});

installPeers();
const { default: Ajv } = await import('ajv');
const require = createRequire(join(options.dist, 'bench.js'));
require('reflect-metadata');
const {
  IsArray,
  IsBoolean,
  IsInt,
  IsString,
  Length,
  Matches,
  Max,
  Min,
  ValidateNested,
  validateSync,
} = require('class-validator');
const { plainToInstance, Type } = require('class-transformer');
const { compileSchema } = require('./validation/schema.js');

class Address {}
class User {}

/** As the compiler does with decorated properties. */
function declare(owner, name, type, ...decorators) {
  Reflect.defineMetadata('design:type', type, owner.prototype, name);
  for (const decorate of decorators) decorate(owner.prototype, name);
}
declare(Address, 'street', String, IsString(), Length(1, 128));
declare(Address, 'city', String, IsString(), Length(1, 64));
declare(User, 'name', String, IsString(), Length(1, 64));
declare(User, 'email', String, IsString(), Matches(EMAIL));
declare(User, 'age', Number, IsInt(), Min(0), Max(150));
declare(User, 'active', Boolean, IsBoolean());
declare(User, 'tags', Array, IsArray(), IsString({ each: true }));
declare(
  User,
  'address',
  Address,
  ValidateNested(),
  Type(() => Address),
);

const valid = {
  name: 'Ada Lovelace',
  email: 'ada@example.com',
  age: 36,
  active: true,
  tags: ['math', 'engine'],
  address: { street: '12 St James Square', city: 'London' },
};
const invalid = { ...valid, age: -1, address: { street: '', city: 'London' } };

const ajv = new Ajv({ allErrors: true }).compile(userSchema);
const schema = compileSchema(User);
const checks = {
  'by hand': isUser,
  'ajv 8, all errors': (input) => ajv(input),
  Rockstar: (input) => schema.check(input).ok,
  'class-transformer and class-validator': (input) =>
    validateSync(plainToInstance(User, input), { whitelist: true, forbidNonWhitelisted: true }).length === 0,
};
for (const [name, check] of Object.entries(checks)) {
  if (check(valid) !== true || check(invalid) !== false) throw new Error(`${name} is mistaken`);
}

function repeat(check, input) {
  return (n) => {
    for (let i = 0; i < n; i++) check(input);
  };
}

console.log(describeMachine());
for (const [title, input] of Object.entries({ valid, 'two faults': invalid })) {
  const cases = Object.fromEntries(Object.entries(checks).map(([name, check]) => [name, repeat(check, input)]));
  const samples = await takeTurns(cases, { rounds: Number(options.rounds), ms: 15 });
  const base = samples.get('ajv 8, all errors');
  const rows = [[title, 'ns, median', 'best', 'heap bytes', 'of ajv']];
  for (const [name, ns] of samples) {
    const times = median(ns.map((own, i) => own / base[i])).toFixed(2);
    rows.push([name, Math.round(median(ns)), Math.round(Math.min(...ns)), Math.round(await bytesOf(cases[name])), times]);
  }
  console.log(`\n${markdownTable(rows)}`);
}
