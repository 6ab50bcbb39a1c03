import type { Class } from '../metadata/slot';
import type { Shape } from './class-plan';
import { toUncheckedInstance } from './class-validator-door';
import { isPlainObject } from './plain-object';

const PRIMITIVE: ReadonlySet<unknown> = new Set([String, Number, Boolean, BigInt, Symbol, Date, Buffer]);

/** Converts what a property holds to what its `@Type(() => …)` names, as class-transformer does it. */
export function convertHeld(raw: unknown, { holder, type }: Shape & { kind: 'converted' }): unknown {
  if (holder === 'set' && Array.isArray(raw)) return new Set(raw.map((item) => convertOne(item, type)));
  if (holder === 'map' && isPlainObject(raw)) {
    return new Map(Object.entries(raw).map(([key, item]) => [key, convertOne(item, type)] as const));
  }
  return convertOne(raw, type);
}

function convertOne(value: unknown, type: unknown): unknown {
  if (value === null || value === undefined) return value;
  if (Array.isArray(value)) return value.map((item) => convertOne(item, type));
  if (typeof value === 'object') return convertObject(value, type);
  if (type === String || type === Number || type === Boolean) return (type as (value: unknown) => unknown)(value);
  if (type === Date && (typeof value === 'string' || typeof value === 'number')) return new Date(value);
  return type === Buffer && typeof value === 'string' ? Buffer.from(value) : value;
}

/** An object stays what it is where a primitive is wanted: `Number({ valueOf: 1 })` would throw. */
function convertObject(value: object, type: unknown): unknown {
  const becomesInstance = typeof type === 'function' && !PRIMITIVE.has(type) && isPlainObject(value);
  return becomesInstance ? toUncheckedInstance(type as unknown as Class, value) : value;
}
