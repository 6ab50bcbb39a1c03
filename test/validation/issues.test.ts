import { explainErasedType } from '../../lib/validation/erased-type';
import { inputInvalid, issueAt, issuesInside, MOST_ISSUES } from '../../lib/validation/issues';

describe('inputInvalid', () => {
  const issue = { path: 'age', message: 'age must be an integer', code: 'isInt' };

  it('makes a 400 with the issues', () => {
    expect(inputInvalid([issue])).toMatchObject({
      code: 'VALIDATION_FAILED',
      status: 400,
      detail: 'the input is not valid: age must be an integer',
      errors: [issue],
    });
    expect(inputInvalid([issue, issue, issue]).detail).toBe('the input is not valid: age must be an integer (and 2 more)');
  });

  it('sends no more issues than anybody reads, and has no stack', () => {
    const error = inputInvalid(Array(1_000).fill(issue));
    expect(error.errors).toHaveLength(MOST_ISSUES);
    expect(error.stack).not.toContain('    at ');
  });
});

describe('an issue', () => {
  it('is cut to a size that can be sent', () => {
    const { path, message } = issueAt('p'.repeat(10_000), 'm'.repeat(10_000), 'code');
    expect([path.length, message.length]).toEqual([201, 301]);
  });

  it('is found inside of what holds it', () => {
    const issues = [issueAt('', 'a', 'x'), issueAt('city', 'b', 'y')];
    expect(issuesInside('address', issues).map(({ path }) => path)).toEqual(['address', 'address.city']);
    expect(issuesInside('', issues)).toBe(issues);
  });
});

describe('an erased type', () => {
  class Known {}

  it.each([[String], [Number], [Array], [Date], [Known]])('is not %p', (type) => {
    expect(explainErasedType(type)).toBeUndefined();
  });

  it('is told apart from one that was never emitted, each with what to write', () => {
    expect(explainErasedType(Object)).toMatch(/erases its type.*`n\?: number`/);
    expect(explainErasedType(undefined)).toMatch(/emitDecoratorMetadata.*import cycle/);
  });
});
