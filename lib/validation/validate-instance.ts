import type { ValidationError, ValidatorOptions } from 'class-validator';
import { classValidator } from './class-validator-door';
import { PlainValidity } from './plain-validity';

/** One for each choice of rules; there are as many as an application has, and no more are kept. */
const validities = new Map<string, PlainValidity>();
const MOST_CHOICES = 100;

function validityFor({ groups, always = false, strictGroups = false }: ValidatorOptions): PlainValidity {
  const key = JSON.stringify([groups ?? null, always, strictGroups]);
  let validity = validities.get(key);
  if (validity === undefined) {
    // The list belongs to the caller, who may change it; the rules of other classes are read later.
    validity = new PlainValidity({ groups: groups && [...groups], always, strictGroups });
    if (validities.size < MOST_CHOICES) validities.set(key, validity);
  }
  return validity;
}

const NO_OPTIONS: ValidatorOptions = {};

/** Whether there is surely nothing to say against it; class-validator itself says what there is. */
function isPlainlyValid(object: unknown, given: ValidatorOptions | null | undefined): boolean {
  if (typeof object !== 'object' || object === null) return false;
  const options = given ?? NO_OPTIONS;
  if (options.skipMissingProperties || options.skipNullProperties || options.skipUndefinedProperties) return false;
  // Of what is no list of names, class-validator itself knows what it takes it for.
  if (options.groups !== undefined && !areNames(options.groups)) return false;
  try {
    return validityFor(options).isValid(object, Boolean(options.whitelist));
  } catch {
    // class-validator may not come to what threw (`stopAtFirstError`); if it does, it throws, too.
    return false;
  }
}

function areNames(groups: unknown): boolean {
  return Array.isArray(groups) && groups.every((name) => typeof name === 'string');
}

/**
 * class-validator's `validate`, with the same arguments and the same errors: objects that are plainly valid are found so
 * by checks that were compiled once, all others are handed to class-validator. What belongs to the class (a getter, a
 * `@ValidateIf`) is asked again then.
 *
 * In: an instance of a decorated class (or the name of a registered schema and an object); class-validator's options.
 * Out: the errors, none for a valid object.
 * Fails with: what a validator throws or rejects with.
 */
export function validate(object: object, options?: ValidatorOptions): Promise<ValidationError[]>;
export function validate(schemaName: string, object: object, options?: ValidatorOptions): Promise<ValidationError[]>;
export function validate(...args: readonly unknown[]): Promise<ValidationError[]> {
  if (isPlainlyValid(args[0], args[1] as ValidatorOptions | undefined)) return Promise.resolve([]);
  return classValidator().validate(...(args as [object, ValidatorOptions?]));
}

/**
 * class-validator's `validateSync`, as `validate`; asynchronous validators are not asked.
 *
 * Fails with: what a validator throws.
 */
export function validateSync(object: object, options?: ValidatorOptions): ValidationError[];
export function validateSync(schemaName: string, object: object, options?: ValidatorOptions): ValidationError[];
export function validateSync(...args: readonly unknown[]): ValidationError[] {
  if (isPlainlyValid(args[0], args[1] as ValidatorOptions | undefined)) return [];
  return classValidator().validateSync(...(args as [object, ValidatorOptions?]));
}

/**
 * class-validator's `validateOrReject`, as `validate`.
 *
 * Fails with: the errors, as an array; what a validator throws or rejects with.
 */
export function validateOrReject(object: object, options?: ValidatorOptions): Promise<void>;
export function validateOrReject(schemaName: string, object: object, options?: ValidatorOptions): Promise<void>;
export async function validateOrReject(...args: readonly unknown[]): Promise<void> {
  if (isPlainlyValid(args[0], args[1] as ValidatorOptions | undefined)) return;
  await classValidator().validateOrReject(...(args as [object, ValidatorOptions?]));
}
