import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ROOT, listFiles, readText } from './checkout';

const texts = listFiles(ROOT).filter((path) => /\.(ts|mjs|js|json|md|txt|ya?ml|html|css|sh)$|^\.|^[A-Z]+$/.test(path));

/** The lines of `paths` that match, as `file:line: text`. */
function linesMatching(pattern: RegExp, paths: readonly string[]): string[] {
  return paths.flatMap((path) =>
    readText(path)
      .split('\n')
      .flatMap((line, at) => (pattern.test(line) ? [`${path}:${at + 1}: ${line.trim()}`] : [])),
  );
}

describe('the texts of the project', () => {
  it('name no folder of one machine', () => {
    const notInTests = texts.filter((path) => !path.startsWith('test/') && path !== 'package-lock.json');
    expect(linesMatching(/(^|[\s'"`(=])\/(work|root|home|Users)\/[\w.-]/, texts)).toEqual([]);
    expect(linesMatching(/(^|[\s'"`(=])\/(tmp)\//, notInTests)).toEqual([]);
  });

  it('give a reason wherever a rule is switched off', () => {
    const code = texts.filter((path) => /\.(ts|mjs)$/.test(path));
    const switched = linesMatching(/(eslint-disable|@ts-(expect-error|ignore|nocheck))/, code);
    expect(
      switched.filter(
        (line) => !line.startsWith('test/architecture/') && !/(eslint-disable\S* .* -- \S|@ts-expect-error:? \S)/.test(line),
      ),
    ).toEqual([]);
  });

  it('skip no test and single out none', () => {
    const tests = texts.filter((path) => path.endsWith('.test.ts'));
    expect(
      linesMatching(/\b(x?it|x?test|x?describe)\.(skip|only|todo|failing)\b|^\s*(xit|xtest|xdescribe|fit|fdescribe)\(/, tests),
    ).toEqual([]);
  });

  it('state in the titles of tests what holds', () => {
    const tests = texts.filter((path) => path.endsWith('.test.ts'));
    expect(linesMatching(/\b(it|test|describe)(\.each\(.*\))?\(\s*['"`][^'"`]*\bshould\b/, tests)).toEqual([]);
  });

  it('link to what is there', () => {
    const documents = texts.filter((path) => path.endsWith('.md'));
    const links = documents.flatMap((path) =>
      [...readText(path).matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)].map(([, target = '']) => ({ path, target })),
    );
    expect(links.filter(({ path, target }) => !existsSync(join(ROOT, dirname(path), target)))).toEqual([]);
    expect(links).not.toEqual([]);
  });
});
