import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** A folder on the disk for one test. */
export class Folder {
  readonly path: string;

  constructor() {
    this.path = realpathSync(mkdtempSync(join(tmpdir(), 'rockstar-views-')));
  }

  at(name: string): string {
    return join(this.path, name);
  }

  /** Writes a file, and the folders it stands in. In: when it was changed, in seconds since 1970; default: long ago. */
  write(name: string, contents: string | Buffer, changedS = 1_445_412_480): this {
    mkdirSync(dirname(this.at(name)), { recursive: true });
    writeFileSync(this.at(name), contents);
    utimesSync(this.at(name), changedS, changedS);
    return this;
  }

  link(name: string, target: string): this {
    mkdirSync(dirname(this.at(name)), { recursive: true });
    symlinkSync(target, this.at(name));
    return this;
  }

  remove(name = ''): void {
    rmSync(this.at(name), { recursive: true, force: true });
  }
}

let folders: Folder[] = [];

afterAll(() => {
  for (const folder of folders) folder.remove();
  folders = [];
});

/** A folder that is removed behind the tests of its file. */
export function newFolder(): Folder {
  const folder = new Folder();
  folders.push(folder);
  return folder;
}
