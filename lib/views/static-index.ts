import type { Clock } from '../lifetime/clock';
import type { StaticFile } from './static-file';
import { StaticFolder } from './static-folder';
import type { StaticSettings } from './static-options';
import { pathOf, toFilePath } from './static-path';

/** Where a path leads: to a file, or to a folder whose name lacks its last slash. */
export interface StaticPlace {
  readonly folder: StaticFolder;
  /** Below the folder, decoded. */
  readonly path: string;
  /** `undefined`: it is the folder. */
  readonly file: StaticFile | undefined;
}

/** All static files of an application: read at start, known at once. */
export class StaticIndex {
  readonly folders: readonly StaticFolder[];

  constructor(settings: readonly StaticSettings[], clock: Clock) {
    this.folders = settings.map((one) => new StaticFolder(one, clock));
    for (const folder of this.folders) folder.readAll();
  }

  /** How many files are known. */
  get size(): number {
    return this.folders.reduce((sum, { size }) => sum + size, 0);
  }

  /** The file that is sent for a path or a URL of this server; `undefined` when none is. */
  find(url: string): StaticFile | undefined {
    return this.place(pathOf(url))?.file;
  }

  /** Where a path leads. In: percent-encoded, without the query; which folders are asked (default: all). */
  place(path: string, isAsked: (folder: StaticFolder) => boolean = () => true): StaticPlace | undefined {
    let slashless: StaticPlace | undefined;
    for (const folder of this.folders) {
      const { prefix } = folder.settings;
      if (!isBelow(path, prefix) || !isAsked(folder)) continue;
      const below = toFilePath(path.slice(prefix.length));
      if (below === undefined) continue;
      const file = folder.find(below);
      if (file !== undefined) return { folder, path: below, file };
      if (folder.isFolder(below)) slashless ??= { folder, path: below, file: undefined };
    }
    return slashless;
  }
}

function isBelow(path: string, prefix: string): boolean {
  return path.startsWith(prefix) && (path.length === prefix.length || path[prefix.length] === '/');
}
