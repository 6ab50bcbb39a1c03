import { Observable, of } from 'rxjs';
import { type Auth, Authorize, Controller, Get, type Guard, RequestContext, UnauthorizedError, UseGuards } from 'rockstar-web';
import { soon } from '../support/soon';
import { appOf, ask, failureOf, mistakesOf } from '../testing/app-of';

interface User {
  readonly name: string;
  readonly may: readonly string[];
}

const USERS: Readonly<Record<string, User>> = {
  ann: { name: 'ann', may: ['reports.read', 'reports.write'] },
  bob: { name: 'bob', may: ['reports.read'] },
};

function userOf(context: RequestContext): User | undefined {
  const [scheme, token = ''] = (context.header('authorization') ?? '').split(' ');
  return scheme === 'Bearer' && Object.hasOwn(USERS, token) ? USERS[token] : undefined;
}

function may(user: unknown, resource: string, action: string): boolean {
  return (user as User).may.includes(`${resource}.${action}`);
}

const kinds: readonly [string, Auth][] = [
  ['at once', { authenticate: userOf, permits: may }],
  [
    'later',
    {
      authenticate: async (context) => (await Promise.resolve(), userOf(context)),
      permits: async (...asked) => (await Promise.resolve(), may(...asked)),
    },
  ],
  [
    'by thenables',
    {
      authenticate: (context) => thenable(userOf(context)),
      permits: (...asked) => thenable(may(...asked)) as Promise<boolean>,
    },
  ],
  ['by an Observable', { authenticate: (context) => of(userOf(context)), permits: may }],
];

function thenable<T>(value: T): unknown {
  return { then: (use: (value: T) => unknown) => setImmediate(() => use(value)) };
}

const as = (token: string) => ({ authorization: `Bearer ${token}` });

@Controller('/reports')
class Reports {
  @Get('/')
  @Authorize('reports', 'read')
  list(context: RequestContext) {
    return { user: (context.user as User).name, write: context.isAuthorized('reports', 'write') };
  }

  @Get('/write')
  @Authorize('reports', 'write')
  write() {
    return 'written';
  }

  @Get('/open')
  open(context: RequestContext) {
    return { known: context.isAuthenticated(), read: context.isAuthorized('reports', 'read'), user: context.user };
  }
}

describe.each(kinds)('authentication and permission, answered %s', (kind, auth) => {
  it('lets in who may', async () => {
    const app = await appOf([Reports], { auth });
    expect((await app.request({ url: '/reports', headers: as('ann') })).json()).toMatchObject({ user: 'ann' });
    expect((await app.request({ url: '/reports/write', headers: as('ann') })).text()).toBe('written');
    expect((await app.request({ url: '/reports', headers: as('bob') })).json()).toMatchObject({ user: 'bob', write: false });
  });

  it('answers 401 with WWW-Authenticate to nobody known, and 403 to who may not', async () => {
    const app = await appOf([Reports], { auth });
    const all: readonly { authorization?: string }[] = [{}, as('eve'), { authorization: 'Basic ann' }, as('toString')];
    for (const headers of all) {
      const unknown = await app.request({ url: '/reports', headers });
      const challenge = headers.authorization?.startsWith('Bearer') === true ? 'Bearer error="invalid_token"' : 'Bearer';
      expect([unknown.headers['www-authenticate'], failureOf(unknown)]).toMatchObject([
        challenge,
        { status: 401, code: 'AUTH_REQUIRED' },
      ]);
    }
    const refused = await app.request({ url: '/reports/write', headers: as('bob') });
    expect([refused.headers['www-authenticate'], failureOf(refused)]).toMatchObject([
      undefined,
      { status: 403, code: 'AUTH_FORBIDDEN' },
    ]);
  });

  it('leaves routes that ask for nothing open, and tells them who is asking', async () => {
    const app = await appOf([Reports], { auth });
    expect((await app.request({ url: '/reports/open' })).json()).toEqual({ known: false, read: false });
    const known = await app.request({ url: '/reports/open', headers: as('bob') });
    // What is asked in the same breath cannot wait: an answer that comes later counts as no.
    expect(known.json()).toEqual({ known: true, read: kind === 'at once' || kind === 'by an Observable', user: USERS.bob });
  });
});

describe('authentication', () => {
  it.each<[string, unknown]>([
    ['undefined', undefined],
    ['null', null],
    ['false', false],
    ['a promise of null', Promise.resolve(null)],
    ['an Observable without a value', of()],
  ])('knows nobody by %s', async (_what, user) => {
    const response = await ask(Reports, { url: '/reports/open' }, { auth: { authenticate: () => user, permits: () => true } });
    expect(response.json()).toEqual({ known: false, read: false });
  });

  it.each([
    ['throws', () => failing()],
    [
      'rejects',
      () =>
        Promise.reject(
          new UnauthorizedError({ detail: 'expired', headers: { 'www-authenticate': 'Bearer error="invalid_token"' } }),
        ),
    ],
  ])('refuses with what it %s, also where nothing asked for it', async (_how, authenticate) => {
    const response = await ask(Reports, { url: '/reports/open' }, { auth: { authenticate, permits: () => true } });
    expect([response.headers['www-authenticate'], failureOf(response)]).toMatchObject([
      'Bearer error="invalid_token"',
      { status: 401, detail: 'expired' },
    ]);
  });

  it('is settled before any guard, and a guard may know better', async () => {
    const seen: unknown[] = [];
    const guard: Guard = {
      canActivate(context) {
        seen.push(context.user);
        context.user = USERS.bob;
        return context.isAuthenticated();
      },
    };
    @Controller()
    @UseGuards(guard)
    class Guarded {
      @Get('/')
      @Authorize('reports', 'read')
      get(context: RequestContext) {
        return (context.user as User).name;
      }
    }
    const app = await appOf([Guarded], { auth: kinds[1]?.[1] });
    expect((await app.request({ url: '/', headers: as('ann') })).text()).toBe('bob');
    expect(seen).toEqual([USERS.ann]);
  });

  it('is asked once a request, and not for what no route answers', async () => {
    let asked = 0;
    const auth: Auth = { authenticate: () => ((asked += 1), USERS.ann), permits: may };
    const app = await appOf([Reports], { auth });
    await app.request({ url: '/reports/write' });
    expect(asked).toBe(1);
    await app.request({ url: '/nowhere' });
    await app.request({ url: '/health/live' });
    expect(asked).toBe(1);
  });
});

describe('who is asking', () => {
  it.each([null, false, undefined])('is nobody again when a guard says %s', async (nobody) => {
    const guard: Guard = {
      canActivate(context) {
        context.user = nobody;
        return !context.isAuthenticated();
      },
    };
    @Controller()
    @UseGuards(guard)
    class Guarded {
      @Get('/')
      @Authorize()
      get() {
        return 'in';
      }
    }
    const response = await ask(Guarded, { url: '/' }, { auth: { authenticate: () => USERS.ann } });
    expect(failureOf(response)).toMatchObject({ status: 401, code: 'AUTH_REQUIRED' });
  });

  it('is no longer waited for when the client left', async () => {
    let subscribed = 0;
    let unsubscribed = 0;
    const never = new Observable(() => {
      subscribed++;
      return () => unsubscribed++;
    });
    const app = await appOf([Reports], { auth: { authenticate: () => never, permits: may } });
    const controller = new AbortController();
    const left = app.request({ url: '/reports/open', signal: controller.signal });
    await soon(() => expect(subscribed).toBe(1));
    controller.abort();
    await expect(left).rejects.toThrow('abort');
    await soon(() => expect(unsubscribed).toBe(1));
  });
});

describe('permission', () => {
  it('is needed for the controller and for the route, the controller first', async () => {
    const asked: string[] = [];
    const permits = (_user: unknown, resource: string, action: string): boolean => {
      asked.push(`${resource}.${action}`);
      return resource !== 'secret';
    };
    @Controller()
    @Authorize('all', 'use')
    class Both {
      @Get('/fine')
      @Authorize('one', 'read')
      @Authorize('two', 'read')
      fine() {
        return 'in';
      }

      @Get('/secret')
      @Authorize('secret', 'read')
      @Authorize('never', 'asked')
      secret() {
        return 'in';
      }
    }
    const app = await appOf([Both], { auth: { authenticate: () => USERS.ann, permits } });
    expect((await app.request({ url: '/fine' })).text()).toBe('in');
    expect((await app.request({ url: '/secret' })).status).toBe(403);
    expect(asked).toEqual(['all.use', 'one.read', 'two.read', 'all.use', 'secret.read']);
  });

  it('that fails is a failure where it is needed, and a no where it is only asked for', async () => {
    const permits = () => Promise.reject(new UnauthorizedError('the directory is away'));
    const app = await appOf([Reports], { auth: { authenticate: userOf, permits } });
    expect(failureOf(await app.request({ url: '/reports', headers: as('ann') })).detail).toBe('the directory is away');
    expect((await app.request({ url: '/reports/open', headers: as('ann') })).json()).toMatchObject({ known: true, read: false });
  });

  it.each([
    ['no auth at all', undefined],
    ['nothing that permits', { authenticate: userOf }],
  ])('cannot be asked for in an application with %s', async (_what, auth) => {
    const mistakes = await mistakesOf([Reports], auth === undefined ? {} : { auth });
    expect(mistakes.map(({ code }) => code)).toEqual(['AUTH_NOT_CONFIGURED', 'AUTH_NOT_CONFIGURED']);
    expect(mistakes[0]?.message).toContain('Reports.list has @Authorize("reports", "read")');
  });

  it('is a no without auth where it is only asked for', async () => {
    @Controller()
    class Open {
      @Get('/')
      get(context: RequestContext) {
        return [context.isAuthenticated(), context.isAuthorized('a', 'b')];
      }
    }
    expect((await ask(Open, { url: '/' })).json()).toEqual([false, false]);
  });
});

function failing(): never {
  throw new UnauthorizedError({ detail: 'expired', headers: { 'www-authenticate': 'Bearer error="invalid_token"' } });
}
