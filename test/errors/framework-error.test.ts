import { runInNewContext } from 'node:vm';
import { FrameworkError, isFrameworkError, withoutStack } from '../../lib/errors/framework-error';

describe('a FrameworkError', () => {
  it('is an error with a code, and shows nothing of its making', () => {
    const error = new FrameworkError('THING_BROKEN', 'THING_BROKEN: it broke', 500);
    expect(error).toBeInstanceOf(Error);
    expect(String(error)).toBe('FrameworkError: THING_BROKEN: it broke');
    expect(error).not.toHaveProperty('cause');
    expect(Object.keys(error).toSorted()).toEqual(['code', 'detail', 'errors', 'headers', 'members', 'name', 'status']);
  });

  it('carries the name of the class that was made', () => {
    class Special extends FrameworkError {}
    expect(new Special('X', 'x', undefined).name).toBe('Special');
  });

  it('is told by a mark that another copy of the package sets as well', () => {
    const foreign: unknown = runInNewContext(`({ [Symbol.for('rockstar-web.error')]: true })`);
    expect(isFrameworkError(new FrameworkError('X', 'x', undefined))).toBe(true);
    expect(isFrameworkError(foreign)).toBe(true);
    for (const other of [new Error('x'), { code: 'X', status: 400 }, undefined, null, 'X', 1])
      expect(isFrameworkError(other)).toBe(false);
  });
});

describe('making something without a stack', () => {
  it('brings stacks back, also when making it throws', () => {
    const limit = Error.stackTraceLimit;
    expect(withoutStack(() => new Error('quiet')).stack).toBe('Error: quiet');
    expect(() =>
      withoutStack(() => {
        throw new Error('broken');
      }),
    ).toThrow('broken');
    expect(Error.stackTraceLimit).toBe(limit);
    expect(new Error('loud').stack).toContain('\n    at ');
  });
});
