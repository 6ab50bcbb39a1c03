import { Type } from 'class-transformer';
import { Allow, IsInt, IsObject, IsOptional, IsString, ValidateNested } from 'class-validator';
import { MOST_ISSUES } from '../../lib/validation/issues';
import { compileSchema } from '../../lib/validation/schema';
import { CreateUser, validUser } from './create-user';
import { found, issuesOf, valueOf } from './outcome';

const users = compileSchema(CreateUser);

class Tree {
  @IsOptional() @ValidateNested({ each: true }) @Type(() => Tree) children: Tree[] = [];
  @IsOptional() @IsObject() data?: Record<string, unknown>;
  @Allow() free?: unknown;
}
const trees = compileSchema(Tree);

function nestedJson(open: string, close: string, depth: number): unknown {
  return JSON.parse(open.repeat(depth) + '1' + close.repeat(depth));
}

describe('keys that reach prototypes', () => {
  it.each(['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'valueOf', '__defineGetter__'])(
    '%s is an unknown property, at the root and nested',
    (key) => {
      const user = JSON.stringify(validUser());
      const rooted: unknown = JSON.parse(user.replace('{', `{"${key}": {"polluted": true},`));
      const nested: unknown = JSON.parse(user.replace('"address":{', `"address":{"${key}": {"polluted": true},`));
      expect(found(users.check(rooted))).toEqual([`${key} whitelistValidation`]);
      expect(found(users.check(nested))).toEqual([`address.${key} whitelistValidation`]);
      expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    },
  );

  it('__proto__ is refused even where a class declares it', () => {
    class Odd {
      @IsOptional() @IsString() name?: string;
    }
    IsObject()(Odd.prototype, '__proto__');
    expect(found(compileSchema(Odd).check(JSON.parse('{"__proto__": {"polluted": true}}')))).toEqual([
      '__proto__ whitelistValidation',
    ]);
  });

  it('are refused inside of free values', () => {
    const inFree = (json: string): readonly string[] => found(trees.check(JSON.parse(`{"free": ${json}}`)));
    expect(inFree('{"a": [1, {"__proto__": {"x": 1}}]}')).toEqual(['free.a.1.__proto__ whitelistValidation']);
    expect(inFree('{"constructor": {"prototype": {"x": 1}}}')).toEqual(['free.constructor whitelistValidation']);
    expect(inFree('{"constructor": "Ferrari", "prototype": 1}')).toEqual([]);
  });

  it('are refused where class-transformer would call them', () => {
    class Legacy {
      inner: unknown;
    }
    class Wrapper {
      @IsOptional() @Type(() => Legacy) legacy?: Legacy;
    }
    const wrappers = compileSchema(Wrapper);
    expect(valueOf(wrappers.check({ legacy: { inner: { a: 1 } } })).legacy).toBeInstanceOf(Legacy);
    expect(found(wrappers.check({ legacy: { inner: { constructor: 5 } } }))).toEqual([
      'legacy.inner.constructor whitelistValidation',
    ]);
    const many = Object.fromEntries(Array.from({ length: 1_001 }, (_, index) => [`k${index}`, 1]));
    expect(found(wrappers.check({ legacy: many }))).toEqual(['legacy maxProperties']);
  });
});

describe('deep nesting', () => {
  it.each([
    ['lists', '[', ']'],
    ['objects', '{"a":', '}'],
    ['lists in objects', '{"a":[', ']}'],
  ])('of 100,000 %s is an issue, wherever it is', (_name, open, close) => {
    const deep = nestedJson(open, close, 100_000);
    for (const input of [deep, { free: deep }, { data: { deep } }, { unknown: deep }, { children: [{ free: deep }] }]) {
      expect(found(trees.check(input)).every((issue) => / (maxDepth|isObject)$/.test(issue))).toBe(true);
      expect(found(trees.check(input))).toHaveLength(1);
    }
  });

  it('of a class in itself is an issue', () => {
    expect(found(trees.check(JSON.parse('{"children":['.repeat(50_000) + ']}'.repeat(50_000))))[0]).toMatch(/ maxDepth$/);
  });

  it('is allowed up to the limit', () => {
    const limited = compileSchema(Tree, { maxDepth: 4 });
    expect(found(limited.check({ free: [[[[1]]]] }))).toEqual([]);
    expect(found(limited.check({ free: [[[[[]]]]] }))).toEqual(['free.0.0.0.0 maxDepth']);
    expect(found(limited.check({ children: [{ children: [{}] }] }))).toEqual([]);
    expect(found(limited.check({ children: [{ children: [{ children: [] }] }] }))).toEqual([
      'children.0.children.0.children maxDepth',
    ]);
  });

  it('that the application made itself (a cycle) is an issue, too', () => {
    const tree = new Tree();
    tree.children = [tree];
    expect(found(trees.check(tree))[0]).toMatch(/ maxDepth$/);
  });
});

describe('large inputs', () => {
  it('have at most so many issues', () => {
    const unknown = Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [`key${index}`, 1]));
    const issues = issuesOf(users.check({ ...validUser(), age: 'x', ...unknown }));
    expect(issues).toHaveLength(MOST_ISSUES);
    expect(issues[0]?.path).toBe('age');
    expect(issuesOf(trees.check({ children: Array(100_000).fill(5) }))).toHaveLength(MOST_ISSUES);
  });

  it('have short paths and messages', () => {
    class Loud {
      @IsInt({ message: 'no number: $value' }) count!: number;
    }
    const issues = issuesOf(compileSchema(Loud).check({ count: 'x'.repeat(1_000_000), ['y'.repeat(1_000_000)]: 1 }));
    expect(issues).toHaveLength(2);
    for (const { path, message } of issues) expect(path.length + message.length).toBeLessThan(600);
  });
});

describe('objects where primitives are wanted', () => {
  class Typed {
    @IsOptional() @IsInt() @Type(() => Number) count?: number;
    @IsOptional() @IsString() @Type(() => String) name?: string;
    @IsOptional() @Type(() => Date) at?: Date;
    @IsOptional() @Type(() => Boolean) on?: boolean;
  }

  it('are not asked for a primitive', () => {
    const evil = { valueOf: 5, toString: 5 };
    expect(found(compileSchema(Typed).check({ count: evil, name: evil, at: evil, on: evil }))).toEqual([
      'count isInt',
      'name isString',
    ]);
  });
});
