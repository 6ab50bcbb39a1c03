// Run by `npm run packaging`, with `--enable-source-maps`, on what was built: the modules that an application loads at its
// start are one file, whoever loads one of them by its own name gets the same, and a stack tells where its source is.
import { strict as assert } from 'node:assert';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);
const root = fileURLToPath(new URL('../..', import.meta.url));
const dist = join(root, 'dist');

const { prepareMessage } = require('rockstar-web');
const loaded = Object.keys(require.cache).filter((file) => file.startsWith(dist + sep));
assert.ok(loaded.length < 10, `one by one were loaded: ${loaded.join(', ')}`);
assert.ok(!process.moduleLoadList.includes('NativeModule http2'), 'node:http2 is loaded by what does not speak it');

const file = join(dist, 'rooms.js');
const rooms = Object.entries(require(file));
assert.ok(rooms.length > 400, `only ${rooms.length} modules are joined`);
for (const [name, exports] of rooms) assert.equal(require(join(dist, `${name}.js`)), exports, `${name} is there twice`);

// What they load by a call is found from where they stand now.
const called = [...readFileSync(file, 'utf8').matchAll(/\brequire\(["'](\.[^"']+)["']\)/g)];
assert.ok(called.length > 5, `only ${called.length} calls load a module`);
for (const [, path] of called) createRequire(file).resolve(path);

// What is loaded later, too, but for the programs: the command line, and what a page runs in the browser.
for (const name of readdirSync(dist, { recursive: true })) {
  if (name.endsWith('.js') && !/^(?:cli|openapi.page)\b/.test(name)) require(join(dist, name));
}

try {
  prepareMessage(() => 0);
  assert.fail('a function was prepared');
} catch ({ stack }) {
  const [place, source, line] = /(lib\/websocket\/prepared-message\.ts):(\d+)/.exec(stack) ?? [];
  assert.notEqual(place, undefined, stack);
  assert.match(readFileSync(join(root, source), 'utf8').split('\n')[Number(line) - 1], /throw/, place);
}
