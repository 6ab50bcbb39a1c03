import {
  isInjectionKey,
  Inject,
  keyName,
  Optional,
  readInjectedMembers,
  readInjectionMarks,
  token,
} from '../../lib/plugins/service-token';

interface Clock {
  now(): number;
}
const CLOCK = token<Clock>('clock');

class Parent {
  constructor(@Inject(CLOCK) @Optional() readonly clock: Clock | undefined) {}

  one(@Inject('a') a: string, b: string, @Optional() @Inject(CLOCK) c?: Clock): unknown {
    return [a, b, c];
  }
}

class Child extends Parent {
  constructor(readonly own: string) {
    super(undefined);
  }

  two(@Inject('b') b: string): string {
    return b;
  }
}

describe('a token', () => {
  it('is itself only, whatever its name', () => {
    expect(token('clock')).not.toBe(CLOCK);
    expect(String(CLOCK)).toBe('Token(clock)');
  });

  it('is a key, as classes, strings and symbols are, and nothing else is', () => {
    expect([CLOCK, Parent, 'a', Symbol('a')].every(isInjectionKey)).toBe(true);
    expect([undefined, null, 1, {}, () => Parent].some(isInjectionKey)).toBe(false);
  });

  it('is called by its name in messages', () => {
    expect([CLOCK, Parent, 'a', Symbol('a'), class {}].map(keyName)).toEqual([
      'clock',
      'Parent',
      '"a"',
      'Symbol(a)',
      '(a class without a name)',
    ]);
  });
});

describe('what stands beside parameters', () => {
  it('is read back for a constructor, whatever the order of the decorators', () => {
    expect([...readInjectionMarks(Parent)]).toEqual([[0, { keyed: true, key: CLOCK, optional: true }]]);
  });

  it('does not pass to the constructor of a subclass', () => {
    expect(readInjectionMarks(Child).size).toBe(0);
  });

  it('is read back for a method, also through a subclass', () => {
    const expected = [
      [2, { keyed: true, key: CLOCK, optional: true }],
      [0, { keyed: true, key: 'a', optional: false }],
    ];
    expect([...readInjectionMarks(Parent.prototype, 'one')]).toEqual(expected);
    expect([...readInjectionMarks(Child.prototype, 'one')]).toEqual(expected);
  });

  it('is listed by method: those of a subclass are not those of its parent', () => {
    expect([...readInjectedMembers(Child.prototype)]).toEqual(['one', 'two']);
    expect([...readInjectedMembers(Parent.prototype)]).toEqual(['one']);
  });

  it('is refused on a property and on a class, where it would do nothing', () => {
    const decorate = Inject('a') as (...args: unknown[]) => void;
    expect(() => decorate(Parent.prototype, 'clock')).toThrow(
      'INJECT_MISPLACED: @Inject stands on Parent.clock, which is no parameter; it goes on a parameter of a constructor or of a handler.',
    );
    expect(() => (Optional() as (...args: unknown[]) => void)(Parent)).toThrow(
      'INJECT_MISPLACED: @Optional stands on the class Parent; it goes on a parameter of a constructor or of a handler.',
    );
  });
});
