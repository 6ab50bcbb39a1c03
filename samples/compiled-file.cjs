// The JavaScript of the TypeScript of the checkout, kept by its content: the compiler is loaded only when something is new.
const { createHash } = require('node:crypto');
const { mkdirSync, readFileSync, renameSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');

const ROOT = join(__dirname, '..');
const CACHE = join(ROOT, 'node_modules/.cache/rockstar-web');
const SETTINGS = join(ROOT, 'tsconfig.json');

const settings = readFileSync(SETTINGS, 'utf8');
const basis = `${settings}\n${versionOfCompiler()}\n${readFileSync(module.filename, 'utf8')}\n`;

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
  const made = { ...options, noEmit: false, sourceMap: true };
  return (text, fileName) => {
    const { outputText, sourceMapText } = ts.transpileModule(text, { fileName, compilerOptions: made });
    // Whoever runs it is told where its map is: Node would read the maps of all files at once.
    return { code: outputText.replace(/\n\/\/# sourceMappingURL=\S*\s*$/, '\n'), map: sourceMapText };
  };
}

/** What its JavaScript depends on. */
function keyOf(file, text) {
  return createHash('sha1').update(basis).update(file).update(text).digest('hex');
}

/** The JavaScript of a file, and a function that reads its map. Whoever cannot keep them compiles it again next time. */
function compiled(file, text = readFileSync(file, 'utf8')) {
  const kept = join(CACHE, `${keyOf(file, text)}.js`);
  try {
    return { code: readFileSync(kept, 'utf8'), readMap: () => readFileSync(`${kept}.map`, 'utf8') };
  } catch {
    compile ??= loadCompiler();
    const { code, map } = compile(text, file);
    keep(`${kept}.map`, map);
    keep(kept, code);
    return { code, readMap: () => map };
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

/** Whether something can be compiled: the compiler is not there where only what runs in production is installed. */
const canCompile = versionOfCompiler() !== undefined;

module.exports = { canCompile, compiled, keyOf, ROOT };
