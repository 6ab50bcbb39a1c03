// node join-modules.mjs <folder of the compiled package>: joins the modules that every application loads at its start in one
// file, `rooms.js`. To find and open four hundred files is a fifth of the CPU time that a small application takes to start.
//
// They stand in the order they are loaded in, each in a function of its own. In the place of each is one line that gives the
// same exports to whoever loads it by its name: what is loaded later, the command line, the testing tools. `index.js` keeps
// its text, from which Node reads the names for ES modules.
import { decode, encode } from '@jridgewell/sourcemap-codec';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, posix } from 'node:path';

const [folder] = process.argv.slice(2);
/** As the compiler writes it: at the start of a line what is loaded with a module, elsewhere what is loaded by a call of it. */
const LOADED_WITH = /^(?:(?:const|var) \w+ = .*?)?require\("(\.\.?\/[^"]+)"\)/gm;
const LOADED = /\brequire\((["'])(\.\.?\/[^"']+)\1\)/g;

const fileOf = (name) => join(folder, `${name}.js`);
const nameOf = (path, from) => posix.join(posix.dirname(from), path);

/** A module's text without the name of its map, in ASCII: V8 keeps a text with one wide character in twice the memory. */
function read(name) {
  const text = readFileSync(fileOf(name), 'utf8').replace(/^\/\/# sourceMappingURL=.*\n?/m, '');
  return text.replace(/[^\t\n\r -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** The texts of a module and of all that is loaded with it, by name, in the order they are loaded in. */
function loadOrder(name, texts = new Map(), met = new Set()) {
  if (met.has(name)) return texts;
  met.add(name);
  const text = read(name);
  for (const [, path] of text.matchAll(LOADED_WITH)) loadOrder(nameOf(path, name), texts, met);
  return texts.set(name, text);
}

const texts = loadOrder('index');
const index = texts.get('index');
texts.delete('index');
for (const [name, text] of texts) {
  // The command line makes applications before anything is installed beside it, by this room alone; what asks where it is stays there.
  if (name.startsWith('errors/') || text.includes('__dirname')) texts.delete(name);
}

/** The text of a module, to stand in a file of `folder` itself. */
function moved(name, text) {
  return text.replace(LOADED, (_call, _quote, path) => {
    const other = nameOf(path, name);
    return texts.has(other) ? `rooms[${JSON.stringify(other)}]` : `require(${JSON.stringify(`./${other}`)})`;
  });
}

const lines = [];
const map = { version: 3, file: 'rooms.js', sources: [], sourcesContent: [], names: [], mappings: [] };

function add(text, placesOf = () => []) {
  for (const [at, line] of text.split('\n').entries()) {
    lines.push(line);
    map.mappings.push(placesOf(at));
  }
}

/** Where the lines of a module come from: one place a line, for Node keeps every one from the first stack on (28 MB of all). */
function readPlaces(name) {
  const { sources, sourcesContent, mappings } = JSON.parse(readFileSync(`${fileOf(name)}.map`, 'utf8'));
  const source = map.sources.push(nameOf(sources[0], name)) - 1;
  map.sourcesContent.push(sourcesContent[0]);
  const places = decode(mappings);
  return (at) => (places[at] ?? []).slice(0, 1).map(([from, , line, column]) => [from, source, line, column]);
}

add('"use strict";\nconst rooms = exports;');
for (const [name, text] of texts) {
  add('(function (exports) {');
  add(moved(name, text).trimEnd(), readPlaces(name));
  add(`})(rooms[${JSON.stringify(name)}] = {});`);
}
add('//# sourceMappingURL=rooms.js.map\n');
writeFileSync(fileOf('rooms'), lines.join('\n'));
writeFileSync(`${fileOf('rooms')}.map`, JSON.stringify({ ...map, mappings: encode(map.mappings) }));

for (const name of texts.keys()) {
  const rooms = posix.relative(posix.dirname(name), 'rooms.js');
  writeFileSync(fileOf(name), `"use strict";\nmodule.exports = require(${JSON.stringify(rooms)})[${JSON.stringify(name)}];\n`);
  rmSync(`${fileOf(name)}.map`);
}
writeFileSync(fileOf('index'), `const rooms = require("./rooms.js");\n${moved('index', index)}`);
rmSync(`${fileOf('index')}.map`);
