// Lets Node run the TypeScript of the checkout: node --require ./samples/compile.cjs <file.ts>
// Like ts-node --transpile-only, but what was compiled is kept (compiled-file.cjs). Run by itself (npm ci does) it
// compiles everything and prepares the embedded database, so that the first start is as quick as the next.
const { readdirSync } = require('node:fs');
const Module = require('node:module');
const { join } = require('node:path');
const { canCompile, compiled, ROOT } = require('./compiled-file.cjs');

/** How to read the map of each file that was loaded, and those that were read. */
const maps = new Map();

/** Where the frame of a stack stands in the TypeScript, as far as that is known. */
function placeOf(frame) {
  const file = frame.getFileName();
  const known = maps.get(file);
  if (known === undefined) return String(frame);
  known.map ??= new Module.SourceMap(JSON.parse(known.readMap()));
  const { lineNumber, columnNumber } = known.map.findOrigin(frame.getLineNumber(), frame.getColumnNumber());
  const compiledPlace = `${file}:${frame.getLineNumber()}:${frame.getColumnNumber()}`;
  return lineNumber === undefined ? String(frame) : String(frame).replace(compiledPlace, `${file}:${lineNumber}:${columnNumber}`);
}

function register() {
  Module._extensions['.ts'] = (loaded, file) => {
    const { code, readMap } = compiled(file);
    maps.set(file, { readMap });
    loaded._compile(code, file);
  };
  Error.prepareStackTrace = (error, frames) => [error, ...frames.map(placeOf)].join('\n    at ');
}

register();

if (require.main === module && canCompile) {
  for (const folder of ['lib', 'samples']) {
    const files = readdirSync(join(ROOT, folder), { recursive: true }).filter((name) => /(?<!\.d)\.ts$/.test(name));
    for (const name of files.filter((one) => !one.includes('node_modules'))) compiled(join(ROOT, folder, name));
  }
  // The files of an empty embedded database are made now, too.
  void require('../lib/database/embedded-template.ts').prepareEmbedded();
}
