import fc from 'fast-check';
import { parseClient, parseHost, parseProtocol, readForwarded, splitFromEnd } from '../../lib/security/forwarded';

const clients = (field: string): (string | undefined)[] => [...readForwarded(field)].map(({ client }) => client);

describe('the Forwarded field (RFC 7239)', () => {
  it.each([
    ['for="_gazonk"', ['_gazonk']],
    ['For="[2001:db8:cafe::17]:4711"', ['2001:db8:cafe::17']],
    ['for=192.0.2.60;proto=http;by=203.0.113.43', ['192.0.2.60']],
    ['for=192.0.2.43, for=198.51.100.17', ['198.51.100.17', '192.0.2.43']],
    ['for="192.0.2.43:47011",for="[2001:db8::1]:_port"', ['2001:db8::1', '192.0.2.43']],
    ['for=unknown;proto=https', ['unknown']],
    ['for=192.0.2.1:80', ['192.0.2.1']],
    ['for="::ffff:192.0.2.1"', ['192.0.2.1']],
    ['proto=https', [undefined]],
    [' , for=192.0.2.1 ,, ', ['192.0.2.1']],
    ['for="192.0.2.1";ext="a, b; c=\\"d\\\\"', ['192.0.2.1']],
    ['', []],
  ])('reads %s from its end', (field, expected) => {
    expect(clients(field)).toEqual(expected);
  });

  it('reads protocol and host of each element, quoted or not, in any letter case', () => {
    expect([...readForwarded('for=_a;PROTO=HTTPS;host="example.test:8443", Host=inner.test;proto=gopher')]).toEqual([
      { client: undefined, protocol: undefined, host: 'inner.test' },
      { client: '_a', protocol: 'https', host: 'example.test:8443' },
    ]);
  });

  it.each([
    'for=192.0.2.1;for=192.0.2.2',
    'for=192.0.2.1;FOR=192.0.2.2',
    'for',
    'for=',
    '=192.0.2.1',
    'for=192.0.2.1 proto=http',
    'for="192.0.2.1',
    'for="192.0.2.1"x',
    'for="<script>"',
    'for="[192.0.2.1]"',
    'for="[::1"',
    'for="999.1.1.1"',
    `for=_${'a'.repeat(200)}`,
  ])('takes %s for nobody known', (field) => {
    expect(clients(field)).toEqual(['unknown']);
  });

  it('is not led astray by quotes that a client left open', () => {
    for (const evil of ['for="', 'for=192.0.2.1;x="', '"', '\\"', 'for="a\\', '"""', 'for="[::1]";by="']) {
      expect(clients(`${evil}, for="[2001:db8::1]:80";proto=https`)[0]).toBe('2001:db8::1');
    }
  });

  it('understands what the nearest proxies added, whatever came before', () => {
    const quoted = fc.string().map((text) => `"${text.replace(/["\\]/g, '\\$&')}"`);
    const proxy = fc.record({ address: fc.oneof(fc.ipV4(), fc.ipV6()), ext: quoted });
    fc.assert(
      fc.property(fc.string({ unit: 'binary-ascii' }), fc.array(proxy, { minLength: 1 }), (evil, proxies) => {
        const added = proxies.map(({ address, ext }) =>
          address.includes(':') ? `x=${ext};for="[${address}]:1"` : `for=${address};x=${ext}`,
        );
        const nearestFirst = proxies.map(({ address }) => parseClient(address)).reverse();
        expect(clients([evil, ...added].join(', ')).slice(0, proxies.length)).toEqual(nearestFirst);
      }),
    );
  });

  it('never throws, and gives addresses and names alone', () => {
    const any = fc.oneof(
      fc.string({ unit: 'binary-ascii', maxLength: 200 }),
      fc
        .array(fc.constantFrom('for', '=', '"', ',', ';', '\\', ' ', '192.0.2.1', '[', ']', ':', '80', '_a', 'proto', 'host'))
        .map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(any, (field) => {
        for (const { client, host } of readForwarded(field)) {
          expect(client ?? 'unknown').toMatch(/^(unknown|_[\w.-]+|[\da-f.:]+(%[\w.:-]+)?)$/i);
          expect(host ?? 'none').toMatch(/^[\w.:[\]-]+$/);
        }
      }),
    );
  });
});

describe('a list without quotes', () => {
  it('is read from its end, without what is empty', () => {
    expect([...splitFromEnd(' a ,b,, "c , d"')]).toEqual(['d"', '"c', 'b', 'a']);
  });

  it('has the items that were joined', () => {
    const item = fc.string({ minLength: 1 }).filter((text) => !text.includes(',') && text.trim() !== '');
    fc.assert(
      fc.property(fc.array(item), (items) => {
        expect([...splitFromEnd(items.join(','))]).toEqual(items.map((one) => one.trim()).reverse());
      }),
    );
  });
});

describe('what a proxy names', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['192.0.2.1:8080', '192.0.2.1'],
    ['2001:db8::1', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['[2001:db8::1]:443', '2001:db8::1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['_hidden', '_hidden'],
    ['_hidden:80', '_hidden'],
    ['unknown', 'unknown'],
    ['localhost', 'unknown'],
    ['192.0.2.1:port', 'unknown'],
    ['', 'unknown'],
  ])('as client: %s is %s', (text, expected) => {
    expect(parseClient(text)).toBe(expected);
  });

  it('as protocol: http and https, also of WebSockets, and nothing else', () => {
    expect(['http', 'HTTPS', 'ws', 'wss', 'ftp', '', undefined].map(parseProtocol)).toEqual([
      'http',
      'https',
      'http',
      'https',
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('as host: a name or an address, with or without port, and nothing else', () => {
    const hosts = ['example.test', 'example.test:8443', '[::1]:80', '192.0.2.1'];
    expect(hosts.map(parseHost)).toEqual(hosts);
    for (const text of ['a b', 'a/b', 'a@b', 'a:b', '"a"', 'a,b', 'x'.repeat(300), '', undefined])
      expect(parseHost(text)).toBeUndefined();
  });
});
