import type { ConfigChecker } from '../plugins/plugin-config';
import { compileSchema } from '../validation/schema';

/** Makes an instance of a configuration class of what is given, and asks its validators. */
export const checkConfig: ConfigChecker = (schema, given) => {
  const checked = compileSchema(schema).check(given);
  if (!(checked instanceof Promise)) return checked as ReturnType<ConfigChecker>;
  checked.catch(() => undefined);
  throw new TypeError('It has validators that answer later, and a configuration is checked at once.');
};
