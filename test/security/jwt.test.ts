import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { SignJWT, UnsecuredJWT } from 'jose';
import { Authorize, Controller, Get, type JwtClaims, type JwtOptions, JwtService, jwtAuth, RequestContext } from 'rockstar-web';
import { ManualClock } from 'rockstar-web/testing';
import { doors, moduleOf, withClient } from '../journeys/doors';
import { appOf } from '../testing/app-of';

const SECRET = 'a secret of at least thirty-two bytes';
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const ed = generateKeyPairSync('ed25519');

@Controller()
class Reports {
  @Get('/open')
  open(context: RequestContext) {
    return { user: context.user ?? null };
  }

  @Get('/me')
  @Authorize()
  me(context: RequestContext) {
    return { user: context.user };
  }

  @Get('/reports')
  @Authorize('reports', 'read')
  reports() {
    return 'read';
  }
}

const clock = new ManualClock(5, Date.UTC(2030, 0, 1));
const nowS = (): number => clock.epochMs() / 1_000;
const options = { secret: SECRET, issuer: 'https://issuer.test', audience: ['reports', 'other'] } satisfies JwtOptions;

function hs(claims: JwtClaims, alg = 'HS256', key: Uint8Array = Buffer.from(SECRET)): Promise<string> {
  return new SignJWT({ iss: options.issuer, aud: 'reports', sub: 'ann', exp: nowS() + 60, ...claims })
    .setProtectedHeader({ alg })
    .sign(key);
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}`.trimEnd() });
const INVALID = (why: string) => `Bearer error="invalid_token", error_description="${why}"`;

describe.each(doors)('bearer JWTs over $name', (door) => {
  const answersOf = async (path: string, ...headers: readonly Record<string, string>[]) => {
    const found: unknown[] = [];
    await withClient(door, moduleOf([Reports]), { auth: jwtAuth(options), clock }, async (client) => {
      for (const each of headers) {
        const answer = await client.ask({ path, headers: each });
        const { code } = answer.text.startsWith('{') ? (answer.json() as { code?: string }) : {};
        found.push([answer.status, code, answer.header('www-authenticate')]);
      }
    });
    return found;
  };

  it('let in whom they name, and nobody else where somebody is needed', async () => {
    await withClient(door, moduleOf([Reports]), { auth: jwtAuth(options), clock }, async (client) => {
      const headers = bearer(await hs({ scope: 'reports:read' }));
      expect((await client.ask({ path: '/me', headers })).json()).toMatchObject({ user: { sub: 'ann', aud: 'reports' } });
      expect((await client.ask({ path: '/reports', headers })).text).toBe('read');
      expect((await client.ask({ path: '/open' })).json()).toEqual({ user: null });
    });
    expect(await answersOf('/me', {}, { authorization: 'Basic YW5uOmFubg==' })).toEqual([
      [401, 'AUTH_REQUIRED', 'Bearer'],
      [401, 'AUTH_REQUIRED', 'Bearer'],
    ]);
    expect(await answersOf('/reports', bearer(await hs({})), bearer(await hs({ scope: 'reports' })))).toEqual([
      [403, 'AUTH_FORBIDDEN', undefined],
      [403, 'AUTH_FORBIDDEN', undefined],
    ]);
  });

  it('are refused with the reason, wherever they are shown', async () => {
    const unsigned = new UnsecuredJWT({ iss: options.issuer, aud: 'reports', exp: nowS() + 60 }).encode();
    const good = await hs({});
    const tampered = good.replace(/\.[^.]+\./, `.${Buffer.from('{"sub":"bob"}').toString('base64url')}.`);
    const signature = 'its signature is wrong';
    const refused: [string, string, string][] = [
      [await hs({ exp: nowS() }), 'TOKEN_EXPIRED', 'it has expired'],
      [await hs({ nbf: nowS() + 1 }), 'TOKEN_NOT_YET_VALID', 'it is not valid yet'],
      [await hs({ iss: 'https://evil.test' }), 'TOKEN_INVALID', 'its claim iss is not what is needed'],
      [await hs({ aud: ['elsewhere'] }), 'TOKEN_INVALID', 'its claim aud is not what is needed'],
      [await hs({ exp: 'tomorrow' as unknown as number }), 'TOKEN_INVALID', 'its claim exp is not what is needed'],
      [await hs({}, 'HS256', randomBytes(32)), 'TOKEN_INVALID', signature],
      [tampered, 'TOKEN_INVALID', signature],
      [await hs({}, 'HS512', randomBytes(64)), 'TOKEN_INVALID', 'its algorithm is not taken here'],
      [unsigned, 'TOKEN_INVALID', 'its algorithm is not taken here'],
      [unsigned.slice(0, -1), 'TOKEN_INVALID', 'it is no signed token'],
      ['', 'TOKEN_INVALID', 'it is no signed token'],
      ['a.b.c', 'TOKEN_INVALID', 'it is no signed token'],
      [`${good} ${good}`, 'TOKEN_INVALID', 'it is no signed token'],
    ];
    for (const path of ['/me', '/open']) {
      expect(await answersOf(path, ...refused.map(([token]) => bearer(token)))).toEqual(
        refused.map(([, code, why]) => [401, code, INVALID(why)]),
      );
    }
  });
});

describe('a JWT', () => {
  it('is good until the clock of the application says otherwise', async () => {
    const time = new ManualClock(0, Date.UTC(2040, 0, 1));
    const jwt = new JwtService({ ...options, expiresInMs: 2_000, clockToleranceMs: 500 }, time);
    const app = await appOf([Reports], { auth: jwtAuth({ ...options, clockToleranceMs: 500 }), clock: time });
    const token = await jwt.sign({ sub: 'ann' });
    const later = await jwt.sign({ sub: 'ann' }, { notBeforeMs: 10_000, expiresInMs: 20_000 });
    const ask = async (one: string) => (await app.request({ url: '/open', headers: bearer(one) })).status;
    expect([await ask(token), await ask(later)]).toEqual([200, 401]);
    await time.advance(1_999);
    expect(await ask(token)).toBe(200);
    await time.advance(1_001);
    expect(await ask(token)).toBe(401);
    await time.advance(7_000);
    expect(await ask(later)).toBe(200);
  });

  it.each([
    ['RS256', { privateKey: rsa.privateKey }],
    ['PS512', { privateKey: rsa.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(), algorithms: ['PS512'] }],
    ['ES256', { privateKey: ec.privateKey.export({ format: 'jwk' }) }],
    ['EdDSA', { privateKey: ed.privateKey, publicKey: ed.publicKey.export({ format: 'pem', type: 'spki' }) }],
    ['HS384', { secret: randomBytes(48), algorithms: ['HS384'] }],
  ] as [string, JwtOptions][])('is signed and checked by %s', async (alg, keys) => {
    const jwt = new JwtService({ ...keys, keyId: 'k1', issuer: 'me', audience: ['you', 'them'] });
    const token = await jwt.sign({ sub: 'ann', jti: '7' });
    const [header = ''] = token.split('.');
    expect(JSON.parse(Buffer.from(header, 'base64url').toString())).toEqual({ alg, typ: 'JWT', kid: 'k1' });
    const claims = await jwt.verify(token);
    expect(claims).toMatchObject({ iss: 'me', aud: 'you', sub: 'ann', jti: '7' });
    expect((claims.exp ?? 0) - (claims.iat ?? 0)).toBe(3_600);
  });

  it('signed with the public key as if it were a secret is none', async () => {
    const pem = rsa.publicKey.export({ format: 'pem', type: 'spki' }).toString();
    const forged = await new SignJWT({ sub: 'ann' }).setProtectedHeader({ alg: 'HS256' }).sign(Buffer.from(pem));
    await expect(new JwtService({ publicKey: pem }).verify(forged)).rejects.toMatchObject({ code: 'TOKEN_INVALID' });
    expect(() => new JwtService({ secret: pem })).toThrow(/JWT_OPTIONS_INVALID.*secret is a key in PEM/);
  });

  it('without a claim that is required is none', async () => {
    const jwt = new JwtService({ secret: SECRET, requiredClaims: ['sub'], realm: 'reports' });
    await expect(jwt.verify(await jwt.sign({}))).rejects.toMatchObject({
      code: 'TOKEN_INVALID',
      headers: {
        'www-authenticate':
          'Bearer realm="reports", error="invalid_token", error_description="its claim sub is not what is needed"',
      },
    });
    expect(await jwt.verify(await jwt.sign({ sub: 'ann' }))).toMatchObject({ sub: 'ann' });
  });

  it('cannot be signed with a public key', async () => {
    await expect(new JwtService({ publicKey: ec.publicKey }).sign({})).rejects.toMatchObject({ code: 'JWT_CANNOT_SIGN' });
  });

  it("is nobody's when its user is gone, and may come by another way", async () => {
    const auth = jwtAuth({
      ...options,
      tokenOf: (context: RequestContext) => context.cookies.token,
      userOf: async (claims, context) => {
        await Promise.resolve();
        return claims.sub === 'ann' ? { name: claims.sub, from: context.path } : undefined;
      },
      permits: (user, resource, action) => user?.name === 'ann' && resource === 'reports' && action === 'read',
    });
    const app = await appOf([Reports], { auth, clock });
    const ask = async (url: string, claims: JwtClaims) => app.request({ url, headers: { cookie: `token=${await hs(claims)}` } });
    expect((await ask('/me', {})).json()).toEqual({ user: { name: 'ann', from: '/me' } });
    expect((await ask('/reports', {})).text()).toBe('read');
    const gone = await ask('/open', { sub: 'bob' });
    expect([gone.status, gone.headers['www-authenticate']]).toEqual([401, INVALID('nobody is known by it')]);
  });

  it.each<[string, unknown]>([
    ['secret is missing', {}],
    ['secret stands beside other keys', { secret: SECRET, jwksUrl: 'https://a.test' }],
    ['secret has 6 bytes, and HS256 takes 32', { secret: 'secret' }],
    ['secret has 37 bytes, and HS512 takes 64', { secret: SECRET, algorithms: ['HS512'] }],
    ['secret is neither a text nor bytes', { secret: 7 }],
    ['algorithms names none, which', { secret: SECRET, algorithms: ['none'] }],
    ['algorithms names RS256, which', { secret: SECRET, algorithms: ['HS256', 'RS256'] }],
    ['algorithms names HS256, which', { publicKey: rsa.publicKey, algorithms: ['HS256'] }],
    ['algorithms names HS256, which', { jwksUrl: 'https://a.test', algorithms: ['HS256'] }],
    ['algorithms is no text, or list of texts', { secret: SECRET, algorithms: [] }],
    ['audiance is not known. Did you mean audience?', { secret: SECRET, audiance: 'me' }],
    ['issuer is no text', { secret: SECRET, issuer: '' }],
    ['clockToleranceMs is no number', { secret: SECRET, clockToleranceMs: '5s' }],
    ['realm is no plain text', { secret: SECRET, realm: 'a"b' }],
    ['publicKey cannot be read', { publicKey: 'text' }],
    ['privateKey is a public key', { privateKey: rsa.publicKey }],
    ['publicKey is not that of the privateKey', { privateKey: ec.privateKey, publicKey: rsa.publicKey }],
    ['publicKey has 1024 bits', { publicKey: generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey }],
    ['publicKey is of a kind', { publicKey: generateKeyPairSync('x25519').publicKey }],
    ['jwksUrl is no URL', { jwksUrl: 'issuer.test/keys' }],
  ])('is not checked at all when %s', (told, wrong) => {
    expect(() => jwtAuth(wrong as JwtOptions)).toThrow(told);
    expect(() => jwtAuth(wrong as JwtOptions)).toThrow('JWT_OPTIONS_INVALID');
  });
});
