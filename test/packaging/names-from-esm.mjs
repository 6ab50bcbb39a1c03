// Run by `npm run packaging` on what was built: an ES module sees by name all that the CommonJS build exports, and what
// the compiler does not make is there, too.
import { strict as assert } from 'node:assert';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

for (const entry of ['rockstar-web', 'rockstar-web/testing']) {
  const { default: whole, ...named } = await import(entry);
  // What Node adds to say where the names come from.
  for (const mark of ['__esModule', 'module.exports']) delete named[mark];
  assert.ok(require.resolve(entry).includes('dist'), `${entry} is not the built one`);
  assert.equal(whole, require(entry));
  assert.deepEqual(Object.keys(named).sort(), Object.keys(require(entry)).sort());
}

for (const name of ['page.js', 'page.css']) {
  assert.ok(existsSync(new URL(`../../dist/openapi/page/${name}`, import.meta.url)), `dist/openapi/page/${name} is missing`);
}
