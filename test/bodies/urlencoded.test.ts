import fc from 'fast-check';
import { stringify } from 'qs';
import { nestFields, parseForm } from '../../lib/http/urlencoded';

const parse = (text: string, charset = 'utf-8'): unknown => parseForm(Buffer.from(text, 'latin1'), charset);
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value)) as unknown;

/** No object in it has a prototype to be reached by a name. */
function prototypes(value: unknown): Set<unknown> {
  if (typeof value !== 'object' || value === null) return new Set();
  const inside = Object.values(value).flatMap((item) => [...prototypes(item)]);
  return new Set(Array.isArray(value) ? inside : [Object.getPrototypeOf(value), ...inside]);
}

describe('an urlencoded form', () => {
  it.each<[string, unknown]>([
    ['', {}],
    ['a', { a: '' }],
    ['a=1&b=2&a=3', { a: ['1', '3'], b: '2' }],
    ['a=b=c', { a: 'b=c' }],
    ['a+b=c+d&e%20f=%C3%A9', { 'a b': 'c d', 'e f': 'é' }],
    ['&&a=1&', { a: '1' }],
    ['a[b]=1&a[c]=2', { a: { b: '1', c: '2' } }],
    ['a%5Bb%5D=1', { a: { b: '1' } }],
    ['a[]=1&a[]=2', { a: ['1', '2'] }],
    ['a[1]=y&a[0]=x', { a: ['x', 'y'] }],
    ['a[0][b]=1&a[1][b]=2', { a: [{ b: '1' }, { b: '2' }] }],
    ['a[b+c]=d+e&f=g+h', { a: { 'b c': 'd e' }, f: 'g h' }],
    ['a.b=1', { 'a.b': '1' }],
    ['a=[x]', { a: '[x]' }],
    ['%zz=%', { '%zz': '%' }],
  ])('reads %s', (text, value) => {
    expect(plain(parse(text))).toEqual(value);
  });

  it.each<[string, string, RegExp]>([
    ['too many fields', 'a&'.repeat(1000), /more than 1000 fields/],
    ['too many nested fields', 'a[b]&'.repeat(1000), /more than 1000 fields/],
    ['nesting that is too deep', `a${'[b]'.repeat(9)}=1`, /deeper than 8 levels/],
    ['an index that is too large', 'a[1000]=1', /more than 1000 items/],
    ['an index beyond all', 'a[99999999999]=1', /more than 1000 items/],
  ])('is refused for %s', (_what, text, reason) => {
    expect(() => parse(text)).toThrow(
      expect.objectContaining({ code: 'BODY_MALFORMED', status: 400, detail: expect.stringMatching(reason) as string }) as Error,
    );
  });

  it('may have as much as the limits say', () => {
    expect(plain(parse(`a${'[b]'.repeat(8)}=1`))).toMatchObject({ a: { b: { b: {} } } });
    expect((plain(parse('a[999]=1')) as { a: string[] }).a).toEqual(['1']);
    expect(Object.keys(parse([...Array(1000).keys()].map((at) => `f${at}=x`).join('&')) as object)).toHaveLength(1000);
  });

  it.each([
    '__proto__[admin]=1',
    'a[__proto__][admin]=1',
    'constructor[prototype][admin]=1',
    'a[constructor][prototype][admin]=1',
    'a[0][__proto__][admin]=1',
    'a[]=1&a[__proto__][admin]=1',
    '__proto__=1&a[b]=2',
    'a[toString]=1&a[hasOwnProperty]=2',
  ])('reaches no prototype: %s', (text) => {
    const value = parse(text);
    expect([...prototypes(value)]).toEqual([null]);
    expect(({} as { admin?: unknown }).admin).toBeUndefined();
    expect(Object.hasOwn(Object.prototype, 'admin')).toBe(false);
  });

  it.each([
    ['iso-8859-1', 'n%E4me=%E9', { näme: 'é' }],
    ['iso-8859-1', 'n\xe4me[x]=\xe9', { näme: { x: 'é' } }],
    ['windows-1251', 'a=%E6', { a: 'ж' }],
    ['shift_jis', 'a=%93%FA%96%7B', { a: '日本' }],
    ['cp437', 'a=%82', { a: 'é' }],
    ['us-ascii', 'a=%41', { a: 'A' }],
  ])('may be in %s', (charset, text, value) => {
    expect(plain(parse(text, charset))).toEqual(value);
  });

  it.each(['klingon', 'utf-7', 'base64', 'hex', 'binary', 'x-user'])('is refused in %s', (charset) => {
    expect(() => parse('a=1', charset)).toThrow(expect.objectContaining({ code: 'BODY_TYPE_UNSUPPORTED', status: 415 }) as Error);
    expect(() => parse('', charset)).toThrow(expect.objectContaining({ status: 415 }) as Error);
  });

  it('is refused for what is not in its charset', () => {
    expect(() => parse('a=\xff')).toThrow(expect.objectContaining({ code: 'BODY_MALFORMED' }) as Error);
    expect(() => parse('a=%A4%20', 'euc-jp')).toThrow(expect.objectContaining({ code: 'BODY_MALFORMED' }) as Error);
  });

  it('without brackets is what the URL standard says', () => {
    const name = fc.string({ minLength: 1, unit: 'grapheme' }).filter((text) => !/[[\]]/.test(text));
    const value = fc.string({ unit: 'grapheme' });
    fc.assert(
      fc.property(fc.array(fc.tuple(name, value), { maxLength: 20 }), (pairs) => {
        const expected = new Map<string, string[]>();
        for (const [key, text] of pairs) expected.set(key, [...(expected.get(key) ?? []), text]);
        const form = parseForm(Buffer.from(new URLSearchParams(pairs).toString()), 'utf-8');
        expect(new Map(Object.entries(form).map(([key, found]) => [key, [found].flat()]))).toEqual(expected);
      }),
    );
  });

  it('is read back as it was nested', () => {
    const key = fc.stringMatching(/^[a-z][a-z0-9 é&=+%]{0,5}$/);
    const leaf = fc.string({ minLength: 1, maxLength: 10 });
    const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 6 },
        leaf,
        fc.array(tie('tree'), { minLength: 1, maxLength: 4 }),
        fc.dictionary(key, tie('tree'), { minKeys: 1, maxKeys: 4 }),
      ),
    }));
    fc.assert(
      fc.property(fc.dictionary(key, tree, { minKeys: 1, maxKeys: 4 }), (value) => {
        const form = parseForm(Buffer.from(stringify(value)), 'utf-8');
        expect(plain(form)).toEqual(plain(value));
        expect([...prototypes(form)]).toEqual([null]);
      }),
    );
  });

  it('is read or refused, quickly, whatever it is', () => {
    const piece = fc.constantFrom(
      'a',
      'b',
      '[',
      ']',
      '[]',
      '[0]',
      '[9999]',
      '=',
      '&',
      '%5B',
      '%',
      '+',
      '__proto__',
      'constructor',
      '.',
      'é',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
        try {
          const form = parseForm(Buffer.from(pieces.join('')), 'utf-8');
          expect([...prototypes(form)]).toEqual([null]);
        } catch (error) {
          expect(error).toMatchObject({ code: 'BODY_MALFORMED' });
        }
        expect(Object.getOwnPropertyNames(Object.prototype)).not.toContain('a');
      }),
      { numRuns: 500 },
    );
  });
});

describe('the fields of a multipart form', () => {
  it('nest like those of an urlencoded one, values as they are', () => {
    class Thing {}
    const thing = new Thing();
    const fields = Object.assign(Object.create(null), { 'a[b]': thing, 'a[c]': ['1', '2'], 'd[]': thing }) as Record<
      string,
      unknown
    >;
    const nested = nestFields(fields) as { a: { b: unknown; c: unknown }; d: unknown[] };
    expect(nested.a.b).toBe(thing);
    expect(nested.a.c).toEqual(['1', '2']);
    expect(nested.d).toEqual([thing]);
  });

  it('stay as they are without brackets', () => {
    const fields = Object.assign(Object.create(null), { a: '1' }) as Record<string, unknown>;
    expect(nestFields(fields)).toBe(fields);
  });
});
