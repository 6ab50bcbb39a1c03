import { readdirSync, realpathSync, statSync } from 'node:fs';
import { dirname, join, normalize, relative, sep } from 'node:path';

/** Tried, in this order, where a name has none or not this one. */
const EXTENSIONS = ['.html', '.eta'] as const;
const LONGEST_NAME = 500;

/** Which files of a folder are views, by their names: paths below the folder, with or without the extension. */
export class ViewFiles {
  readonly root: string;
  readonly #realRoot: string;
  readonly #keeps: boolean;
  readonly #found = new Map<string, string>();

  /** In: whether what was found once is taken as it was. */
  constructor(root: string, keeps: boolean) {
    this.root = root;
    this.#realRoot = `${realpathSync.native(root)}${sep}`;
    this.#keeps = keeps;
  }

  /**
   * The file of a view; `undefined`: there is none. Never one outside of the folder, nor a hidden one, whatever the name.
   *
   * In: `from`, the file of the view that names it: names are looked up beside it first, then in the folder. With a first
   * slash in the folder alone.
   */
  find(name: string, from?: string): string | undefined {
    if (typeof name !== 'string' || name === '' || name.length > LONGEST_NAME || /[\\\0]|^@/.test(name)) return undefined;
    const places = from === undefined || name.startsWith('/') ? [this.root] : [dirname(from), this.root];
    for (const place of places) {
      const found = this.#at(normalize(join(place, name)));
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** The name of a view's file, e.g. `users/list.html`. */
  nameOf(file: string): string {
    return relative(this.root, file).split(sep).join('/');
  }

  /** The names of all views, for whoever misspelt one. */
  names(): string[] {
    return readdirSync(this.root, { withFileTypes: true, recursive: true })
      .filter((entry) => !entry.isDirectory())
      .map((entry) => this.nameOf(join(entry.parentPath, entry.name)))
      .filter((name) => !isHidden(name));
  }

  #at(path: string): string | undefined {
    const known = this.#found.get(path);
    if (known !== undefined) return known;
    const name = this.nameOf(path);
    if (name === '' || isHidden(name)) return undefined;
    const file = [path, ...EXTENSIONS.map((extension) => path + extension)].find((one) => this.#isView(one));
    if (file !== undefined && this.#keeps) this.#found.set(path, file);
    return file;
  }

  #isView(path: string): boolean {
    try {
      return statSync(path, { throwIfNoEntry: false })?.isFile() === true && realpathSync.native(path).startsWith(this.#realRoot);
    } catch {
      return false;
    }
  }
}

/** Names that begin with a dot, and `..`, which leads out. */
function isHidden(name: string): boolean {
  return /(?:^|\/)\./.test(name);
}
