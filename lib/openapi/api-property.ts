import { type Class, defineSlot } from '../metadata/slot';
import type { JsonSchema } from './json-schema';

/** What `@ApiProperty` says of a property: any keyword of JSON Schema (`description`, `example`, `format`, …), and: */
export interface ApiPropertyOptions extends JsonSchema {
  /** A class, `String`, `Number`, `Boolean`, `Date`, a list of one of these (`[Tag]`), `() => Tag`, or the name of a JSON type. Default: the declared type. */
  readonly type?: unknown;
  readonly isArray?: boolean;
  /** An enum, or a list of values. */
  readonly enum?: unknown;
  /** Default: what the validators say; without any, `true`. */
  readonly required?: boolean;
  readonly nullable?: boolean;
}

const options = defineSlot<ApiPropertyOptions>('api-property');
const names = defineSlot<readonly string[]>('api-properties');
const hidden = defineSlot<boolean>('api-hidden');

/** Tells of a property what validators and the declared type do not: `@ApiProperty({ description: 'as printed on the invoice' })`. */
export function ApiProperty(said: ApiPropertyOptions = {}): PropertyDecorator {
  return (target, member) => {
    options.update(target, (before = {}) => ({ ...before, ...said }), member);
    names.update(target, (known = []) => (known.includes(String(member)) ? known : [...known, String(member)]));
  };
}

/** Leaves a controller, a route or a property out of the document. */
export function ApiHidden(): (target: object, member?: string | symbol) => void {
  return (target, member) => hidden.set(target, true, member);
}

export function isHidden(target: object, member?: string | symbol): boolean {
  return hidden.get(target, member) === true;
}

export function readApiProperty(type: Class, name: string): ApiPropertyOptions | undefined {
  return options.get(type.prototype as object, name);
}

/** The properties that have `@ApiProperty`, in the order they were declared. */
export function readApiPropertyNames(type: Class): readonly string[] {
  return names.get(type.prototype as object) ?? [];
}
