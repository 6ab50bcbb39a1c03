import type * as Chokidar from 'chokidar';

/** What a program is made of; views and static files are read anew without a start. */
const SOURCE = /\.(?:[cm]?[jt]sx?|json)$/;

/**
 * Calls `changed` whenever a source file below `folder` is written, put in the place of another, added or taken away.
 *
 * Node's own `--watch` misses a file that is saved by a rename for the second time, which is how many editors and git save.
 * Out: what ends it.
 */
export function watchFolder(folder: string, changed: () => void): () => Promise<void> {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- other commands do without it
  const { watch } = require('chokidar') as typeof Chokidar;
  const isPassedOver = (path: string): boolean => path !== folder && /[\\/](?:node_modules|\.[^\\/]*)$/.test(path);
  const watcher = watch(folder, { ignored: isPassedOver, ignoreInitial: true });
  watcher.on('all', (_event, path) => {
    if (SOURCE.test(path)) changed();
  });
  return () => watcher.close();
}
