import { closeSync, mkdirSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { cliErrors } from './errors';
import { removeEmpty } from './staged-folder';

/** A file to be written. */
export interface FileToWrite {
  readonly file: string;
  readonly text: string;
  /** What is in it now; `undefined`: it is new. */
  readonly before?: string;
}

/** Writes all of them, with the folders that they need, or none. Fails with: CLI_WRITE_FAILED. */
export function writeFiles(files: readonly FileToWrite[]): void {
  const undos: (() => void)[] = [];
  for (const one of files) {
    try {
      writeOne(one, undos);
    } catch (error) {
      const left = takeBack(undos) ? 'nothing was left behind' : 'not all that was written before could be taken back';
      throw cliErrors.CLI_WRITE_FAILED({ file: one.file, left, reason: (error as Error).message });
    }
  }
}

/** Out: whether all of it was. */
function takeBack(undos: readonly (() => void)[]): boolean {
  let isAll = true;
  for (const undo of undos.toReversed()) {
    try {
      undo();
    } catch {
      isAll = false;
    }
  }
  return isAll;
}

/** In: where to put what takes back that it was written. */
function writeOne({ file, text, before }: FileToWrite, undos: (() => void)[]): void {
  if (before !== undefined) {
    // What may not be written is as it was; what is written in part, on a full disk, is not.
    closeSync(openSync(file, 'r+'));
    undos.push(() => writeFileSync(file, before));
    writeFileSync(file, text);
    return;
  }
  const firstMade = mkdirSync(dirname(file), { recursive: true });
  undos.push(() => removeEmpty(dirname(file), firstMade));
  // Somebody may have made it meanwhile.
  closeSync(openSync(file, 'wx'));
  undos.push(() => rmSync(file, { force: true }));
  writeFileSync(file, text);
}
