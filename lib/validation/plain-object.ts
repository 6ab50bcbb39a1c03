/** Whether `value` is an object as JSON makes it: no array, no instance of a class. With no prototype at all it is one, too. */
export function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  // `Object.prototype` of any realm is the one that has none above it.
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
