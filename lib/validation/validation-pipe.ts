import { isValidatedClass } from './class-plan';
import { type Checked, inputInvalid, issuesInside } from './issues';
import type { ArgumentMetadata, PipeTransform } from './pipe';
import { compileSchema, type Schema, type SchemaOptions } from './schema';

/** How strictly input is checked. */
export interface ValidationPipeOptions extends SchemaOptions {
  /** Always so; may be written by those who are used to writing it. */
  readonly whitelist?: true;
  /** Always so. */
  readonly forbidNonWhitelisted?: true;
  /** Always so. */
  readonly transform?: true;
}

/**
 * Checks an argument whose declared type is a class with class-validator decorators, and makes an instance of it; any
 * other goes through as it is. Outside of bodies, text is first converted to the declared types of the class.
 *
 * Out: the instance; a promise when a validator answered with one.
 * Fails with: VALIDATION_FAILED; VALIDATION_CLASS_EMPTY and VALIDATION_TYPE_ERASED for a class that cannot be read.
 */
export class ValidationPipe implements PipeTransform {
  /** By declared type; none for what is no such class. */
  readonly #schemas = new Map<unknown, Schema | undefined>();

  constructor(private readonly options: ValidationPipeOptions = {}) {}

  transform(value: unknown, metadata: ArgumentMetadata): unknown {
    const schema = this.#schemaOf(metadata.type);
    if (schema === undefined) return value;
    const checked = check(schema, value, metadata);
    return checked instanceof Promise ? checked.then((later) => accept(later, metadata)) : accept(checked, metadata);
  }

  #schemaOf(type: unknown): Schema | undefined {
    if (!this.#schemas.has(type)) this.#schemas.set(type, isValidatedClass(type) ? compileSchema(type, this.options) : undefined);
    return this.#schemas.get(type);
  }
}

function check(schema: Schema, value: unknown, { source }: ArgumentMetadata): Checked | Promise<Checked> {
  if (source === 'body' || source === 'custom') return schema.check(value);
  // Browsers and proxies add headers and cookies of their own.
  return schema.checkRecord(value, source === 'headers' || source === 'cookies' ? 'ignore' : 'refuse');
}

function accept(checked: Checked, { name = '' }: ArgumentMetadata): unknown {
  if (checked.ok) return checked.value;
  throw inputInvalid(issuesInside(name, checked.issues));
}
