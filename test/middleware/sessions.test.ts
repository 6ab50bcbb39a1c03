import { createHmac } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import bodyParser from 'body-parser';
import compression from 'compression';
import cookieParser from 'cookie-parser';
import session, { MemoryStore, type SessionData } from 'express-session';
import helmet from 'helmet';
import { type AuthenticateOptions, Passport } from 'passport';
import { Strategy as BearerStrategy } from 'passport-http-bearer';
import { Strategy as LocalStrategy } from 'passport-local';
import { type Application, Controller, Get, type NextFunction, Post, RequestContext, Use } from 'rockstar-web';
import { type Client, doors } from '../journeys/doors';
import { gate, soon, turns } from '../support/soon';
import { recorded, withMiddleware } from './middleware-app';

interface Counted extends SessionData {
  count?: number;
}

type InSession = IncomingMessage & {
  session: Counted;
  sessionID: string;
  signedCookies: Record<string, unknown>;
  user?: unknown;
};

function requestOf(ctx: RequestContext): InSession {
  return ctx.request as unknown as InSession;
}

@Controller()
class Counter {
  @Get('/count')
  async count(ctx: RequestContext): Promise<unknown> {
    const held = requestOf(ctx).session;
    await turns(1);
    held.count = (held.count ?? 0) + 1;
    return { count: held.count };
  }

  @Get('/look')
  look(ctx: RequestContext): unknown {
    return { count: requestOf(ctx).session.count ?? 0 };
  }

  @Get('/cookies')
  cookies(ctx: RequestContext): unknown {
    const { signedCookies } = requestOf(ctx);
    return { ...signedCookies };
  }

  @Get('/failing')
  failing(ctx: RequestContext): never {
    requestOf(ctx).session.count = 41;
    throw new Error('secret');
  }
}

/** Takes its time, as one behind a network does. */
class SlowStore extends MemoryStore {
  saving = gate();
  begun = 0;

  override set(sid: string, data: SessionData, done?: (error?: unknown) => void): void {
    this.begun++;
    void this.saving.promise.then(
      () => super.set(sid, data, done),
      (error: unknown) => done?.(error),
    );
  }
}

const SECRET = 'a secret of the tests';

function sessions(store = new MemoryStore()) {
  return session({ secret: SECRET, resave: false, saveUninitialized: false, store, name: 'sid' });
}

function cookieOf(answer: { header(name: string): string | undefined }): string {
  return /sid=[^;]*/.exec(answer.header('set-cookie') ?? '')?.[0] ?? '';
}

async function count(client: Client, cookie: string, path = '/count'): Promise<number> {
  return ((await client.ask({ path, headers: { cookie } })).json() as { count: number }).count;
}

describe.each(doors)('sessions over $name', (door) => {
  it('are kept from one request to the next', async () => {
    await withMiddleware(
      door,
      [Counter],
      (app) => app.use(helmet(), sessions()),
      async (client) => {
        const first = await client.ask({ path: '/count' });
        expect([first.json(), first.header('set-cookie')]).toEqual([{ count: 1 }, expect.stringMatching(/^sid=s%3A.*HttpOnly/)]);
        expect(await count(client, cookieOf(first))).toBe(2);
        expect(await count(client, cookieOf(first))).toBe(3);
        expect((await client.ask({ path: '/look' })).header('set-cookie')).toBeUndefined();
      },
    );
  });

  it('work behind compression, and with everything else around the response', async () => {
    await withMiddleware(
      door,
      [Counter],
      (app) => app.use(compression({ threshold: 0 }), sessions(), compression({ threshold: 0 }), cookieParser()),
      async (client) => {
        const cookie = cookieOf(await client.ask({ path: '/count', headers: { 'accept-encoding': 'identity' } }));
        expect(await count(client, cookie)).toBe(2);
      },
    );
  });

  it('of many clients at once stay apart', async () => {
    await withMiddleware(
      door,
      [Counter],
      (app) => app.use(sessions()),
      async (client, { url }) => {
        const others = await Promise.all(Array.from({ length: 8 }, () => door.connect(url)));
        const cookies = await Promise.all(others.map(async (other) => cookieOf(await other.ask({ path: '/count' }))));
        expect(new Set(cookies).size).toBe(8);
        for (let round = 2; round < 5; round++) {
          const counts = await Promise.all(others.map((other, at) => count(other, cookies[at])));
          expect(counts).toEqual(counts.map(() => round));
        }
        expect(await count(client, cookies[0], '/look')).toBe(4);
        for (const other of others) await other.close();
      },
    );
  });

  it('are not had with a forged cookie', async () => {
    await withMiddleware(
      door,
      [Counter],
      (app) => app.use(sessions()),
      async (client) => {
        const cookie = cookieOf(await client.ask({ path: '/count' }));
        const id = decodeURIComponent(cookie.slice(4)).slice(2).split('.')[0] ?? '';
        const signed = createHmac('sha256', 'another secret').update(id).digest('base64').replace(/=+$/, '');
        for (const forged of [
          `sid=s%3A${id}.${encodeURIComponent(signed)}`,
          `sid=${id}`,
          `sid=s%3A${id}.`,
          `${cookie}x`,
          'sid=s%3A__proto__.x',
        ]) {
          expect([forged, await count(client, forged, '/look')]).toEqual([forged, 0]);
        }
        expect(await count(client, cookie, '/look')).toBe(1);
      },
    );
  });

  it('are saved before the answer ends, which is recorded when it does', async () => {
    const store = new SlowStore();
    await withMiddleware(
      door,
      [Counter],
      (app) => app.use(sessions(store)),
      async (client, { app }) => {
        const asked = client.begin({ path: '/count' });
        await soon(() => expect(store.begun).toBe(1));
        await turns();
        expect(recorded(app.metrics.snapshot())).toEqual([]);
        store.saving.open();
        const answer = await asked.answer;
        expect(answer.json()).toEqual({ count: 1 });
        await soon(() => expect(recorded(app.metrics.snapshot())).toEqual(['200']));
        expect(await count(client, cookieOf(answer))).toBe(2);
      },
    );
  });

  it('that are still being saved when the client leaves hold nothing up', async () => {
    const store = new SlowStore();
    await withMiddleware(
      door,
      [Counter],
      (app) => app.use(sessions(store)),
      async (client, { app }) => {
        const asked = client.begin({ path: '/count' });
        await soon(() => expect(store.begun).toBe(1));
        asked.leave();
        await soon(() => expect(recorded(app.metrics.snapshot())).toEqual(['499']));
        store.saving.open();
        await turns();
      },
    );
  });

  it('that cannot be saved do not keep the answer', async () => {
    const store = new SlowStore();
    await withMiddleware(
      door,
      [Counter],
      (app) => app.use(sessions(store)),
      async (client) => {
        const asked = client.begin({ path: '/count' });
        await soon(() => expect(store.begun).toBe(1));
        store.saving.fail(new Error('the store is full'));
        expect((await asked.answer).json()).toEqual({ count: 1 });
        expect((await client.ask({ path: '/look' })).json()).toEqual({ count: 0 });
      },
    );
  });

  it('are saved behind a failure too', async () => {
    await withMiddleware(
      door,
      [Counter],
      (app) => app.use(sessions()),
      async (client) => {
        const failing = await client.ask({ path: '/failing' });
        expect(failing.status).toBe(500);
        expect(await count(client, cookieOf(failing))).toBe(42);
      },
    );
  });

  it('signs and reads cookies (cookie-parser)', async () => {
    await withMiddleware(
      door,
      [Counter],
      (app) => app.use(cookieParser(SECRET)),
      async (client) => {
        const signature = createHmac('sha256', SECRET).update('me').digest('base64').replace(/=+$/, '');
        const cookie = `who=${encodeURIComponent(`s:me.${signature}`)}; forged=${encodeURIComponent('s:me.AAAA')}`;
        expect((await client.ask({ path: '/cookies', headers: { cookie } })).json()).toEqual({ who: 'me', forged: false });
      },
    );
  });
});

const passport = new Passport();
passport.use(new LocalStrategy((name, password, done) => done(null, password === 'right' ? { name } : false)));
passport.use(new BearerStrategy((token, done) => done(null, token === 'good' ? { name: 'bearer' } : false)));
passport.serializeUser((user, done) => done(null, (user as { name: string }).name));
passport.deserializeUser((name: string, done) => done(null, { name }));

function authenticate(strategy: string, options: AuthenticateOptions = {}) {
  return passport.authenticate(strategy, options) as (
    request: IncomingMessage,
    response: ServerResponse,
    next: NextFunction,
  ) => void;
}

@Controller()
class Login {
  @Post('/login')
  @Use(bodyParser.urlencoded({ extended: false }), authenticate('local'))
  login(ctx: RequestContext): unknown {
    return requestOf(ctx).user;
  }

  @Post('/form')
  @Use(bodyParser.urlencoded({ extended: false }), authenticate('local', { successRedirect: '/me', failureRedirect: '/again' }))
  form(): void {
    throw new Error('passport answers');
  }

  @Get('/me')
  me(ctx: RequestContext): unknown {
    return requestOf(ctx).user ?? 'nobody';
  }

  @Get('/api')
  @Use(authenticate('bearer', { session: false }))
  api(ctx: RequestContext): unknown {
    return requestOf(ctx).user;
  }

  @Get('/strict')
  @Use(authenticate('bearer', { session: false, failWithError: true }))
  strict(): void {
    throw new Error('passport answers');
  }
}

describe.each(doors)('passport over $name', (door) => {
  const prepare = (app: Application): unknown => app.use(sessions(), passport.initialize(), passport.session());
  const form = { 'content-type': 'application/x-www-form-urlencoded' };

  it('logs in by name and password, and keeps that in the session', async () => {
    await withMiddleware(door, [Login], prepare, async (client) => {
      const wrong = await client.ask({ method: 'POST', path: '/login', headers: form, body: 'username=ada&password=wrong' });
      expect([wrong.status, wrong.text]).toEqual([401, 'Unauthorized']);
      const right = await client.ask({ method: 'POST', path: '/login', headers: form, body: 'username=ada&password=right' });
      expect([right.status, right.json()]).toEqual([201, { name: 'ada' }]);
      const headers = { cookie: cookieOf(right) };
      expect((await client.ask({ path: '/me', headers })).json()).toEqual({ name: 'ada' });
      expect((await client.ask({ path: '/me' })).text).toBe('nobody');
    });
  });

  it('sends the client on', async () => {
    await withMiddleware(door, [Login], prepare, async (client) => {
      const right = await client.ask({ method: 'POST', path: '/form', headers: form, body: 'username=ada&password=right' });
      expect([right.status, right.header('location')]).toEqual([302, '/me']);
      const wrong = await client.ask({ method: 'POST', path: '/form', headers: form, body: 'username=ada&password=wrong' });
      expect([wrong.status, wrong.header('location')]).toEqual([302, '/again']);
    });
  });

  it('takes bearer tokens, and keeps the status of its error', async () => {
    await withMiddleware(
      door,
      [Login],
      (app) => app.use(passport.initialize()),
      async (client) => {
        const good = { authorization: 'Bearer good' };
        expect((await client.ask({ path: '/api', headers: good })).json()).toEqual({ name: 'bearer' });
        const bad = await client.ask({ path: '/api', headers: { authorization: 'Bearer bad' } });
        expect([bad.status, bad.header('www-authenticate')]).toEqual([401, 'Bearer realm="Users", error="invalid_token"']);
        expect((await client.ask({ path: '/api' })).status).toBe(401);
        expect((await client.ask({ path: '/api?access_token=good' })).status).toBe(200);
        expect((await client.ask({ path: '/strict' })).json()).toMatchObject({ status: 401, code: 'UNAUTHORIZED' });
      },
    );
  });
});
