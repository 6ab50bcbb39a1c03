import { Controller, Get, RequestContext } from 'rockstar-web';
import type { TrustedProxies, TrustProxyOptions } from '../../lib/security/trust-proxy';
import { doors, moduleOf, withClient } from '../journeys/doors';
import { appOf, mistakesOf } from '../testing/app-of';

@Controller()
class Origin {
  @Get('/')
  show({ ip, protocol, host, hostname }: RequestContext) {
    return { ip, protocol, host, hostname };
  }

  @Get('/cookie')
  cookie(context: RequestContext) {
    context.setCookie('a', 'b');
    context.setCookie('c', 'd', { secure: false });
    return 'set';
  }
}

type Headers = Readonly<Record<string, string>>;

const FORWARDED: Headers = { forwarded: 'for=192.0.2.1;proto=https;host=example.test' };
const OLD: Headers = {
  'x-forwarded-for': '192.0.2.1',
  'x-forwarded-proto': 'https',
  'x-forwarded-host': 'example.test:8443',
};

describe.each(doors)('the origin of a request over $name', (door) => {
  async function originsOf(
    trustProxy: TrustedProxies | TrustProxyOptions | undefined,
    ...all: readonly Headers[]
  ): Promise<Record<string, string>[]> {
    const found: Record<string, string>[] = [];
    await withClient(door, moduleOf([Origin]), trustProxy === undefined ? {} : { trustProxy }, async (client) => {
      for (const headers of all) {
        found.push((await client.ask({ path: '/', headers })).json() as Record<string, string>);
      }
    });
    return found;
  }

  const ipsOf = async (trustProxy: TrustedProxies | TrustProxyOptions, ...all: readonly Headers[]) =>
    (await originsOf(trustProxy, ...all)).map(({ ip }) => ip);

  it.each([[undefined], [false], [0], [[]], [['10.0.0.0/8', '::1']]])(
    'is the connection, whatever is claimed, with trustProxy: %j',
    async (trustProxy) => {
      for (const origin of await originsOf(trustProxy, {}, OLD, FORWARDED)) {
        expect(origin).toMatchObject({ ip: '127.0.0.1', protocol: 'http' });
        expect(origin.host).toMatch(/^(kernel\.test|localhost:\d+)$/);
      }
    },
  );

  it.each<[TrustedProxies]>([
    [true],
    [1],
    ['loopback'],
    ['10.0.0.0/8, 127.0.0.1'],
    [['uniquelocal', '127.0.0.0/8']],
    [(address, hop) => address === '127.0.0.1' && hop === 0],
  ])('is what a trusted proxy says, with trustProxy: %s', async (trustProxy) => {
    expect(await originsOf(trustProxy, OLD, FORWARDED)).toEqual([
      { ip: '192.0.2.1', protocol: 'https', host: 'example.test:8443', hostname: 'example.test' },
      { ip: '192.0.2.1', protocol: 'https', host: 'example.test', hostname: 'example.test' },
    ]);
  });

  it('is the connection where a trusted proxy says nothing', async () => {
    expect(await ipsOf(true, {}, { 'x-forwarded-for': ' , ' }, { forwarded: '' })).toEqual(Array(3).fill('127.0.0.1'));
  });

  it('is not what a client put in front of what the proxies added', async () => {
    const spoofed = (claim: string): Headers => ({ 'x-forwarded-for': `${claim}, 192.0.2.1, 10.0.0.7` });
    const spoofedToo = (claim: string): Headers => ({ forwarded: `for="${claim}", for=192.0.2.1, for=10.0.0.7` });
    const claims = ['127.0.0.1', '10.0.0.1', '::1', 'unknown', '" , for="', '[::1]:1', 'a'.repeat(500)];
    for (const headers of [claims.map(spoofed), claims.map(spoofedToo)]) {
      expect(await ipsOf(['loopback', '10.0.0.0/8'], ...headers)).toEqual(claims.map(() => '192.0.2.1'));
      expect(await ipsOf(2, ...headers)).toEqual(claims.map(() => '192.0.2.1'));
      expect(await ipsOf(1, ...headers)).toEqual(claims.map(() => '10.0.0.7'));
    }
  });

  it('comes with the protocol and host that the outermost trusted proxy saw', async () => {
    const chain = {
      'x-forwarded-for': '192.0.2.66, 192.0.2.1, 10.0.0.7',
      'x-forwarded-proto': 'http, https, http',
      'x-forwarded-host': 'evil.test, example.test, inner.test',
    };
    const standard = {
      forwarded:
        'for=192.0.2.66;proto=http;host=evil.test, for=192.0.2.1;proto=https;host=example.test, for=10.0.0.7;proto=http;host=inner.test',
    };
    for (const headers of [chain, standard]) {
      expect(await originsOf(2, headers)).toMatchObject([{ ip: '192.0.2.1', protocol: 'https', host: 'example.test' }]);
      expect(await originsOf(1, headers)).toMatchObject([{ ip: '10.0.0.7', protocol: 'http', host: 'inner.test' }]);
    }
    const passedOn = { ...chain, 'x-forwarded-proto': 'https', 'x-forwarded-host': 'example.test' };
    expect(await originsOf(2, passedOn)).toMatchObject([{ ip: '192.0.2.1', protocol: 'https', host: 'example.test' }]);
  });

  it('may be a protocol alone, or a name that stands for a client', async () => {
    expect(
      await originsOf(
        1,
        { 'x-forwarded-proto': 'wss' },
        { forwarded: 'proto=https' },
        { forwarded: 'for=_SEVKISEK' },
        { 'x-forwarded-for': 'unknown' },
        { 'x-forwarded-for': '[2001:db8::1]:443' },
      ),
    ).toMatchObject([
      { ip: '127.0.0.1', protocol: 'https' },
      { ip: '127.0.0.1', protocol: 'https' },
      { ip: '_SEVKISEK' },
      { ip: 'unknown' },
      { ip: '2001:db8::1' },
    ]);
  });

  it('does not take a protocol or host that is none', async () => {
    const headers = { 'x-forwarded-for': '192.0.2.1', 'x-forwarded-proto': 'javascript', 'x-forwarded-host': 'a"><script>' };
    const [origin] = await originsOf(1, headers);
    expect(origin).toMatchObject({ ip: '192.0.2.1', protocol: 'http' });
    expect(origin?.host).not.toContain('script');
  });

  it('is read from X-Forwarded-* where both came, or from the one that is named', async () => {
    const both = { 'x-forwarded-for': '192.0.2.1', forwarded: 'for=192.0.2.2' };
    expect(await ipsOf(1, both, { 'x-forwarded-proto': 'https', forwarded: 'for=192.0.2.2' })).toEqual([
      '192.0.2.1',
      '127.0.0.1',
    ]);
    expect(await ipsOf({ proxies: 1, headers: 'forwarded' }, both, OLD)).toEqual(['192.0.2.2', '127.0.0.1']);
    expect(await ipsOf({ proxies: 'loopback', headers: 'x-forwarded' }, both, FORWARDED)).toEqual(['192.0.2.1', '127.0.0.1']);
  });

  it('does not follow a chain without end', async () => {
    const many = Array.from({ length: 500 }, (_, at) => `10.0.${at >> 8}.${at & 255}`).join(',');
    expect(await ipsOf(true, { 'x-forwarded-for': many })).toEqual(['10.0.1.212']);
  });

  it('decides whether cookies are for encrypted connections alone', async () => {
    await withClient(door, moduleOf([Origin]), { trustProxy: 1 }, async (client) => {
      const cookies = async (headers: Headers) => (await client.ask({ path: '/cookie', headers })).header('set-cookie');
      expect(await cookies(OLD)).toBe('a=b; Path=/; HttpOnly; Secure; SameSite=Lax, c=d; Path=/; HttpOnly; SameSite=Lax');
      expect(await cookies({})).not.toContain('Secure');
    });
  });
});

describe('the origin of a request', () => {
  it('comes from loopback when it never left the process', async () => {
    const app = await appOf([Origin], { trustProxy: 'loopback' });
    expect((await app.request({ url: '/', headers: OLD })).json()).toMatchObject({ ip: '192.0.2.1', protocol: 'https' });
    expect((await app.request({ url: '/' })).json()).toMatchObject({ ip: '', protocol: 'http', host: 'in-process' });
  });

  it('asks the host of an absolute target before the host field (RFC 9112 §3.2.2)', async () => {
    const app = await appOf([Origin]);
    const answer = await app.request({ url: 'http://user@asked.test:81/', headers: { host: 'other.test' } });
    expect(answer.json()).toMatchObject({ host: 'asked.test:81', hostname: 'asked.test' });
  });
});

describe('trustProxy', () => {
  it.each([['10.0.0.0/40'], ['proxy.test'], ['loopback, 300.1.1.1'], [['127.0.0.1', '']]])('cannot be %j', async (trustProxy) => {
    expect((await mistakesOf([Origin], { trustProxy })).map(({ code }) => code)).toEqual(['TRUST_PROXY_INVALID']);
  });

  it.each<[unknown]>([[-1], [1.5], [null], [{}], [{ proxies: 1, headers: 'via' }], [{ proxies: 1, header: 'forwarded' }], [[1]]])(
    'takes no %j',
    async (trustProxy) => {
      const mistakes = await mistakesOf([Origin], { trustProxy: trustProxy as boolean });
      expect(mistakes.map(({ code }) => code)).toEqual(['OPTION_INVALID']);
    },
  );
});
