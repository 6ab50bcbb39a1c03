import { Transform, Type } from 'class-transformer';
import { Allow, IsInt, IsObject, IsOptional, IsString, ValidateNested } from 'class-validator';
import { compileSchema } from '../../lib/validation/schema';
import { Address } from './create-user';
import { found, issuesOf, thrownBy, valueOf } from './outcome';

const london = { street: '12 St James Square', city: 'London' };

describe('a nested class that is only declared', () => {
  class Person {
    @ValidateNested() address!: Address;
  }
  const people = compileSchema(Person);

  it('is found without @Type', () => {
    expect(valueOf(people.check({ address: london })).address).toBeInstanceOf(Address);
    expect(found(people.check({ address: { city: 'x' } }))).toEqual(['address.street isString', 'address.street isNotEmpty']);
  });

  it.each([[undefined], [null], [5], ['x'], [false], [[]], [[london]], [new Date(0)]])('is no %p', (address) => {
    expect(found(people.check({ address }))).toEqual(['address nestedValidation']);
  });

  it('is missed when the key is missing', () => {
    expect(issuesOf(people.check({}))).toEqual([
      { path: 'address', message: 'address must be an object', code: 'nestedValidation' },
    ]);
  });

  it('refuses unknown keys inside', () => {
    expect(found(people.check({ address: { ...london, zip: 1, toString: 2 } }))).toEqual([
      'address.zip whitelistValidation',
      'address.toString whitelistValidation',
    ]);
  });

  it('may be missing where it is optional', () => {
    class Guest {
      @IsOptional() @ValidateNested() address?: Address;
    }
    expect(found(compileSchema(Guest).check({}))).toEqual([]);
    expect(found(compileSchema(Guest).check({ address: null }))).toEqual([]);
    expect(found(compileSchema(Guest).check({ address: 5 }))).toEqual(['address nestedValidation']);
  });

  it('is checked when @ValidateNested was forgotten', () => {
    class Forgetful {
      @IsObject() address!: Address;
      @IsOptional() @Type(() => Address) others: Address[] = [];
    }
    const checked = compileSchema(Forgetful);
    expect(found(checked.check({ address: { ...london, admin: true }, others: [{ street: 'a' }] }))).toEqual([
      'others.0.city isString',
      'others.0.city isNotEmpty',
      'address.admin whitelistValidation',
    ]);
    expect(valueOf(checked.check({ address: london, others: [london] })).others[0]).toBeInstanceOf(Address);
  });

  it('is left as it came under @Allow', () => {
    class Lenient {
      @Allow() address!: Address;
    }
    expect(valueOf(compileSchema(Lenient).check({ address: { zip: 1 } })).address).toEqual({ zip: 1 });
  });

  it('says what its decorator says', () => {
    class Strict {
      @ValidateNested({ message: '$property of $target is missing' }) address!: Address;
    }
    expect(issuesOf(compileSchema(Strict).check({}))[0]?.message).toBe('address of Strict is missing');
  });
});

describe('a list of a nested class', () => {
  class Book {
    @ValidateNested({ each: true }) @Type(() => Address) addresses!: Address[];
  }
  const books = compileSchema(Book);

  it('has instances', () => {
    const { addresses } = valueOf(books.check({ addresses: [london, london] }));
    expect(addresses.every((address) => address instanceof Address)).toBe(true);
    expect(valueOf(books.check({ addresses: [] })).addresses).toEqual([]);
  });

  it.each([[undefined], [null], [5], ['x'], [london], [{ 0: london, length: 1 }]])('is no %p', (addresses) => {
    expect(issuesOf(books.check({ addresses }))).toEqual([
      { path: 'addresses', message: 'addresses must be an array', code: 'nestedValidation' },
    ]);
  });

  it.each([[null], [5], ['x'], [[london]], [[]]])('has no item %p', (item) => {
    expect(issuesOf(books.check({ addresses: [london, item] }))).toEqual([
      { path: 'addresses.1', message: 'addresses.1 must be an object', code: 'nestedValidation' },
    ]);
  });

  it('has the index in the path', () => {
    expect(found(books.check({ addresses: [london, { ...london, city: 1, x: 1 }] }))).toEqual([
      'addresses.1.city isString',
      'addresses.1.x whitelistValidation',
    ]);
  });
});

describe('a declared type that does not say whether one or many', () => {
  class Either {
    @ValidateNested() @Type(() => Address) where!: Address | Address[];
  }
  const either = compileSchema(Either);

  it('takes one and many', () => {
    expect(valueOf(either.check({ where: london })).where).toBeInstanceOf(Address);
    expect(valueOf(either.check({ where: [london] })).where).toEqual([expect.any(Address)]);
    expect(found(either.check({ where: 5 }))).toEqual(['where nestedValidation']);
    expect(found(either.check({ where: [5] }))).toEqual(['where.0 nestedValidation']);
  });
});

describe('a set and a map of a nested class', () => {
  class Directory {
    @ValidateNested({ each: true }) @Type(() => Address) all!: Set<Address>;
    @ValidateNested({ each: true }) @Type(() => Address) byName!: Map<string, Address>;
  }
  const directories = compileSchema(Directory);

  it('are made of a list and of an object', () => {
    const { all, byName } = valueOf(directories.check({ all: [london], byName: { home: london } }));
    expect([...all]).toEqual([expect.any(Address)]);
    expect([...byName]).toEqual([['home', expect.any(Address)]]);
  });

  it('have issues with the index and with the key', () => {
    expect(found(directories.check({ all: [5], byName: { home: { ...london, city: 1 } } }))).toEqual([
      'all.0 nestedValidation',
      'byName.home.city isString',
    ]);
    expect(found(directories.check({ all: london, byName: [london] }))).toEqual([
      'all nestedValidation',
      'byName nestedValidation',
    ]);
  });
});

describe('a class nested in itself', () => {
  class Comment {
    @IsString() text!: string;
    @IsOptional() @ValidateNested({ each: true }) @Type(() => Comment) replies: Comment[] = [];
  }

  it('is checked at every level', () => {
    const comments = compileSchema(Comment);
    const input = { text: 'a', replies: [{ text: 'b', replies: [{ text: 5 }] }] };
    expect(found(comments.check(input))).toEqual(['replies.0.replies.0.text isString']);
    expect(valueOf(comments.check({ text: 'a', replies: [{ text: 'b' }] })).replies[0]).toBeInstanceOf(Comment);
  });
});

describe('a class chosen by a property', () => {
  abstract class Pet {
    @IsString() name!: string;
  }
  class Cat extends Pet {
    @IsInt() lives!: number;
  }
  class Dog extends Pet {
    @IsString() trick!: string;
  }
  const subTypes = [
    { value: Cat, name: 'cat' },
    { value: Dog, name: 'dog' },
  ];
  class Owner {
    @ValidateNested() @Type(() => Pet, { discriminator: { property: 'kind', subTypes } }) pet!: Pet;
    @IsOptional()
    @ValidateNested({ each: true })
    @Type(() => Pet, { discriminator: { property: 'kind', subTypes } })
    others: Pet[] = [];
  }
  const owners = compileSchema(Owner);

  it('is the class that the property names', () => {
    const { pet, others } = valueOf(
      owners.check({ pet: { kind: 'cat', name: 'Tom', lives: 9 }, others: [{ kind: 'dog', name: 'Rex', trick: 'sit' }] }),
    );
    expect(pet).toBeInstanceOf(Cat);
    expect(pet).toEqual({ name: 'Tom', lives: 9 });
    expect(others).toEqual([expect.any(Dog)]);
  });

  it('is checked as that class', () => {
    expect(found(owners.check({ pet: { kind: 'dog', name: 'Rex', lives: 9 } }))).toEqual([
      'pet.trick isString',
      'pet.lives whitelistValidation',
    ]);
  });

  it.each([[undefined], ['fish'], [5], [null], ['constructor']])('is no class for %p', (kind) => {
    expect(issuesOf(owners.check({ pet: { kind, name: 'Tom' } }))).toEqual([
      { path: 'pet.kind', message: 'kind must be one of: cat, dog', code: 'discriminator' },
    ]);
  });

  it('does not change the input', () => {
    const input = { pet: { kind: 'cat', name: 'Tom', lives: 9 } };
    valueOf(owners.check(input));
    expect(input.pet.kind).toBe('cat');
  });
});

describe('a nested class that a transform unpacks', () => {
  class Form {
    @ValidateNested()
    @Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? (JSON.parse(value) as unknown) : value))
    address!: Address;
  }
  const forms = compileSchema(Form);

  it('is checked like one that came unpacked', () => {
    expect(valueOf(forms.check({ address: JSON.stringify(london) })).address).toBeInstanceOf(Address);
    expect(valueOf(forms.check({ address: london })).address).toBeInstanceOf(Address);
    expect(found(forms.check({ address: '{"street":"a","city":"b","x":1}' }))).toEqual(['address.x whitelistValidation']);
    expect(found(forms.check({ address: '[1]' }))).toEqual(['address nestedValidation']);
  });
});

describe('a nested type that TypeScript erased', () => {
  interface Anything {
    readonly a: number;
  }

  it('is a start-up error that says what to write', () => {
    class Erased {
      @ValidateNested() thing!: Anything;
    }
    expect(thrownBy(() => compileSchema(Erased))).toMatchObject({
      code: 'VALIDATION_TYPE_ERASED',
      status: undefined,
      message: expect.stringMatching(/Erased\.thing .*declared type: Object.*@Type/) as string,
    });
  });

  it('is one in a list, too', () => {
    class ErasedList {
      @ValidateNested({ each: true }) things!: Address[];
    }
    expect(thrownBy(() => compileSchema(ErasedList))).toMatchObject({ code: 'VALIDATION_TYPE_ERASED' });
  });

  it('is one when @Type names nothing (an import cycle)', () => {
    class Cyclic {
      @IsOptional() @Type(() => undefined as unknown as typeof Address) thing!: unknown;
    }
    expect(thrownBy(() => compileSchema(Cyclic))).toMatchObject({ code: 'VALIDATION_TYPE_ERASED' });
  });

  it('is one when the class has no decorators', () => {
    class Bare {
      a = 1;
    }
    class Holder {
      @ValidateNested() bare!: Bare;
    }
    const message = expect.stringMatching(/Bare has no class-validator decorators.*Holder\.bare/) as string;
    expect(thrownBy(() => compileSchema(Holder))).toMatchObject({ code: 'VALIDATION_CLASS_EMPTY', message });
    // A second attempt meets the same mistake, not half a plan.
    expect(thrownBy(() => compileSchema(Holder))).toMatchObject({ code: 'VALIDATION_CLASS_EMPTY' });
  });
});
