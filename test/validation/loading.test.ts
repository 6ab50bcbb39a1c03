import { isValidatedClass } from '../../lib/validation/class-plan';
import { compileConverter } from '../../lib/validation/conversion';
import { ValidationPipe } from '../../lib/validation/validation-pipe';

function loaded(): string[] {
  return Object.keys(require.cache).filter((path) => /node_modules[\\/]class-(validator|transformer)[\\/]/.test(path));
}

it('neither class-validator nor class-transformer is loaded until a decorator of theirs is used', () => {
  class Money {}
  expect(isValidatedClass(Money)).toBe(false);
  expect(new ValidationPipe().transform({ a: 1 }, { source: 'body', type: Money })).toEqual({ a: 1 });
  compileConverter(Number)('1', 'it');
  expect(loaded()).toEqual([]);
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- shows that the look above would have seen it
  require('class-validator');
  expect(loaded()).not.toEqual([]);
});
