import type * as Chokidar from 'chokidar';

/** What a program is made of; views and static files are read anew without a start. */
const SOURCE = /\.(?:[cm]?[jt]sx?|json)$/;

/**
 * Calls `changed` whenever a source file below `folder` is written, put in the place of another, added or taken away.
 *
 * Node's own `--watch` misses a file that is saved by a rename for the second time, which is how many editors and git save.
 * What cannot be watched is told to `failed`, but for what may not be read: no program reads that either.
 * Out: what ends it.
 */
export function watchFolder(folder: string, changed: () => void, failed: (error: Error) => void): () => Promise<void> {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- other commands do without it
  const { watch } = require('chokidar') as typeof Chokidar;
  const isPassedOver = (path: string): boolean => path !== folder && /[\\/](?:node_modules|\.[^\\/]*)$/.test(path);
  const watcher = watch(folder, { ignored: isPassedOver, ignoreInitial: true, ignorePermissionErrors: true });
  watcher.on('error', (error) => failed(error as Error));
  watcher.on('all', (_event, path) => {
    if (SOURCE.test(path)) changed();
  });
  return () => watcher.close();
}
