import { Exclude, Expose, Transform, Type } from 'class-transformer';
import { Allow, IsArray, IsDate, IsInt, IsOptional, IsString } from 'class-validator';
import { compileSchema } from '../../lib/validation/schema';
import { found, valueOf } from './outcome';

describe('@Type', () => {
  class Event {
    @IsDate() @Type(() => Date) at!: Date;
    @IsOptional() @IsInt({ each: true }) @Type(() => Number) scores: number[] = [];
    @IsOptional() @Type(() => Number) unique?: Set<number>;
    @IsOptional() @Type(() => Date) named?: Map<string, Date>;
  }
  const events = compileSchema(Event);

  it('converts values, lists, sets and maps', () => {
    const at = '2026-01-31T00:00:00Z';
    const event = valueOf(events.check({ at, scores: ['1', 2], unique: ['1', 1], named: { a: at } }));
    expect(event).toEqual(
      Object.assign(new Event(), {
        at: new Date(at),
        scores: [1, 2],
        unique: new Set([1]),
        named: new Map([['a', new Date(at)]]),
      }),
    );
  });

  it('leaves what cannot be converted to the validators', () => {
    expect(found(events.check({ at: 'soon', scores: ['x'] }))).toEqual(['at isDate', 'scores isInt']);
    expect(found(events.check({ at: null }))).toEqual(['at isDate']);
  });
});

describe('no conversion happens in a body without @Type', () => {
  class Loose {
    @IsInt() count!: number;
    @IsDate() at!: Date;
  }

  it('text stays text', () => {
    expect(found(compileSchema(Loose).check({ count: '1', at: '2026-01-31' }))).toEqual(['count isInt', 'at isDate']);
  });
});

describe('@Transform', () => {
  class Signup {
    @IsString() @Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? value.trim() : value)) name!: string;
    @IsOptional() @Transform(({ obj }: { obj: { name?: string } }) => `@${obj.name}`) @Expose() handle?: string;
    @IsInt() @Transform(({ value }: { value: string }) => value.length) length = 7;
  }
  const signups = compileSchema(Signup);

  it('changes the value before it is checked', () => {
    expect(valueOf(signups.check({ name: ' Ada ' })).name).toBe('Ada');
  });

  it('sees the input, and runs for what is exposed and missing', () => {
    expect(valueOf(signups.check({ name: 'Ada' })).handle).toBe('@Ada');
  });

  it('does not run for what is missing, whose default stays', () => {
    expect(valueOf(signups.check({ name: 'Ada' })).length).toBe(7);
    expect(valueOf(signups.check({ name: 'Ada', length: 'abc' })).length).toBe(3);
  });

  it('that throws makes the check throw', () => {
    expect(() => signups.check({ name: 'Ada', length: null })).toThrow(TypeError);
  });

  it('for the way out does not run', () => {
    class Out {
      @IsString() @Transform(() => 'changed', { toPlainOnly: true }) name!: string;
    }
    expect(valueOf(compileSchema(Out).check({ name: 'Ada' })).name).toBe('Ada');
  });
});

describe('@Expose and @Exclude', () => {
  class Profile {
    @IsString() @Expose({ name: 'first_name' }) firstName!: string;
    @IsOptional() @IsInt() @Exclude() role = 1;
    @IsOptional() @IsString() @Exclude({ toPlainOnly: true }) password?: string;
    @IsOptional() @IsArray() @Expose() tags: string[] = ['default'];
  }
  const profiles = compileSchema(Profile);

  it('take a property by its exposed name, which stands in the path', () => {
    expect(valueOf(profiles.check({ first_name: 'Ada' }))).toMatchObject({ firstName: 'Ada', tags: ['default'] });
    expect(found(profiles.check({ first_name: 5 }))).toEqual(['first_name isString']);
    expect(found(profiles.check({ firstName: 'Ada' }))).toEqual(['first_name isString', 'firstName whitelistValidation']);
  });

  it('refuse what is excluded on the way in', () => {
    expect(found(profiles.check({ first_name: 'Ada', role: 2 }))).toEqual(['role whitelistValidation']);
    expect(valueOf(profiles.check({ first_name: 'Ada', password: 'x' })).password).toBe('x');
  });

  it('on a class take what is exposed alone', () => {
    @Exclude()
    class Closed {
      @Expose() @IsInt() open!: number;
      @Allow() hidden?: number;
    }
    expect(found(compileSchema(Closed).check({ open: 1, hidden: 2 }))).toEqual(['hidden whitelistValidation']);
  });
});
