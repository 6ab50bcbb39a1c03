import { entryOf } from './module-entry';
import type { ModuleImport } from './plugin';

const NOTHING = Symbol('nothing');

/**
 * What is meant instead of what is imported, as changes made it: another plugin, or nothing any more.
 *
 * What nobody can import any more is forgotten: an application whose plugins are replaced for months keeps the last of them.
 */
export class Redirections {
  readonly #instead = new WeakMap<object, ModuleImport | typeof NOTHING>();
  readonly #originals: WeakRef<object>[] = [];

  /** Whether something else is meant by it. */
  has(original: object): boolean {
    return this.#instead.has(original);
  }

  /** What is meant; `undefined`: nothing any more. */
  get(original: object): ModuleImport | undefined {
    const instead = this.#instead.get(original);
    return instead === NOTHING ? undefined : instead;
  }

  /** What an import means now, by itself or instead; `undefined`: nothing any more. */
  meantBy(plugin: ModuleImport): ModuleImport | undefined {
    const entry = entryOf(plugin);
    return this.has(entry) ? this.get(entry) : plugin;
  }

  /** The same, but that whoever imported `entry`, by whatever it once was, imports `instead` from now on. */
  with(entry: object, instead: ModuleImport | undefined): Redirections {
    const next = new Redirections();
    const now = instead === undefined ? undefined : entryOf(instead);
    for (const [original, meant] of this.#all()) {
      const isIt = original === entry || (meant !== undefined && entryOf(meant) === entry);
      if (!isIt) next.#set(original, meant);
      else if (original !== now) next.#set(original, instead);
    }
    if (!this.has(entry) && entry !== now) next.#set(entry, instead);
    return next;
  }

  /** The same, but that `entry` means itself. */
  without(entry: object): Redirections {
    const next = new Redirections();
    for (const [original, meant] of this.#all()) if (original !== entry) next.#set(original, meant);
    return next;
  }

  #set(original: object, instead: ModuleImport | undefined): void {
    this.#instead.set(original, instead ?? NOTHING);
    this.#originals.push(new WeakRef(original));
  }

  *#all(): Generator<[object, ModuleImport | undefined]> {
    for (const it of this.#originals) {
      const original = it.deref();
      if (original !== undefined) yield [original, this.get(original)];
    }
  }
}
