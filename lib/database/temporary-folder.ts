import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder that goes with this process, at the latest; those of processes that were killed go with the next one made. */
export class TemporaryFolder {
  readonly path: string;

  constructor(prefix: string, parent = tmpdir()) {
    removeStale(prefix, parent);
    this.path = mkdtempSync(join(parent, `${prefix}-${process.pid}-`));
    process.once('exit', this.remove);
  }

  readonly remove = (): void => {
    process.off('exit', this.remove);
    rmSync(this.path, { recursive: true, force: true, maxRetries: 3 });
  };
}

function removeStale(prefix: string, parent: string): void {
  for (const name of readdirSync(parent)) {
    const owner = name.startsWith(`${prefix}-`) ? Number.parseInt(name.slice(prefix.length + 1), 10) : Number.NaN;
    if (Number.isNaN(owner) || isAlive(owner)) continue;
    try {
      rmSync(join(parent, name), { recursive: true, force: true });
    } catch {
      // Somebody else's.
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Somebody else's process is one, too.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
