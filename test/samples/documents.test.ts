import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

const ROOT = join(__dirname, '..', '..');

/** The TypeScript blocks of a document. */
function codeOf(document: string): string[] {
  return [...readFileSync(join(ROOT, document), 'utf8').matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, code]) => code ?? '');
}

/** What the compiler says of each text, as if it were a file of a sample. */
function problemsOf(texts: readonly string[]): string[][] {
  const files = new Map(texts.map((text, at) => [join(ROOT, 'samples', `from-a-document-${at}.ts`), text]));
  const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), (path) => ts.sys.readFile(path));
  const { options: own } = ts.parseJsonConfigFileContent(config, ts.sys, ROOT);
  // A piece shows one thing, and need not use it.
  const options = { ...own, types: ['node'], noUnusedLocals: false, noUnusedParameters: false };
  const host = ts.createCompilerHost(options);
  const onDisk = { fileExists: host.fileExists, readFile: host.readFile };
  host.fileExists = (path) => files.has(path) || onDisk.fileExists(path);
  host.readFile = (path) => files.get(path) ?? onDisk.readFile(path);
  const program = ts.createProgram([...files.keys()], options, host);
  return [...files.keys()].map((path) => {
    const source = program.getSourceFile(path);
    const problems = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
    return problems.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
  });
}

/** The documents whose code users copy. */
const DOCUMENTS = ['README.md', ...readdirSync(join(ROOT, 'docs')).map((name) => `docs/${name}`)];

it('compiles every piece of TypeScript in the documents, and would see a name that rockstar-web does not have', () => {
  const pieces = DOCUMENTS.flatMap((document) => codeOf(document).map((code, at) => ({ name: `${document} #${at + 1}`, code })));
  const problems = problemsOf([...pieces.map(({ code }) => code), "import { createAp } from 'rockstar-web'; createAp();"]);
  expect(problems.pop()).toEqual([expect.stringContaining("'createAp'")]);
  expect(pieces.length).toBeGreaterThan(20);
  expect(pieces.map(({ name }, at) => [name, problems[at]])).toEqual(pieces.map(({ name }) => [name, []]));
}, 60_000);
