import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';

/** The checkout. */
export const ROOT = join(__dirname, '..', '..');

const NOT_OURS = new Set(['node_modules', 'dist', 'coverage', 'site', '.git']);

/** The files below `folder` that the project keeps, as paths from `folder` with `/`. */
export function listFiles(folder: string): string[] {
  const found: string[] = [];
  const walk = (at: string): void => {
    for (const entry of readdirSync(at, { withFileTypes: true })) {
      if (NOT_OURS.has(entry.name)) continue;
      if (entry.isDirectory()) walk(join(at, entry.name));
      else found.push(relative(folder, join(at, entry.name)).split(sep).join('/'));
    }
  };
  walk(folder);
  return found.sort();
}

/** A text file of the checkout. */
export function readText(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

/** A JSON file of the checkout; whoever reads it says what it expects of it. */
export function readJson<T>(path: string): T {
  return JSON.parse(readText(path)) as T;
}
