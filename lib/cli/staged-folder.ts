import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { isFrameworkError } from '../errors/framework-error';
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
 * Fails with: CLI_FOLDER_TAKEN, CLI_FOLDER_UNUSABLE; `publish` too, when somebody else was there first.
 */
export function stageFolder(target: string): StagedFolder {
  refuseTaken(target);
  return usable(target, () => (existsSync(target) ? stageInside(target) : stageBeside(target)));
}

/** In: what is in it, and does not count. Fails with: CLI_FOLDER_TAKEN, CLI_FOLDER_UNUSABLE. */
export function refuseTaken(target: string, besides?: string): void {
  usable(target, () => {
    if (!existsSync(target)) return;
    if (!statSync(target).isDirectory()) throw new Error('it is a file.');
    const found = readdirSync(target).filter((name) => !HARMLESS.has(name) && name !== besides);
    if (found.length === 0) return;
    const some = found.length > 3 ? `${found.slice(0, 3).join(', ')}, …` : found.join(', ');
    throw cliErrors.CLI_FOLDER_TAKEN({ folder: target, found: some });
  });
}

/** What the machine has against a folder, told as that. */
function usable<T>(folder: string, use: () => T): T {
  try {
    return use();
  } catch (error) {
    if (isFrameworkError(error)) throw error;
    throw cliErrors.CLI_FOLDER_UNUSABLE({ folder, reason: (error as Error).message });
  }
}

/** One rename, once everything is there. `mkdtemp` would make a folder that is its maker's alone; an application is one as any. */
function stageBeside(target: string): StagedFolder {
  const parent = dirname(target);
  const firstMade = mkdirSync(parent, { recursive: true });
  const path = join(parent, `.${basename(target)}.new-${randomUUID().slice(0, 8)}`);
  mkdirSync(path);
  return {
    path,
    publish: () => {
      refuseTaken(target);
      usable(target, () => renameSync(path, target));
    },
    discard: () => {
      remove(path);
      removeEmpty(parent, firstMade);
    },
  };
}

/** Who stands in the folder already stays in it: what was made moves up, entry by entry. */
function stageInside(target: string): StagedFolder {
  const path = mkdtempSync(join(target, '.new-'));
  return {
    path,
    publish: () => {
      refuseTaken(target, basename(path));
      usable(target, () => {
        for (const name of readdirSync(path)) renameSync(join(path, name), join(target, name));
      });
      remove(path);
    },
    discard: () => remove(path),
  };
}

function remove(path: string): void {
  rmSync(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}

/**
 * Takes away folders from the inside out, as far as nothing is in them: others may have put something there meanwhile.
 *
 * In: the innermost, and the outermost that was made; `undefined`: none was.
 */
export function removeEmpty(innermost: string, firstMade: string | undefined): void {
  if (firstMade === undefined) return;
  try {
    for (let folder = innermost; folder.length >= firstMade.length; folder = dirname(folder)) rmdirSync(folder);
  } catch {
    // Something is in it.
  }
}
