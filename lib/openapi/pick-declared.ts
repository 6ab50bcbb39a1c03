import type { ScalarType, Shape } from './answer-shape';

type Picked = Record<string, unknown>;

/**
 * Copies of a value what its shape declares, for `JSON.stringify`. Null and nothing may stand anywhere.
 *
 * Fails with: a TypeError that says where the value is of another kind, and of which; what it holds is not told.
 */
export function pickDeclared(shape: Shape, value: unknown, path = ''): unknown {
  if (shape.kind === 'any') return value;
  // Lists are written item by item, whatever else they can do.
  const own = Array.isArray(value) ? (value as unknown[]) : asJsonSees(value);
  if (own === undefined || own === null) return own;
  switch (shape.kind) {
    case 'scalar':
      if (shape.types.includes(typeof own as ScalarType)) return own;
      throw wrong(path, own, shape.types.map((type) => NAMES[type]).join(' or '));
    case 'list':
      if (!Array.isArray(own)) throw wrong(path, own, 'a list');
      return own.map((item: unknown, at) => pickDeclared(shape.items, item, inside(path, String(at))));
    case 'record':
      return pickEach(objectAt(own, path), new Map(Object.keys(own).map((name) => [name, shape.values])), path);
    case 'choice':
      return pickChosen(shape, objectAt(own, path), path);
    case 'object':
      return pickEach(objectAt(own, path), shape.properties, path);
  }
}

/** What `JSON.stringify` would go on with: of a Date its text, of an object with a `toJSON` what that gives. */
function asJsonSees(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const { toJSON } = value as { readonly toJSON?: unknown };
  return typeof toJSON === 'function' ? (toJSON.call(value) as unknown) : value;
}

function objectAt(value: unknown, path: string): Picked {
  if (typeof value !== 'object' || Array.isArray(value)) throw wrong(path, value, 'an object');
  return value as Picked;
}

function pickEach(value: Picked, properties: ReadonlyMap<string, Shape>, path: string): Picked {
  // Without a prototype no name means anything else.
  const picked = Object.create(null) as Picked;
  for (const [name, shape] of properties) {
    const own = pickDeclared(shape, value[name], inside(path, name));
    if (own !== undefined) picked[name] = own;
  }
  return picked;
}

function pickChosen({ property, shapes }: Shape & { readonly kind: 'choice' }, value: Picked, path: string): unknown {
  const chosen = shapes.get(String(value[property]));
  if (chosen === undefined) throw wrong(inside(path, property), value[property], `one of ${[...shapes.keys()].join(', ')}`);
  return pickDeclared(chosen, value, path);
}

const NAMES: Readonly<Record<ScalarType, string>> = { string: 'text', number: 'a number', boolean: 'true or false' };

function wrong(path: string, value: unknown, expected: string): TypeError {
  const kind = value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;
  return new TypeError(`${path === '' ? 'it' : path} is of the kind ${kind}, where ${expected} is declared`);
}

function inside(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}
