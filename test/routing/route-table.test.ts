import fc from 'fast-check';
import { joinPaths, parameterNames } from '../../lib/routing/route-pattern';
import type { RouteEntry } from '../../lib/routing/route-entry';
import { RouteTable } from '../../lib/routing/route-table';

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;

function entry(method: string, pattern: string, more: Partial<RouteEntry<string>> = {}): RouteEntry<string> {
  return { method, pattern, target: `${method} ${pattern}`, place: `the place of ${method} ${pattern}`, ...more };
}

function tableOf(...entries: RouteEntry<string>[]): RouteTable<string> {
  const { table, mistakes } = RouteTable.compile(entries);
  expect(mistakes).toEqual([]);
  return table;
}

function mistakesOf(...entries: RouteEntry<string>[]): string[] {
  return RouteTable.compile(entries).mistakes.map(({ message }) => message);
}

describe('a route table', () => {
  it('finds text, parameters and a rest, and leaves the query alone', () => {
    const table = tableOf(entry('GET', '/'), entry('GET', '/users/:id'), entry('GET', '/users/me'), entry('GET', '/files/*'));
    expect(table.find('GET', '/')?.store).toBe('GET /');
    expect(table.find('GET', '/users/me')?.store).toBe('GET /users/me');
    expect(table.find('GET', '/users/7?a=1&a=%20')).toMatchObject({
      store: 'GET /users/:id',
      params: { id: '7' },
      searchParams: 'a=1&a=%20',
    });
    expect(table.find('GET', '/files/a/b%2Fc.txt')?.params['*']).toBe('a/b/c.txt');
    expect(table.find('GET', '/nothing')).toBeNull();
    expect(table.find('POST', '/')).toBeNull();
  });

  it('decodes a parameter once', () => {
    const table = tableOf(entry('GET', '/users/:id'));
    expect(table.find('GET', '/users/%2541')?.params.id).toBe('%41');
    expect(table.find('GET', '/users/a%2Fb')?.params.id).toBe('a/b');
    expect(table.find('GET', '/users/%E2%82%AC')?.params.id).toBe('€');
  });

  it.each(['/users/%', '/users/%zz', '/users/%ff', '/users/%C3%28'])('says of %s that it is no valid path', (url) => {
    expect(tableOf(entry('GET', '/users/:id')).find('GET', url)?.store).toBeNull();
  });

  it('minds letter case, and no last slash', () => {
    const table = tableOf(entry('GET', '/users'), entry('GET', '/teams/'));
    expect(table.find('GET', '/users/')?.store).toBe('GET /users');
    expect(table.find('GET', '/teams')?.store).toBe('GET /teams/');
    expect(table.find('GET', '/Users')).toBeNull();
    expect(table.find('GET', '//users')).toBeNull();
  });

  it('reads the absolute form of a request target (RFC 9112 §3.2.2)', () => {
    expect(tableOf(entry('GET', '/users/:id')).find('GET', 'http://example.com/users/7?x=1')).toMatchObject({
      params: { id: '7' },
      searchParams: 'x=1',
    });
  });

  it.each(['/', '/?x=1', '//', '/users//posts', '/users//'])('does not take the nothing in %s for a parameter', (url) => {
    expect(
      tableOf(entry('GET', '/:id'), entry('GET', '/users/:id'), entry('GET', '/users/:id/posts')).find('GET', url),
    ).toBeNull();
  });

  it('does not match a parameter that is longer than it runs expressions on', () => {
    const table = tableOf(entry('GET', '/users/:id'));
    expect(table.find('GET', `/users/${'x'.repeat(2048)}`)?.store).toBe('GET /users/:id');
    expect(table.find('GET', `/users/${'x'.repeat(2049)}`)).toBeNull();
  });

  it('answers HEAD by the route of GET, unless it has its own', () => {
    const table = tableOf(entry('GET', '/a'), entry('GET', '/b'), entry('HEAD', '/b'));
    expect(table.find('HEAD', '/a')?.store).toBe('GET /a');
    expect(table.find('HEAD', '/b')?.store).toBe('HEAD /b');
  });

  it('answers HEAD by the nearest of both, once one of them is its own', () => {
    const table = tableOf(entry('GET', '/users/me'), entry('HEAD', '/users/:id'));
    expect(table.find('HEAD', '/users/me')?.store).toBe('GET /users/me');
    expect(table.find('HEAD', '/users/7')?.store).toBe('HEAD /users/:id');
    const taken = tableOf(entry('GET', '/raw', { withoutHead: true }), entry('GET', '/users'));
    expect(taken.find('HEAD', '/raw')).toBeNull();
    expect(taken.find('HEAD', '/users')?.store).toBe('GET /users');
  });

  it('tells which methods a path answers, OPTIONS among them', () => {
    const table = tableOf(entry('GET', '/users/:id'), entry('DELETE', '/users/:id'), entry('POST', '/users'));
    expect(table.allowed('/users/7')).toEqual(['DELETE', 'GET', 'HEAD', 'OPTIONS']);
    expect(table.allowed('/users')).toEqual(['OPTIONS', 'POST']);
    expect(table.allowed('/nothing')).toEqual([]);
  });

  it('lets what yields stand back where another entry answers', () => {
    const all = METHODS.map((method) => entry(method, '/x', { target: 'all', yields: true }));
    const table = tableOf(...all, entry('GET', '/x'));
    expect(METHODS.map((method) => table.find(method, '/x')?.store)).toEqual([
      'GET /x',
      'GET /x',
      ...Array<string>(5).fill('all'),
    ]);
  });

  it('tells of two routes that answer the same, with both places', () => {
    expect(mistakesOf(entry('GET', '/users/:id'), entry('GET', '/users/:name/'), entry('POST', '/users/:id'))).toEqual([
      'ROUTE_DUPLICATE: the place of GET /users/:name/ answers GET /users/:name/, but the place of GET /users/:id answers that already (/users/:id). Change the path or the method of one of them.',
    ]);
  });

  it('tells once of two that answer all methods', () => {
    const all = (place: string): RouteEntry<string>[] => METHODS.map((method) => entry(method, '/x', { place, yields: true }));
    expect(mistakesOf(...all('One.all'), ...all('Two.all'))).toEqual([
      expect.stringMatching(/^ROUTE_DUPLICATE: Two\.all answers GET \/x, but One\.all answers that already/),
    ]);
  });

  it.each(['/a/*/b', '/:id(^\\d+$', '/:id((a+)+)'])('tells that %s is no pattern, and where it stands', (pattern) => {
    expect(mistakesOf(entry('GET', pattern))).toEqual([
      expect.stringMatching(
        /^ROUTE_PATTERN_INVALID: The route GET .* of the place of GET .* is not valid: .+\. A pattern starts with a slash/,
      ),
    ]);
  });

  it.each([
    ['/users/:id/files/:id', 'it has two parameters called id'],
    ['/:', 'it has a parameter without a name'],
    ['/a/:/b', 'it has a parameter without a name'],
    ['/a?b', 'a ? stands at its end alone, behind a parameter that may be missing'],
  ])('tells that %s cannot be meant', (pattern, reason) => {
    expect(mistakesOf(entry('GET', pattern))).toEqual([expect.stringContaining(`is not valid: ${reason}.`)]);
  });

  it.each(['/a::b', '/:x-:y', '/:id?', '/at/:hour(^\\d+?)h:minute(^(?:\\d){2})m'])('takes %s', (pattern) => {
    expect(mistakesOf(entry('GET', pattern))).toEqual([]);
  });

  it('tells the same of what is only checked as of what is compiled', () => {
    const segment = fc.constantFrom(
      '',
      'a',
      'b-c',
      'd.e',
      '~f',
      ':x',
      ':y',
      ':x-:y',
      ':n(^\\d+$)',
      ':o?',
      'a::b',
      '%41',
      'é',
      '*',
    );
    const pattern = fc.array(segment, { maxLength: 3 }).map((parts) => `/${parts.join('/')}`);
    const any = fc.record({ method: fc.constantFrom('GET', 'HEAD', 'POST'), pattern, yields: fc.boolean() });
    fc.assert(
      fc.property(fc.array(any, { maxLength: 5 }), (list) => {
        const entries = list.map(({ method, pattern: path, yields }) => entry(method, path, { yields }));
        const told = (mistakes: readonly Error[]): string[] => mistakes.map(({ message }) => message);
        expect(told(RouteTable.check(entries))).toEqual(told(RouteTable.compile(entries).mistakes));
      }),
      { numRuns: 500, seed: 20_261_128 },
    );
  });

  it('compiles ten thousand routes, and finds the last as well as the first', () => {
    const table = tableOf(...Array.from({ length: 10_000 }, (_, at) => entry('GET', `/r${at}/:id`)));
    expect(table.find('GET', '/r0/1')?.store).toBe('GET /r0/:id');
    expect(table.find('GET', '/r9999/1')?.params).toEqual({ id: '1' });
  });

  it('finds what a naive reading of the patterns finds', () => {
    const segment = fc.constantFrom('a', 'b', 'users', ':x', ':y');
    const pattern = fc.array(segment, { maxLength: 4 }).map((parts) => unique(parts));
    const path = fc.array(fc.constantFrom('a', 'b', 'users', '7', 'A'), { maxLength: 4 });
    fc.assert(
      fc.property(fc.array(pattern, { maxLength: 8 }), fc.array(path, { maxLength: 8 }), (patterns, paths) => {
        const { table } = RouteTable.compile(patterns.map((parts) => entry('GET', joinPaths(...parts))));
        for (const parts of paths) {
          const found = table.find('GET', `/${parts.join('/')}`);
          const answering = patterns.filter((candidate) => fits(candidate, parts));
          expect(found === null).toBe(answering.length === 0);
          if (found === null) continue;
          const template = (found.store ?? '')
            .replace(/^GET \/?/, '')
            .split('/')
            .filter((part) => part !== '');
          expect(fits(template, parts)).toBe(true);
          expect(Object.values(found.params)).toEqual(parts.filter((_, at) => template[at]?.startsWith(':')));
        }
      }),
      { numRuns: 300, seed: 20_261_124 },
    );
  });
});

/** A parameter's name stands only once in a pattern. */
function unique(parts: readonly string[]): string[] {
  return parts.map((part, at) => (part.startsWith(':') ? `${part}${at}` : part));
}

function fits(pattern: readonly string[], parts: readonly string[]): boolean {
  return pattern.length === parts.length && pattern.every((part, at) => part.startsWith(':') || part === parts[at]);
}

describe('a route pattern', () => {
  it.each([
    [['', ''], '/'],
    [['/api', 'users/', ':id'], '/api/users/:id'],
    [['api/', '/', '/x/'], '/api/x'],
  ])('is joined from %j to %s', (parts, joined) => {
    expect(joinPaths(...parts)).toBe(joined);
  });

  it('knows the names of its parameters', () => {
    expect(parameterNames('/users/:id/files/:name_2/*')).toEqual(['id', 'name_2', '*']);
    expect(parameterNames('/plain')).toEqual([]);
  });
});
