import { join, relative, sep } from 'node:path';
import fc from 'fast-check';
import { acceptedCoding } from '../../lib/views/accepted-coding';
import { pathOf, toFilePath } from '../../lib/views/static-path';

/** What attackers put together: dots, separators, encodings of both, once and twice, and names. */
const piece = fc.constantFrom(
  '.', '..', '...', '/', '//', '\\', '%2e', '%2E', '%2f', '%5c', '%00', '%252e', '%252f', '%c0%ae', '%c0%af', '%e0%80%ae', '%u002e',
  '%ef%bc%8e', ';', ':', '~', ' ', '%20', '%', '%zz', '\0', '\n', '?', '#', 'a', 'etc', 'passwd', 'index.html', '.env', '.well-known', 'ü', '%c3%bc',
); // prettier-ignore
const path = fc.array(piece, { maxLength: 12 }).map((pieces) => `/${pieces.join('')}`);

describe('the path of a file', () => {
  it('never leads out of its folder, into a hidden one, or to another name than was said', () => {
    fc.assert(
      fc.property(fc.oneof(path, fc.webPath(), fc.string()), (text) => {
        const found = toFilePath(text);
        if (found === undefined) return;
        const below = relative('/root', join('/root', found));
        const names = below.split(sep);
        expect(names.every((name, at) => !name.startsWith('.') || (at === 0 && name === '.well-known'))).toBe(true);
        expect(`/${below}`).toBe(found.length > 1 ? found.replace(/\/$/, '') : '/');
        expect(found).not.toMatch(/[\0\\]/);
      }),
      { numRuns: 2_000 },
    );
  });

  it('is that of every name that can be had, encoded', () => {
    const name = fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme' }).filter((text) => !/^\.|[/\\\0]/.test(text));
    fc.assert(
      fc.property(fc.array(name, { minLength: 1, maxLength: 4 }), (names) => {
        expect(toFilePath(`/${names.map(encodeURIComponent).join('/')}`)).toBe(`/${names.join('/')}`);
      }),
    );
  });

  it.each([
    ['/a/b?c#d', '/a/b'],
    ['/a#b?c', '/a'],
    ['http://example.org/a?b', '/a'],
    ['http://example.org', ''],
    ['//example.org/a', '//example.org/a'],
    ['*', '*'],
  ])('of the target %s is %s', (target, expected) => {
    expect(pathOf(target)).toBe(expected);
  });
});

describe('the coding that a client takes', () => {
  const offered = [{ coding: 'br' }, { coding: 'gzip' }];

  it('is one that was offered, and not refused, whatever the client says', () => {
    const item = fc.tuple(fc.constantFrom('br', 'gzip', 'GZIP', 'identity', '*', 'deflate', 'x y', ''), fc.constantFrom('', ';q=0', ';q=0.5', '; q=1', ';q=2', ';q=a', ';q', ';v=1')).map((parts) => parts.join('')); // prettier-ignore
    const header = fc.oneof(
      fc.array(item, { maxLength: 6 }).map((items) => items.join(',')),
      fc.string(),
    );
    fc.assert(
      fc.property(header, (text) => {
        const chosen = acceptedCoding(text, offered);
        if (chosen === undefined) return;
        expect(offered).toContain(chosen);
        expect(text.toLowerCase()).toMatch(new RegExp(`${chosen.coding}|\\*`));
      }),
      { numRuns: 1_000 },
    );
  });
});
