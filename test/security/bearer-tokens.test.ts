import { Authorize, bearerTokens, Controller, environmentToken, Get, RequestContext } from 'rockstar-web';
import { isPermittedByList } from '../../lib/security/permissions';
import { doors, moduleOf, withClient } from '../journeys/doors';
import { mistakesOf } from '../testing/app-of';

@Controller()
class Machine {
  @Get('/open')
  open(context: RequestContext) {
    return { user: context.user ?? null };
  }

  @Get('/reset')
  @Authorize('machine', 'reset')
  reset() {
    return 'done';
  }
}

const auth = bearerTokens([
  { token: 'admin-token', user: { name: 'admin', permissions: ['*'] } },
  { token: 'view-token', user: { name: 'viewer', permissions: ['machine.read'] } },
]);

describe.each(doors)('tokens known beforehand over $name', (door) => {
  it('let in whom they belong to: 401 to nobody known, 403 to who may not', async () => {
    await withClient(door, moduleOf([Machine]), { auth }, async (client) => {
      const reset = async (authorization?: string) => {
        const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
        const answer = await client.ask({ path: '/reset', headers });
        return [answer.status, answer.header('www-authenticate')];
      };
      expect(await reset('Bearer admin-token')).toEqual([200, undefined]);
      expect(await reset('bearer   admin-token')).toEqual([200, undefined]);
      expect(await reset('Bearer view-token')).toEqual([403, undefined]);
      expect(await reset()).toEqual([401, 'Bearer']);
      expect(await reset('Basic admin-token')).toEqual([401, 'Bearer']);
      for (const wrong of ['Bearer', 'Bearer admin-toke', 'Bearer admin-tokenn', 'Bearer ADMIN-TOKEN']) {
        expect(await reset(wrong)).toEqual([401, 'Bearer error="invalid_token"']);
      }
    });
  });

  it('leave open what asks for nobody', async () => {
    await withClient(door, moduleOf([Machine]), { auth: { ...auth, challenge: 'Bearer realm="m"' } }, async (client) => {
      const open = async (token: string) =>
        (await client.ask({ path: '/open', headers: { authorization: `Bearer ${token}` } })).json();
      expect(await open('view-token')).toMatchObject({ user: { name: 'viewer' } });
      expect(await open('other')).toEqual({ user: null });
      const refused = await client.ask({ path: '/reset', headers: { authorization: 'Bearer other' } });
      expect(refused.header('www-authenticate')).toBe('Bearer realm="m", error="invalid_token"');
    });
  });

  it('are asked for as the application says', async () => {
    const basic = { ...auth, challenge: 'Basic realm="office"' };
    await withClient(door, moduleOf([Machine]), { auth: basic }, async (client) => {
      const answer = await client.ask({ path: '/reset', headers: { authorization: 'Bearer other' } });
      expect([answer.status, answer.header('www-authenticate')]).toEqual([401, 'Basic realm="office"']);
    });
  });
});

describe('tokens known beforehand', () => {
  it.each<[string, unknown]>([
    ['this is no list', 'admin-token'],
    ['the token at 0 is no text without spaces', [{ token: '', user: 1 }]],
    [
      'the token at 1 is no text without spaces',
      [
        { token: 'a', user: 1 },
        { token: undefined, user: 2 },
      ],
    ],
    ['the token at 0 is no text without spaces', [{ token: 'two words', user: 1 }]],
    [
      'two of them are the same',
      [
        { token: 'a', user: 1 },
        { token: 'a', user: 2 },
      ],
    ],
  ])('are refused at once: %s', (problem, tokens) => {
    expect(() => bearerTokens(tokens as [])).toThrow(problem);
  });

  it('have a realm that a header can carry', () => {
    expect(bearerTokens([], { realm: 'machines' }).challenge).toBe('Bearer realm="machines"');
    expect(() => bearerTokens([], { realm: 'a"\r\nb' })).toThrow('BEARER_TOKENS_INVALID');
  });

  it('have users of whom the application may say itself what they may', async () => {
    const own = bearerTokens([{ token: 'a', user: 'ann' }], {
      permits: (user, resource) => user === 'ann' && resource === 'machine',
    });
    expect(await own.permits('ann', 'machine', 'reset')).toBe(true);
    expect(await own.permits('ann', 'other', 'reset')).toBe(false);
  });
});

it.each<[unknown, boolean]>([
  [{ permissions: ['*'] }, true],
  [{ permissions: ['machine.*'] }, true],
  [{ permissions: ['machine:reset'] }, true],
  [{ permissions: ['x', 'machine.reset'] }, true],
  [{ permissions: 'machine.reset' }, true],
  [{ scope: 'a machine.reset' }, true],
  [{ scope: 'machine:*' }, true],
  [{ permissions: ['machine.read', 'reset'] }, false],
  [{ permissions: ['machine'] }, false],
  [{ permissions: [['machine.reset', 7], null] }, false],
  [{ scope: 7 }, false],
  [{}, false],
  [null, false],
  ['*', false],
])('permits a user %j to reset the machine: %s', (user, permitted) => {
  expect(isPermittedByList(user, 'machine', 'reset')).toBe(permitted);
});

it.each<[unknown]>([
  [{ authenticate: () => 1, challenge: 7 }],
  [{ authenticate: () => 1, challenge: '' }],
  [{ challenge: 'Bearer' }],
])('takes no auth like %j', async (wrong) => {
  expect((await mistakesOf([Machine], { auth: wrong as { challenge: string } })).map(({ code }) => code)).toContain(
    'OPTION_INVALID',
  );
});

describe('a token from the environment', () => {
  const NAME = 'TEST_ENVIRONMENT_TOKEN';
  afterEach(() => delete process.env[NAME]);

  it('is what the variable says', () => {
    process.env[NAME] = 'given';
    const lines: string[] = [];
    expect(environmentToken(NAME, (line) => lines.push(line))).toBe('given');
    expect(lines).toEqual([]);
  });

  it('is made and printed where there is none', () => {
    process.env[NAME] = '';
    const lines: string[] = [];
    const made = [1, 2].map(() => environmentToken(NAME, (line) => lines.push(line)));
    expect(lines).toEqual(made.map((token) => `${NAME} is not set; for this run it is ${token}`));
    expect(made[0]).toMatch(/^[\w-]{32}$/);
    expect(made[0]).not.toBe(made[1]);
  });
});
