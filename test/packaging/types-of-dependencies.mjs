// Whoever compiles against the package without skipLibCheck needs the types of every package that its own types name.
// Run by `npm run packaging`, behind the build.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');
const readJson = (path) => JSON.parse(readFileSync(join(root, path), 'utf8'));
const { dependencies } = readJson('package.json');

const named = new Set();
for (const file of readdirSync(join(root, 'dist'), { recursive: true })) {
  // The command line is run, and never imported.
  if (!file.endsWith('.d.ts') || file.startsWith('cli')) continue;
  const text = readFileSync(join(root, 'dist', file), 'utf8');
  for (const [, name] of text.matchAll(/(?:from |import\()'((?:@[^/']+\/)?[^./'][^/']*)/g)) {
    if (!name.startsWith('node:')) named.add(name);
  }
}

/** Whether a package brings its types along. */
function isTyped(name) {
  const { types, typings, exports } = readJson(`node_modules/${name}/package.json`);
  return types !== undefined || typings !== undefined || JSON.stringify(exports ?? {}).includes('"types"');
}

const missing = [...named].filter((name) => !(name in dependencies) || !(isTyped(name) || `@types/${name}` in dependencies));
assert.deepEqual(missing, [], 'packages whose types are not among the dependencies');
assert.ok(named.has('pg') && named.has('rxjs'), 'the types of the package name no packages at all: are they built?');
