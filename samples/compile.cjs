// Lets Node run the TypeScript of the checkout: node --require ./samples/compile.cjs <file.ts>
// Like ts-node --transpile-only, but what was compiled is kept by its content, and the compiler is loaded only when
// something is new. Run by itself (npm ci does) it compiles everything and prepares the embedded database, so that the
// first start is as quick as the next.
const { createHash } = require('node:crypto');
const { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } = require('node:fs');
const Module = require('node:module');
const { join } = require('node:path');

const ROOT = join(__dirname, '..');
const CACHE = join(ROOT, 'node_modules/.cache/rockstar-web');
const SETTINGS = join(ROOT, 'tsconfig.json');

const settings = readFileSync(SETTINGS, 'utf8');
const basis = `${settings}\n${versionOfCompiler()}\n`;

let compile;

/** Undefined where only what runs in production is installed. */
function versionOfCompiler() {
  try {
    return require('typescript/package.json').version;
  } catch {
    return undefined;
  }
}

/** The compiler, loaded when it is needed first: it takes longer than everything that is compiled already. */
function loadCompiler() {
  const ts = require('typescript');
  const { compilerOptions } = ts.parseConfigFileTextToJson(SETTINGS, settings).config;
  const { options } = ts.convertCompilerOptionsFromJson(compilerOptions, ROOT);
  const made = { ...options, noEmit: false, inlineSourceMap: true, inlineSources: false };
  return (text, fileName) => ts.transpileModule(text, { fileName, compilerOptions: made }).outputText;
}

/** The JavaScript of a file. Whoever cannot keep it compiles it again next time. */
function compiled(file) {
  const text = readFileSync(file, 'utf8');
  const kept = join(CACHE, `${createHash('sha1').update(basis).update(file).update(text).digest('hex')}.js`);
  try {
    return readFileSync(kept, 'utf8');
  } catch {
    compile ??= loadCompiler();
    const output = compile(text, file);
    keep(kept, output);
    return output;
  }
}

function keep(file, text) {
  try {
    mkdirSync(CACHE, { recursive: true });
    // Two that start at once do not read half of what the other writes.
    writeFileSync(`${file}.${process.pid}`, text);
    renameSync(`${file}.${process.pid}`, file);
  } catch {
    // A folder that cannot be written to: slower, and as right.
  }
}

Module._extensions['.ts'] = (loaded, file) => loaded._compile(compiled(file), file);
process.setSourceMapsEnabled(true);

if (require.main === module && versionOfCompiler() !== undefined) {
  for (const folder of ['lib', 'samples']) {
    const files = readdirSync(join(ROOT, folder), { recursive: true }).filter((name) => /(?<!\.d)\.ts$/.test(name));
    for (const name of files.filter((one) => !one.includes('node_modules'))) compiled(join(ROOT, folder, name));
  }
  // The files of an empty embedded database are made now, too.
  void require('../lib/database/embedded-template.ts').prepareEmbedded();
}
