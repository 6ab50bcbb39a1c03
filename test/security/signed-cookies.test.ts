import cookieParser from 'cookie-parser';
import fc from 'fast-check';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Controller, Get, Query, RequestContext, timingSafeEqual } from 'rockstar-web';
import { readSignedValue, signValue } from '../../lib/http/cookie-signature';
import { doors, moduleOf, withClient } from '../journeys/doors';
import { ask, failureOf, mistakesOf } from '../testing/app-of';

@Controller()
class Sessions {
  @Get('/set')
  set(@Query('value') value: string, context: RequestContext) {
    context.setCookie('session', value, { signed: true });
    context.setCookie('plain', 'text');
    return 'set';
  }

  @Get('/get')
  get(context: RequestContext) {
    return { signed: context.signedCookie('session') ?? null, raw: context.cookies.session ?? null };
  }
}

const valueOf = (setCookie = ''): string => /session=([^;]*)/.exec(setCookie)?.[1] ?? '';

describe.each(doors)('signed cookies over $name', (door) => {
  it('come back as they were set, with secrets exchanged in between', async () => {
    let cookie = '';
    await withClient(door, moduleOf([Sessions]), { cookieSecrets: 'old secret' }, async (client) => {
      const answer = await client.ask({ path: '/set?value=ann%20%C3%A9%3B.%22' });
      cookie = `session=${valueOf(answer.header('set-cookie'))}`;
      expect(answer.header('set-cookie')).toMatch(
        /^session=s%3Aann%20%C3%A9%3B\.%22\.[\w%]+; Path=\/; HttpOnly; SameSite=Lax, plain=text;/,
      );
      expect((await client.ask({ path: '/get', headers: { cookie } })).json()).toMatchObject({ signed: 'ann é;."' });
    });
    await withClient(door, moduleOf([Sessions]), { cookieSecrets: ['new secret', 'old secret'] }, async (client) => {
      expect((await client.ask({ path: '/get', headers: { cookie } })).json()).toMatchObject({ signed: 'ann é;."' });
      expect(valueOf((await client.ask({ path: '/set?value=ann' })).header('set-cookie'))).toBe(
        encodeURIComponent(signValue('ann', 'new secret')),
      );
    });
    await withClient(door, moduleOf([Sessions]), { cookieSecrets: ['new secret'] }, async (client) => {
      expect((await client.ask({ path: '/get', headers: { cookie } })).json()).toMatchObject({ signed: null });
    });
  });

  it('are nothing when somebody else made or changed them', async () => {
    await withClient(door, moduleOf([Sessions]), { cookieSecrets: 'secret' }, async (client) => {
      const good = signValue('ann', 'secret');
      const bad = [
        'ann',
        's:ann',
        's:ann.',
        's:.',
        's:',
        '',
        good.replace('ann', 'bob'),
        good.slice(2),
        `${good}=`,
        good.slice(0, -1),
      ];
      for (const value of bad) {
        const cookie = `session=${encodeURIComponent(value)}`;
        expect((await client.ask({ path: '/get', headers: { cookie } })).json()).toEqual({ signed: null, raw: value });
      }
      const twice = `session=${encodeURIComponent(bad[6] ?? '')}; session=${encodeURIComponent(good)}`;
      expect((await client.ask({ path: '/get', headers: { cookie: twice } })).json()).toMatchObject({ signed: null });
      expect((await client.ask({ path: '/get' })).json()).toEqual({ signed: null, raw: null });
    });
  });
});

describe('signed cookies', () => {
  it.each(['/set?value=a', '/get'])('without secrets are a failure that names what is missing: %s', async (url) => {
    const failure = failureOf(await ask(Sessions, { url }));
    expect(failure).toMatchObject({ status: 500, code: 'COOKIE_SECRETS_MISSING' });
    expect(failure.detail).not.toContain('session');
  });

  it.each<[unknown]>([[''], [[]], [['a', '']], [7], [[7]]])('take no %j for secrets', async (cookieSecrets) => {
    const mistakes = await mistakesOf([Sessions], { cookieSecrets: cookieSecrets as string });
    expect(mistakes.map(({ code }) => code)).toEqual(['OPTION_INVALID']);
  });
});

/** What cookie-parser makes of a cookie of this value. */
function byCookieParser(value: string, secrets: string[]): unknown {
  const request = { headers: { cookie: `a=${encodeURIComponent(value)}` } } as IncomingMessage & {
    signedCookies?: Record<string, unknown>;
  };
  cookieParser(secrets)(request as never, {} as ServerResponse as never, () => undefined);
  return request.signedCookies?.a;
}

describe('a signature', () => {
  const text = fc.string({ unit: 'grapheme' });
  const secret = fc.string({ minLength: 1, unit: 'grapheme' });

  it('is read back by whoever has the secret, and by cookie-parser', () => {
    fc.assert(
      fc.property(text, secret, fc.array(secret), (value, key, others) => {
        const signed = signValue(value, key);
        expect(readSignedValue(signed, [...others, key])).toBe(value);
        if (!value.startsWith('j:')) expect(byCookieParser(signed, [...others, key])).toBe(value);
      }),
    );
  });

  it('is of no use for another value or by another secret', () => {
    fc.assert(
      fc.property(text, text, secret, secret, (value, other, key, otherKey) => {
        const signature = signValue(value, key).slice(value.length + 2);
        if (other !== value) expect(readSignedValue(`s:${other}${signature}`, [key])).toBeUndefined();
        if (otherKey !== key) expect(readSignedValue(signValue(value, key), [otherKey])).toBeUndefined();
      }),
    );
  });

  it('is never found in garbage, and never throws', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (garbage) => {
        expect(readSignedValue(garbage, ['secret'])).toBeUndefined();
        expect(readSignedValue(`s:${garbage}`, ['secret'])).toBeUndefined();
      }),
    );
  });
});

it('tells by timingSafeEqual whether two texts are the same, of whatever length', () => {
  fc.assert(fc.property(fc.string(), fc.string(), (one, other) => timingSafeEqual(one, other) === (one === other)));
  expect(timingSafeEqual('geheim', 'geheim')).toBe(true);
});
