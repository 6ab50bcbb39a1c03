import type { FrameworkError } from '../errors/framework-error';
import { isFrameworkError } from '../errors/framework-error';
import type { Class } from '../metadata/slot';
import { classSchema, type ClassReferences, type Direction, type Discriminating } from './class-schema';
import type { JsonSchema } from './json-schema';

/** The named schemas of a document: one for each class and direction, made when it is first referred to. */
export class SchemaComponents implements ClassReferences {
  readonly #names = new Map<Class, Map<string, string>>();
  readonly #schemas = new Map<string, JsonSchema>();
  /** Classes that could not be read. */
  readonly mistakes: FrameworkError[] = [];

  constructor(reserved: Readonly<Record<string, JsonSchema>>) {
    for (const [name, schema] of Object.entries(reserved)) this.#schemas.set(name, schema);
  }

  /** By name, in alphabetical order. */
  get schemas(): Readonly<Record<string, JsonSchema>> {
    return Object.fromEntries([...this.#schemas].sort(([one], [other]) => (one < other ? -1 : 1)));
  }

  refTo(type: Class, direction: Direction, discriminating?: Discriminating): JsonSchema {
    const known = this.#names.get(type) ?? new Map<string, string>();
    this.#names.set(type, known);
    const key = discriminating === undefined ? direction : `${direction} ${discriminating.property}=${discriminating.value}`;
    let name = known.get(key);
    if (name === undefined) {
      name = this.#nameFor(type, direction, known.has('input'));
      known.set(key, name);
      // It has its name before it is read: it may hold itself.
      this.#schemas.set(name, {});
      this.#schemas.set(name, this.#read(type, direction, discriminating));
    }
    return { $ref: `#/components/schemas/${name}` };
  }

  #read(type: Class, direction: Direction, discriminating: Discriminating | undefined): JsonSchema {
    try {
      return classSchema(type, direction, this, discriminating);
    } catch (error) {
      if (!isFrameworkError(error)) throw error;
      this.mistakes.push(error);
      return {};
    }
  }

  /** Two classes may have one name: the second gets a number. */
  #nameFor(type: Class, direction: Direction, isInputToo: boolean): string {
    const plain = type.name.replace(/[^A-Za-z0-9._-]/g, '_') || 'Schema';
    const base = direction === 'output' && isInputToo ? `${plain}Response` : plain;
    let name = base;
    for (let count = 2; this.#schemas.has(name); count++) name = `${base}${count}`;
    return name;
  }
}
