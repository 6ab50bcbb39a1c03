import { join } from 'node:path';
import { type ErrorRow, defineErrors } from '../../lib/errors/define-error';
import * as httpErrors from '../../lib/errors/http-error';
import { CancelledError } from '../../lib/lifetime/end-reason';
import { ROOT, listFiles, readText } from './checkout';

/** One failure: the heading it stands under in the documentation, and the statuses a client can meet, `–` for none. */
interface Failure {
  readonly section: string;
  readonly code: string;
  readonly status: string;
}

const lib = listFiles(join(ROOT, 'lib')).filter((path) => path.endsWith('.ts'));

interface TableEntry {
  readonly code: string;
  readonly row: ErrorRow;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function isTableEntry(value: unknown): value is TableEntry {
  return typeof value === 'function' && 'code' in value && 'row' in value;
}

/** The rows of every `lib/<room>/errors.ts`. */
function tabled(): Failure[] {
  const found: Failure[] = [];
  for (const path of lib.filter((one) => one.endsWith('/errors.ts'))) {
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- which rooms there are is read from the folder
    const exported = require(join(ROOT, 'lib', path)) as Record<string, unknown>;
    const entries = Object.values(exported).flatMap((table): unknown[] => (isObject(table) ? Object.values(table) : []));
    for (const { code, row } of entries.filter(isTableEntry)) {
      found.push({
        section: path.slice(0, path.indexOf('/')),
        code,
        status: row.status === undefined ? '–' : String(row.status),
      });
    }
  }
  return found;
}

/** The failures that are classes: users throw or catch them by name. */
function classes(): Failure[] {
  const named = Object.values(httpErrors)
    .filter((Kind) => Kind !== httpErrors.HttpError)
    .map((Kind) => new (Kind as new () => httpErrors.HttpError)())
    .map(({ code, status }) => ({ section: 'errors', code, status: String(status) }));
  const reasons = ['client', 'deadline', 'shutdown', 'manual'] as const;
  const statuses = reasons.map((reason) => new CancelledError(reason).status);
  return [...named, { section: 'lifetime', code: 'REQUEST_CANCELLED', status: statuses.join(', ') }];
}

const documentation = 'docs/errors.md';

/** The rows `| CODE | status | text |` of the documentation, each with the heading above it. */
function readDocumentation(text: string): Failure[] {
  let section = '';
  const found: Failure[] = [];
  for (const line of text.split('\n')) {
    section = /^## (\S+)/.exec(line)?.[1] ?? section;
    const row = /^\|\s*`?([A-Z][A-Z0-9_]*)`?\s*\|\s*([^|]*?)\s*\|\s*\S/.exec(line);
    if (row?.[1] !== undefined && row[2] !== undefined) found.push({ section, code: row[1], status: row[2] });
  }
  return found;
}

function lines(failures: readonly Failure[]): string[] {
  return failures.map(({ section, code, status }) => `${section}: ${code} ${status}`).sort();
}

describe('the error tables', () => {
  it('stand in the documentation with their status, and the documentation holds no other code', () => {
    expect(lines(readDocumentation(readText(documentation)))).toEqual(lines([...tabled(), ...classes()]));
  });

  it('use codes of the form THING_WHAT, each once', () => {
    const codes = tabled().map(({ code }) => code);
    expect(codes.filter((code) => !/^[A-Z]+(_[A-Z0-9]+)+$/.test(code))).toEqual([]);
    expect(codes.filter((code, at) => codes.indexOf(code) !== at)).toEqual([]);
  });

  it('hold every code: nobody makes up one at the place of the failure', () => {
    const known = classes().map(({ code }) => code);
    const madeUp = lib.flatMap((path) =>
      [...readText(`lib/${path}`).matchAll(/(?:super|new FrameworkError)\(\s*'([A-Z_0-9]+)'/g)]
        .filter(([, code]) => code !== undefined && !known.includes(code))
        .map(([, code]) => `${path}: ${code ?? ''}`),
    );
    expect(madeUp).toEqual([]);
  });
});

describe('the reading of the documentation', () => {
  it('finds the rows of each section, and no heading or rule of a table', () => {
    const text = [
      '## http',
      '',
      '| code | status | what |',
      '| --- | --- | --- |',
      '| `BODY_TOO_LARGE` | 413 | too much |',
      '| A_B | – | x |',
    ];
    expect(readDocumentation(text.join('\n'))).toEqual([
      { section: 'http', code: 'BODY_TOO_LARGE', status: '413' },
      { section: 'http', code: 'A_B', status: '–' },
    ]);
  });

  it('tells a table entry from other functions', () => {
    const { THING_BROKEN } = defineErrors({ THING_BROKEN: { message: 'It broke.' } });
    expect([THING_BROKEN, () => undefined, null].filter(isTableEntry)).toEqual([THING_BROKEN]);
  });
});
