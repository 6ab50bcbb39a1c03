import {
  Controller,
  CurrentRequest,
  Database,
  DatabaseModule,
  Get,
  Health,
  Injectable,
  isDatabaseError,
  Module,
  type OnShutdown,
  type OnStart,
  type OnStop,
  RequestContext,
  Timeout,
  ConflictError,
} from 'rockstar-web';
import { createTestApp, type TestApplication } from 'rockstar-web/testing';
import { keepLines, type Line } from '../context/lines';
import { type Client, doors } from '../journeys/doors';
import { lintPrometheusText, parsePrometheusText } from '../metrics/prometheus-text';
import { soon } from '../support/soon';
import { databases } from './servers';

// Several starts of a database or a process, on a machine that may have much else to do.
/** The embedded database may have to start anew, because of what was cut before. */
const LONG_MS = 30_000;

const SLOW = 'SELECT pg_sleep(30)';

@Injectable()
class Numbers {
  constructor(
    private readonly database: Database,
    private readonly current: CurrentRequest,
  ) {}

  find(n: number) {
    return this.database.query('SELECT n, $1::text AS path FROM rockstar_app WHERE n = $2', [this.current.context.path, n]);
  }

  slow() {
    return this.database.query(SLOW);
  }

  async insert(n: number) {
    try {
      await this.database.execute('INSERT INTO rockstar_app VALUES ($1)', [n]);
    } catch (error) {
      if (isDatabaseError(error, '23505')) throw new ConflictError(`${n} is there already.`);
      throw error;
    }
  }
}

@Controller('/numbers')
class NumbersController {
  constructor(private readonly numbers: Numbers) {}

  @Get('/one')
  one() {
    return this.numbers.find(7);
  }

  @Get('/slow')
  slow() {
    return this.numbers.slow();
  }

  @Get('/deadline')
  @Timeout(200)
  deadline() {
    return this.numbers.slow();
  }

  @Get('/context')
  context(ctx: RequestContext) {
    return ctx.db.query('SELECT count(*)::int AS n FROM rockstar_app');
  }

  @Get('/context/slow')
  contextSlow(ctx: RequestContext) {
    return ctx.db.query(SLOW);
  }

  @Get('/part')
  async part(ctx: RequestContext) {
    using scope = ctx.withTimeout(50);
    try {
      return await ctx.db.query(SLOW, [], { signal: scope.signal });
    } catch (error) {
      return { reason: (error as { reason: string }).reason, status: ctx.signal.aborted };
    }
  }

  @Get('/detached')
  detached(ctx: RequestContext) {
    return ctx.db.execute('INSERT INTO rockstar_app SELECT -1 FROM pg_sleep(0.5)', [], { detached: true });
  }

  @Get('/rows')
  rows(ctx: RequestContext) {
    return ctx.db.stream('SELECT n, repeat($1, 500) AS text FROM rockstar_app ORDER BY n', ['x'], { batchRows: 50 });
  }

  @Get('/rows$')
  rows$(ctx: RequestContext) {
    ctx.stream(ctx.db.stream$('SELECT n FROM rockstar_app WHERE n < 3 ORDER BY n'));
  }

  @Get('/wrong')
  async wrong(ctx: RequestContext) {
    return await ctx.db.query("SELECT secret_column FROM rockstar_app WHERE n = 'secret'");
  }

  @Get('/twice')
  twice() {
    return this.numbers.insert(7);
  }
}

@Module({ imports: [DatabaseModule], controllers: [NumbersController], providers: [Numbers] })
class App {}

describe.each(databases)('an application on %s', (name, options) => {
  const isEmbedded = name.includes('embedded');
  let app: TestApplication;
  let lines: Line[];

  beforeAll(async () => {
    const kept = keepLines();
    ({ lines } = kept);
    app = await createTestApp(App, { http2: 'h2c', logger: kept.logger, database: { ...options, maxConnections: 4 } });
    const database = app.resolve(Database);
    await database.execute('DROP TABLE IF EXISTS rockstar_app');
    await database.execute('CREATE TABLE rockstar_app AS SELECT n FROM generate_series(1, 5000) AS n');
    await database.execute('ALTER TABLE rockstar_app ADD PRIMARY KEY (n)');
    await app.app.listen(0);
  });

  afterAll(async () => {
    await app.resolve(Database).execute('DROP TABLE rockstar_app');
    await app.close();
  });

  afterEach(() => soon(() => expect(app.leaks()).toEqual([])));

  const sleeping = async (): Promise<number> =>
    (
      await app
        .resolve(Database)
        .query<{ n: number }>("SELECT count(*)::int AS n FROM pg_stat_activity WHERE query = $1 AND state = 'active'", [SLOW])
    )[0]?.n ?? 0;

  describe.each(doors)('over $name', ({ connect }) => {
    let client: Client;

    beforeEach(async () => {
      client = await connect(app.app.url!);
    });

    afterEach(() => client.close());

    it('answers what a service found, which knows the request it works for', async () => {
      const answer = await client.ask({ path: '/numbers/one' });
      expect([answer.status, answer.json()]).toEqual([200, [{ n: 7, path: '/numbers/one' }]]);
      expect((await client.ask({ path: '/numbers/context' })).json()).toEqual([{ n: 5000 }]);
    });

    it.each(['/numbers/slow', '/numbers/context/slow'])('stops the query of %s when the client leaves', async (path) => {
      const asked = client.begin({ path });
      await soon(() => expect(app.app.requests.list()).toMatchObject([{ route: path, waitsFor: 'query' }]), LONG_MS);
      if (!isEmbedded) await soon(async () => expect(await sleeping()).toBe(1));
      asked.leave();
      await soon(() => expect(app.app.requests.list()).toEqual([]));
      // What is off the list is gone from the server, too.
      if (!isEmbedded) expect(await sleeping()).toBe(0);
      expect(app.app.requests.cancellations()).toContainEqual(
        expect.objectContaining({ route: path, reason: 'client', stillRunning: 0 }),
      );
    });

    it('goes on with what is detached when the client leaves', async () => {
      const asked = client.begin({ path: '/numbers/detached' });
      await soon(() => expect(app.app.requests.list()).toMatchObject([{ route: '/numbers/detached' }]));
      asked.leave();
      // The handler waits for what it began; the row is there all the same.
      await soon(() => expect(app.app.requests.list()).toEqual([]), LONG_MS);
      expect(await app.resolve(Database).execute('DELETE FROM rockstar_app WHERE n = -1')).toBe(1);
    });

    it('answers 504 when the time for it ran out', async () => {
      const answer = await client.ask({ path: '/numbers/deadline' });
      expect(answer.json()).toMatchObject({ status: 504, code: 'DEADLINE_EXCEEDED' });
    });

    it('gives a part of the work less time, and the request goes on', async () => {
      expect((await client.ask({ path: '/numbers/part' })).json()).toEqual({ reason: 'deadline', status: false });
    });

    it('sends rows as lines of JSON', async () => {
      const answer = await client.ask({ path: '/numbers/rows$' });
      expect(answer.text).toBe('{"n":1}\n{"n":2}\n');
      const all = await client.ask({ path: '/numbers/rows' });
      expect(all.header('content-type')).toMatch(/^application\/x-ndjson/);
      const rows = all.text.trimEnd().split('\n');
      expect([rows.length, (JSON.parse(rows.at(-1) ?? '') as { n: number }).n]).toEqual([5000, 5000]);
    });

    it('stops reading rows when the client leaves in the middle', async () => {
      const asked = client.begin({ path: '/numbers/rows' });
      await asked.received('"n":100,');
      asked.leave();
      await soon(() => expect(app.app.requests.list()).toEqual([]));
      await soon(async () => expect(await app.resolve(Database).query('SELECT name FROM pg_cursors')).toEqual([]));
    });

    it('tells nobody what the database says: it stands in the log', async () => {
      lines.length = 0;
      const answer = await client.ask({ path: '/numbers/wrong' });
      expect(answer.json()).toMatchObject({ status: 500, code: 'INTERNAL_ERROR' });
      expect(answer.text).not.toMatch(/secret|column|rockstar_app|42703/);
      const [err] = lines.flatMap(({ fields }) => (fields.err as { code: string; stack: string } | undefined) ?? []);
      expect(err).toMatchObject({ type: 'DatabaseError', code: '42703' });
      expect(err?.stack).toMatch(/NumbersController\.wrong|application\.test\.ts/);
    });

    it('lets code tell one failure from another', async () => {
      expect((await client.ask({ path: '/numbers/twice' })).json()).toMatchObject({ status: 409, detail: '7 is there already.' });
    });
  });

  it('is well as long as its database is', async () => {
    expect(await app.resolve(Health).report()).toMatchObject({ status: 'up', indicators: { database: { status: 'up' } } });
  });

  it('tells its numbers in a form that Prometheus takes', async () => {
    await app.request({ url: '/numbers/wrong' });
    const { text } = await app.request({ url: '/metrics' }).then((answer) => ({ text: answer.text() }));
    expect(lintPrometheusText(text)).toEqual([]);
    const families = parsePrometheusText(text);
    const named = (wanted: string) => families.find((family) => family.name === wanted)?.samples ?? [];
    const pool = { db_client_connection_pool_name: 'database' };
    expect(named('db_client_connection_max')).toMatchObject([{ labels: pool, value: isEmbedded ? 1 : 4 }]);
    expect(named('db_client_connection_usage').map(({ labels }) => labels.db_client_connection_state)).toEqual(['used', 'idle']);
    expect(named('db_client_connection_pending_requests')).toMatchObject([{ labels: pool, value: 0 }]);
    const kinds = named('db_client_operation_duration_seconds').map(
      ({ labels }) => `${labels.db_operation_name} ${labels.error_type ?? ''}`,
    );
    expect(kinds).toEqual(expect.arrayContaining(['SELECT ', 'FETCH ', 'SELECT 42703', 'INSERT 23505', 'SELECT cancelled']));
  });
});

it('lets plugins ask while they start and stop, and closes the database behind the last of them', async () => {
  const seen: unknown[] = [];
  @Injectable()
  class Journal implements OnStart, OnStop, OnShutdown {
    constructor(private readonly database: Database) {}

    async start() {
      seen.push('start', await this.database.query('SELECT 1 AS n'));
    }

    async stop() {
      seen.push('stop', await this.database.query('SELECT 2 AS n'));
    }

    async shutdown() {
      seen.push('shutdown', await this.database.query('SELECT 3 AS n'));
    }
  }
  @Module({ imports: [DatabaseModule], providers: [Journal] })
  class Journaled {}
  const [, database] = databases.at(-1)!;
  const app = await createTestApp(Journaled, { database });
  await app.close();
  expect(seen).toEqual(['start', [{ n: 1 }], 'stop', [{ n: 2 }], 'shutdown', [{ n: 3 }]]);
});

describe('an application whose database is not there', () => {
  const database = { url: 'postgres://user:secret@127.0.0.1:1/name' };

  it('answers 503 with a code, says no more, and is degraded', async () => {
    const app = await createTestApp(App, { database });
    const answer = await app.request({ url: '/numbers/context' });
    expect(answer.json()).toEqual({
      type: expect.any(String),
      title: 'Service Unavailable',
      status: 503,
      detail: 'The database does not answer.',
      code: 'DATABASE_UNAVAILABLE',
    });
    const ready = await app.request({ url: '/health/ready' });
    expect([ready.status, ready.json()]).toEqual([200, { status: 'degraded' }]);
    await app.close();
  });

  it('is down when it says that it cannot do without', async () => {
    const app = await createTestApp(App, { database: { ...database, required: true } });
    const ready = await app.request({ url: '/health/ready' });
    expect([ready.status, ready.json()]).toEqual([503, { status: 'down' }]);
    await app.close();
  });

  it('may have another one, for the modules that import it', async () => {
    @Controller('/two')
    class Two {
      constructor(private readonly other: Database) {}

      @Get('/')
      async ask(ctx: RequestContext) {
        const codes = [this.other, ctx.db].map((one) =>
          one.query('SELECT 1').catch((error: unknown) => (error as Error).message),
        );
        return Promise.all(codes);
      }
    }
    const other = DatabaseModule.forRootAsync({
      inject: [CurrentRequest],
      useFactory: () => ({ url: 'postgres://user:secret@other.invalid/name', name: 'other' }),
    });
    @Module({ imports: [other], controllers: [Two] })
    class Both {}
    const app = await createTestApp(Both, { database });
    expect((await app.request({ url: '/two' })).json()).toEqual([
      expect.stringMatching(/ENOTFOUND|EAI_AGAIN/),
      expect.stringMatching(/ECONNREFUSED/),
    ]);
    const { indicators } = await app.resolve(Health).report();
    expect(indicators).toMatchObject({ database: { status: 'down' }, other: { status: 'down' } });
    await app.close();
  });

  it('refuses to start with an address that is none, when somebody injects it', async () => {
    const before = process.env.DATABASE_URL;
    process.env.DATABASE_URL = 'mysql://root:secret@host/name';
    try {
      await expect(createTestApp(App)).rejects.toThrow('DATABASE_URL_INVALID');
    } finally {
      if (before === undefined) delete process.env.DATABASE_URL;
      else process.env.DATABASE_URL = before;
    }
  });
});
