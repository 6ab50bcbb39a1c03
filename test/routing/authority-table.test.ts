import { AuthorityTable } from '../../lib/routing/authority-table';
import { RouteTable } from '../../lib/routing/route-table';

function tableOf(...patterns: string[]): AuthorityTable<string> {
  const table = new AuthorityTable<string>();
  for (const pattern of patterns) expect(table.add({ pattern, place: 'here', target: pattern })).toBeUndefined();
  return table;
}

describe('AuthorityTable', () => {
  const table = tableOf('db.test:5432', '*.test:443', '*.deep.test:*', '[::1]:22', '*:8080');

  it.each([
    ['db.test:5432', 'db.test:5432'],
    ['DB.Test:5432', 'db.test:5432'],
    ['a.test:443', '*.test:443'],
    ['a.b.test:443', '*.test:443'],
    ['x.deep.test:1', '*.deep.test:*'],
    ['[::1]:22', '[::1]:22'],
    ['10.0.0.1:8080', '*:8080'],
    ['db.test:8080', '*:8080'],
  ])('finds %s by %s', (authority, pattern) => {
    const match = table.find(authority);
    expect(match?.store).toBe(pattern);
    const [host, port] = authority.toLowerCase().split(/:(?=\d+$)/);
    expect(match?.params).toEqual({ host, port });
  });

  it.each([
    'db.test:5433',
    'test:443',
    'eviltest:443',
    'x.test.evil:443',
    '*.test:443',
    'db.test:*',
    'db.test',
    ':443',
    'db.test:',
    'db.test:99999',
    'db.test:443/path',
    'user@db.test:5432',
    'http://db.test:5432',
    '',
    ' db.test:5432',
  ])('finds nothing for %j', (authority) => {
    expect(table.find(authority)).toBeNull();
  });

  it('finds what is named in full before what is not, whatever their order', () => {
    const mixed = tableOf('*:*', '*.test:443', 'a.test:443');
    expect(mixed.find('a.test:443')?.store).toBe('a.test:443');
    expect(mixed.find('b.test:443')?.store).toBe('*:*');
  });

  it.each(['a.test', '/path', 'a.test:70000', 'a*.test:443', '*.*.test:443', '*a.test:1', 'a.test:4*', ''])(
    'refuses the pattern %j',
    (pattern) => {
      expect(new AuthorityTable().add({ pattern, place: 'C.m', target: 1 })).toMatchObject({
        code: 'ROUTE_AUTHORITY_INVALID',
        message: expect.stringContaining('C.m') as unknown,
      });
    },
  );

  it.each(['a.test:443', '*:*'])('takes the pattern %j once, whatever its letter case, and says who has it', (pattern) => {
    const table = new AuthorityTable();
    expect(table.add({ pattern, place: 'C.m', target: 1 })).toBeUndefined();
    expect(table.add({ pattern: pattern.toUpperCase(), place: 'D.n', target: 2 })).toMatchObject({
      code: 'ROUTE_DUPLICATE',
      message: expect.stringMatching(/D\.n answers CONNECT .*C\.m/) as unknown,
    });
    expect(table.find('a.test:443')?.store).toBe(1);
  });
});

describe('a RouteTable with CONNECT', () => {
  const entry = (method: string, pattern: string, more = {}) => ({
    method,
    pattern,
    place: `${method} ${pattern}`,
    target: pattern,
    ...more,
  });

  it('finds authorities for CONNECT alone, and paths for all others', () => {
    const { table, mistakes } = RouteTable.compile([entry('CONNECT', 'a.test:443'), entry('GET', '/a')]);
    expect(mistakes).toEqual([]);
    expect(table.find('CONNECT', 'a.test:443')?.store).toBe('a.test:443');
    expect(table.find('GET', 'a.test:443')).toBeNull();
    expect(table.find('CONNECT', '/a')).toBeNull();
    expect(table.allowed('/a')).toEqual(['GET', 'HEAD', 'OPTIONS']);
  });

  it('tells of authorities that are declared twice, and of what is none', () => {
    const { mistakes } = RouteTable.compile([
      entry('CONNECT', 'a.test:443'),
      entry('CONNECT', 'a.test:443'),
      entry('CONNECT', 'nonsense'),
    ]);
    expect(mistakes.map(({ code }) => code)).toEqual(['ROUTE_DUPLICATE', 'ROUTE_AUTHORITY_INVALID']);
  });

  it('leaves HEAD to others where it is asked to', () => {
    const { table } = RouteTable.compile([entry('GET', '/a', { withoutHead: true }), entry('GET', '/b')]);
    expect(table.find('HEAD', '/a')).toBeNull();
    expect(table.allowed('/a')).toEqual(['GET', 'OPTIONS']);
    expect(table.find('HEAD', '/b')?.store).toBe('/b');
  });
});
