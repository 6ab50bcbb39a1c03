import { existsSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import ts from 'typescript';
import { ROOT, readJson, readText } from '../architecture/checkout';
import { DOCUMENTS, type Piece, piecesOf } from './document-code';

/** Where the pieces would be, beside the samples. */
const FOLDER = join(ROOT, 'samples', 'from-documents');

/** What the compiler says of each piece, as if it were a file of a sample. */
function problemsOf(pieces: readonly Piece[]): string[][] {
  const files = new Map(pieces.map(({ code, file }, at) => [join(FOLDER, file ?? `src/${at}.ts`), code]));
  const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), (path) => ts.sys.readFile(path));
  const { options: own } = ts.parseJsonConfigFileContent(config, ts.sys, ROOT);
  // A piece shows one thing, and need not use it.
  const options = { ...own, types: ['node', 'jest'], noUnusedLocals: false, noUnusedParameters: false };
  const host = ts.createCompilerHost(options);
  const onDisk = { fileExists: host.fileExists, readFile: host.readFile };
  host.directoryExists = (path) => path.startsWith(FOLDER) || ts.sys.directoryExists(path);
  host.fileExists = (path) => files.has(path) || onDisk.fileExists(path);
  host.readFile = (path) => files.get(path) ?? onDisk.readFile(path);
  const program = ts.createProgram([...files.keys()], options, host);
  return [...files.keys()].map((path) => {
    const source = program.getSourceFile(path);
    const problems = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
    return problems.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
  });
}

it('compiles every piece of TypeScript in the documents, and would see a name that rockstar-web does not have', () => {
  const pieces = DOCUMENTS.flatMap((document) =>
    piecesOf(document).map((piece, at) => ({ name: `${document} #${at + 1}`, ...piece })),
  );
  const wrong = { code: "import { createAp } from 'rockstar-web'; createAp();", file: undefined };
  const problems = problemsOf([...pieces, wrong]);
  expect(problems.pop()).toEqual([expect.stringContaining("'createAp'")]);
  expect(pieces.length).toBeGreaterThan(20);
  expect(pieces.map(({ name }, at) => [name, problems[at]])).toEqual(pieces.map(({ name }) => [name, []]));
});

/** The anchors of a document, as the pages of a repository make them of its headings. */
function anchorsOf(document: string): string[] {
  const headings = readText(document).matchAll(/^#+ (.+)$/gm);
  return [...headings].map(([, heading = '']) => {
    const words = heading.replace(/[`*]|\]\([^)]*\)/g, '').toLowerCase();
    return words.replace(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-');
  });
}

/** The links of a document to others of the checkout that lead nowhere. */
function brokenLinksOf(document: string): string[] {
  const links = [...readText(document).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
  return links.filter((link) => {
    const [path = '', anchor] = link.split('#');
    if (/^[a-z]+:/.test(path)) return false;
    const target = path === '' ? document : normalize(join(dirname(document), path));
    if (!existsSync(join(ROOT, target))) return true;
    return anchor !== undefined && !anchorsOf(target).includes(anchor);
  });
}

it('leads to pages and headings that are there', () => {
  const documents = [...DOCUMENTS, 'CONTRIBUTING.md', 'CHANGELOG.md'];
  expect(documents.map((document) => [document, brokenLinksOf(document)])).toEqual(documents.map((document) => [document, []]));
});

it('leads from README.md to every guide', () => {
  const linked = [...readText('README.md').matchAll(/\]\((docs\/[^)#]+)/g)].map(([, path]) => path);
  expect([...new Set(linked)].sort()).toEqual(DOCUMENTS.filter((document) => document.startsWith('docs/')).sort());
});

it('lists in README.md every sample with what it shows', () => {
  const { samples } = readJson<{ samples: { name: string; description: string }[] }>('nest-like-cli.json');
  const [, table = ''] = readText('README.md').split('\n## Samples\n');
  const listed = [...table.matchAll(/^\| `([\w-]+)`\s*\| (.+?)\s*\|$/gm)];
  expect(listed.map(([, ...row]) => row)).toEqual(samples.map(({ name, description }) => [name, description]));
});
