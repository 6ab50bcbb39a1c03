import { type Dirent, readdirSync, realpathSync, type Stats, statSync } from 'node:fs';
import { join, sep } from 'node:path';
import type { Clock } from '../lifetime/clock';
import { Representation, StaticFile } from './static-file';
import { typeOf } from './static-files';
import type { StaticSettings } from './static-options';
import { toFilePath } from './static-path';

/** What is not looked at again for this long, where nobody watches. */
const FRESH_MS = 1_000;
/** Read at start, and kept; what is beyond is looked up when it is asked for. */
const MOST_AT_START = 20_000;
const MOST_KEPT = 100_000;

/** In the order of preference. */
const CODINGS = [
  { coding: 'br', ending: '.br' },
  { coding: 'gzip', ending: '.gz' },
] as const;

/**
 * The files of one folder by their paths, read at start. What came later is found when it is asked for, what changed or went
 * is noticed: by each request where the folder is watched, else within a second.
 *
 * The disk is asked synchronously: what answers at a path must be known in the tick a request arrives, and takes microseconds.
 */
export class StaticFolder {
  readonly settings: StaticSettings;
  readonly #clock: Clock;
  readonly #files = new Map<string, StaticFile>();
  #realRoot: string;

  constructor(settings: StaticSettings, clock: Clock) {
    this.settings = settings;
    this.#clock = clock;
    this.#realRoot = realRootOf(settings.root);
  }

  /** How many files are known. */
  get size(): number {
    return this.#files.size;
  }

  /** Reads the whole folder. Hidden files, and links that lead out of it, are left out. */
  readAll(): void {
    const seen = new Set<string>();
    const waiting = ['/'];
    for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
      const real = realpathOf(join(this.settings.root, at));
      if (real === undefined || seen.has(real) || !this.#isInside(real)) continue;
      seen.add(real);
      for (const entry of entriesOf(real)) {
        const path = `${at}${entry.name}`;
        if (toFilePath(`/${encodeURIComponent(entry.name)}`) === undefined) continue;
        if (this.size >= MOST_AT_START) return;
        if (isFolder(entry, join(real, entry.name))) waiting.push(`${path}/`);
        else this.find(path);
      }
      this.find(at);
    }
  }

  /** What is at a path below the folder, as `toFilePath` gives it. */
  find(path: string): StaticFile | undefined {
    const known = this.#files.get(path);
    if (known !== undefined && this.#isFresh(known.checkedMs)) return known;
    return this.renew(path);
  }

  /** Whether a path lacks nothing but its last slash to be that of a folder with an index. */
  isFolder(path: string): boolean {
    return this.settings.index !== undefined && !path.endsWith('/') && this.find(`${path}/`) !== undefined;
  }

  /** Asks the disk. */
  renew(path: string): StaticFile | undefined {
    const nowMs = this.#clock.now();
    const known = this.#files.get(path);
    const found = this.#look(path, nowMs);
    if (found === undefined) {
      this.#files.delete(path);
      return undefined;
    }
    if (known !== undefined && known.isSame(found)) {
      known.checkedMs = nowMs;
      return known;
    }
    if (known !== undefined || this.size < MOST_KEPT) this.#files.set(path, found);
    return found;
  }

  #isFresh(checkedMs: number): boolean {
    return !this.settings.watch && this.#clock.now() - checkedMs < FRESH_MS;
  }

  #look(path: string, nowMs: number): StaticFile | undefined {
    const { prefix, index, precompressed, maxAgeMs, isImmutable } = this.settings;
    if (path.endsWith('/') && index === undefined) return undefined;
    const name = path.endsWith('/') ? `${path}${index}` : path;
    const type = typeOf(name);
    const plain = this.#represent(name, '', type);
    if (plain === undefined) return undefined;
    const coded = precompressed ? CODINGS.map(({ coding, ending }) => this.#represent(`${name}${ending}`, coding, type)) : [];
    // Made of what the file was before, it would say something else.
    const current = coded.filter((form) => form !== undefined && form.modifiedMs >= plain.modifiedMs) as Representation[];
    return new StaticFile(prefix + path, [plain, ...current], { maxAgeMs, immutable: isImmutable(name) }, nowMs);
  }

  #represent(name: string, coding: string, type: string): Representation | undefined {
    const path = join(this.settings.root, name);
    const stats = statsOf(path);
    if (stats?.isFile() !== true) return undefined;
    const real = realpathOf(path);
    return real === undefined || !this.#isInside(real) ? undefined : new Representation(real, coding, type, stats);
  }

  /** The folder itself may be a link that was set anew. */
  #isInside(real: string): boolean {
    if (`${real}${sep}`.startsWith(this.#realRoot)) return true;
    this.#realRoot = realRootOf(this.settings.root);
    return `${real}${sep}`.startsWith(this.#realRoot);
  }
}

/** With a last separator, so that no neighbour begins like it. */
function realRootOf(root: string): string {
  const real = realpathOf(root) ?? root;
  return real.endsWith(sep) ? real : `${real}${sep}`;
}

function statsOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    // Too long a name, a circle of links, a folder that may not be entered: there is nothing to send.
    return undefined;
  }
}

function realpathOf(path: string): string | undefined {
  try {
    return realpathSync.native(path);
  } catch {
    return undefined;
  }
}

function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}

function isFolder(entry: Dirent, path: string): boolean {
  return entry.isDirectory() || (entry.isSymbolicLink() && statsOf(path)?.isDirectory() === true);
}
