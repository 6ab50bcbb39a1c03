import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { cliErrors } from './errors';

/** What an otherwise empty folder may hold: `git init` comes first for some. */
const HARMLESS = new Set(['.git', '.DS_Store']);

/** A folder that is made beside where it will be, and put there when it is whole. */
export interface StagedFolder {
  /** Where to write meanwhile. */
  readonly path: string;
  /** Puts everything where it belongs. */
  publish(): void;
  /** Takes away whatever was made. */
  discard(): void;
}

/**
 * Opens a folder that will be `target`, which does not exist or is empty.
 *
 * Fails with: CLI_FOLDER_TAKEN, CLI_FOLDER_UNUSABLE.
 */
export function stageFolder(target: string): StagedFolder {
  refuseTaken(target);
  try {
    return existsSync(target) ? stageInside(target) : stageBeside(target);
  } catch (error) {
    throw cliErrors.CLI_FOLDER_UNUSABLE({ folder: target, reason: (error as Error).message }, { cause: error });
  }
}

/** Fails with: CLI_FOLDER_TAKEN, CLI_FOLDER_UNUSABLE. */
export function refuseTaken(target: string): void {
  if (!existsSync(target)) return;
  if (!statSync(target).isDirectory()) throw cliErrors.CLI_FOLDER_UNUSABLE({ folder: target, reason: 'it is a file.' });
  const found = readdirSync(target).filter((name) => !HARMLESS.has(name));
  if (found.length === 0) return;
  const some = found.length > 3 ? `${found.slice(0, 3).join(', ')}, …` : found.join(', ');
  throw cliErrors.CLI_FOLDER_TAKEN({ folder: target, found: some });
}

/** One rename, once everything is there. */
function stageBeside(target: string): StagedFolder {
  const parent = dirname(target);
  const firstMade = mkdirSync(parent, { recursive: true });
  const path = mkdtempSync(join(parent, `.${basename(target)}.new-`));
  return {
    path,
    publish: () => renameSync(path, target),
    discard: () => remove(firstMade ?? path),
  };
}

/** Who stands in the folder already stays in it: what was made moves up, entry by entry. */
function stageInside(target: string): StagedFolder {
  const path = mkdtempSync(join(target, '.new-'));
  return {
    path,
    publish: () => {
      for (const name of readdirSync(path)) renameSync(join(path, name), join(target, name));
      remove(path);
    },
    discard: () => remove(path),
  };
}

function remove(path: string): void {
  rmSync(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}
