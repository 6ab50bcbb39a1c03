import { type FSWatcher, readdirSync, statSync, watch } from 'node:fs';
import { join, sep } from 'node:path';

/** What a program is made of; views and static files are read anew without a start. */
const SOURCE = /\.(?:[cm]?[jt]sx?|json)$/;

/**
 * Calls `changed` whenever a source file below `folder` is written, put in the place of another, added or taken away.
 *
 * Each folder is watched by itself, and no file: who saves by a rename (many editors, git) makes another file of that name,
 * which a watcher of the old one never hears of. `recursive` of Node 20 misses those as well.
 * Out: what ends it.
 */
export function watchFolder(folder: string, changed: () => void): () => void {
  const watchers = new Map<string, FSWatcher>();
  const close = (at: string): void => {
    for (const [path, watcher] of watchers) {
      if (path !== at && !path.startsWith(`${at}${sep}`)) continue;
      watcher.close();
      watchers.delete(path);
    }
  };
  const open = (at: string): void => {
    const watcher = watch(at, (event, name) => {
      if (name === null || SOURCE.test(name)) changed();
      else if (event === 'rename' && !isPassedOver(name)) look(join(at, name));
    });
    watchers.set(
      at,
      watcher.on('error', () => close(at)),
    );
    for (const path of foldersIn(at)) open(path);
  };
  /** A folder that came or went: what is in it did so too, before or after it could be watched. */
  const look = (path: string): void => {
    const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
    if (!isFolder && !watchers.has(path)) return;
    close(path);
    if (isFolder) open(path);
    changed();
  };
  open(folder);
  return () => close(folder);
}

function foldersIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !isPassedOver(entry.name))
    .map(({ name }) => join(folder, name));
}

function isPassedOver(name: string): boolean {
  return name === 'node_modules' || name.startsWith('.');
}
