import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import fc from 'fast-check';
import { Client } from 'pg';
import type { DatabaseOptions } from '../../lib/database/database-options';
import type { Clock } from '../../lib/lifetime/clock';
import { waitIn } from '../../lib/lifetime/waits-for';
import { ManualClock } from '../../lib/testing/manual-clock';
import { gate, soon, turns } from '../support/soon';
import { Relay } from './relay';
import { describeServer, SERVER_URL, urlAs } from './servers';
import { failureOf, World } from './world';

// Several starts of a database or a process, on a machine that may have much else to do.
const UNAVAILABLE = { code: 'DATABASE_UNAVAILABLE', status: 503, detail: 'The database does not answer.' };

describeServer('a real server', () => {
  const NAME = `rockstar-test-${process.pid}`;
  let opened: World[] = [];
  let relays: Relay[] = [];
  /** Looks at the server from outside. */
  let observer: Client;

  beforeAll(async () => {
    observer = new Client({ connectionString: SERVER_URL });
    await observer.connect();
  });

  afterAll(() => observer.end());

  afterEach(async () => {
    for (const world of opened) await world.close();
    for (const relay of relays) await relay.close();
    opened = [];
    relays = [];
    await soon(async () => expect(await connections()).toEqual([]));
  });

  const open = (options: DatabaseOptions = {}, clock?: Clock): World => {
    const world = new World({ url: urlAs(NAME), ...options }, clock);
    opened.push(world);
    return world;
  };

  const openRelay = async (options?: { readonly isPooler: boolean }): Promise<Relay> => {
    const relay = await new Relay(options).open();
    relays.push(relay);
    return relay;
  };

  async function ask(text: string): Promise<Record<string, unknown>[]> {
    return (await observer.query<Record<string, unknown>>(text)).rows;
  }

  /** Our own connections, as the server sees them. */
  const connections = (): Promise<Record<string, unknown>[]> =>
    ask(`SELECT pid, state, query FROM pg_stat_activity WHERE application_name = '${NAME}' ORDER BY backend_start`);

  const running = async (): Promise<unknown[]> => {
    const found = await connections();
    return found.filter(({ state }) => state !== 'idle').map(({ query }) => query);
  };

  describe('that stops a query', () => {
    it('has stopped it when its request is closed, and the same connection serves the next', async () => {
      const { root, database } = open({ maxConnections: 1 });
      const [{ pid } = {}] = await database.query('SELECT pg_backend_pid() AS pid');
      const request = root.open('a request');
      const failure = failureOf(database.within(request).query('SELECT pg_sleep(30)'));
      await soon(async () => expect(await running()).toEqual(['SELECT pg_sleep(30)']));
      request.end('client');
      expect(await failure).toMatchObject({ reason: 'client' });
      await request.closed;
      expect(await running()).toEqual([]);
      expect(await database.query('SELECT pg_backend_pid() AS pid')).toEqual([{ pid }]);
    });

    it('stops what it works on in a transaction, and takes back what was done before', async () => {
      const { root, database } = open();
      await database.execute('DROP TABLE IF EXISTS rockstar_stopped; CREATE TABLE rockstar_stopped (n int)');
      const request = root.open('a request');
      const seen: unknown[] = [];
      const failure = failureOf(
        database.within(request).transaction(async (transaction) => {
          await transaction.execute('INSERT INTO rockstar_stopped VALUES (1)');
          // What the code inside sees is a cancellation, and no error of the database.
          seen.push(await failureOf(transaction.query('SELECT pg_sleep(30)')), await failureOf(transaction.query('SELECT 1')));
          throw seen[0];
        }),
      );
      await soon(async () => expect(await running()).toEqual(['SELECT pg_sleep(30)']));
      request.end('client');
      expect(await failure).toMatchObject({ reason: 'client' });
      await request.closed;
      expect(seen).toEqual([expect.objectContaining({ reason: 'client' }), expect.objectContaining({ reason: 'client' })]);
      expect(await running()).toEqual([]);
      expect(await database.query('SELECT * FROM rockstar_stopped')).toEqual([]);
      await database.execute('DROP TABLE rockstar_stopped');
    });

    it('does so when all connections of queries are taken', async () => {
      const { root, database } = open({ maxConnections: 2 });
      const requests = [root.open('one'), root.open('another')];
      const failures = requests.map((request) => failureOf(database.within(request).query('SELECT pg_sleep(30)')));
      await soon(async () => expect(await running()).toEqual(['SELECT pg_sleep(30)', 'SELECT pg_sleep(30)']));
      for (const request of requests) request.end('shutdown');
      for (const failure of failures) expect(await failure).toMatchObject({ reason: 'shutdown', status: 503 });
      for (const request of requests) await request.closed;
      expect(await running()).toEqual([]);
    });

    it('never stops a commit: what was cut while it was being committed is committed, and says so', async () => {
      const { root, database } = open();
      // The check at the commit takes its time.
      await database.execute(`
        DROP TABLE IF EXISTS rockstar_commit; DROP FUNCTION IF EXISTS rockstar_commit;
        CREATE TABLE rockstar_commit (n int);
        CREATE FUNCTION rockstar_commit() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.3); RETURN NULL; END';
        CREATE CONSTRAINT TRIGGER late AFTER INSERT ON rockstar_commit DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION rockstar_commit()`);
      const request = root.open('a request');
      const result = database.within(request).transaction(async (transaction) => {
        await transaction.execute('INSERT INTO rockstar_commit VALUES (1)');
        return 'kept';
      });
      await soon(async () => expect(await running()).toEqual(['COMMIT']));
      request.end('client');
      expect(await result).toBe('kept');
      expect(await database.query('SELECT n FROM rockstar_commit')).toEqual([{ n: 1 }]);
      await database.execute('DROP TABLE rockstar_commit; DROP FUNCTION rockstar_commit');
    });

    it('hits nobody else, whatever is cut at whichever moment', async () => {
      const world = open({ maxConnections: 2 });
      const kinds = {
        query: 'SELECT pg_sleep($1)',
        stream: 'SELECT pg_sleep($1) FROM generate_series(1, 3)',
        transaction: 'SELECT pg_sleep($1)',
      } as const;
      const asked = fc.record({
        kind: fc.constantFrom(...(Object.keys(kinds) as (keyof typeof kinds)[])),
        seconds: fc.constantFrom(0, 0, 0.001, 0.003),
        cutAfterTurns: fc.option(fc.nat({ max: 60 }), { nil: undefined }),
      });
      const run = async ({ kind, seconds }: { kind: keyof typeof kinds; seconds: number }, database: World['database']) => {
        const text = kinds[kind];
        if (kind === 'query') await database.query(text, [seconds]);
        if (kind === 'transaction') await database.transaction((transaction) => transaction.query(text, [seconds]));
        if (kind === 'stream')
          for await (const row of database.stream(text, [seconds], { batchRows: 1 })) expect(row).toBeDefined();
      };
      let cut = 0;
      const all = fc.asyncProperty(fc.array(asked, { minLength: 4, maxLength: 24 }), async (requests) => {
        const outcomes = requests.map(async ({ cutAfterTurns, ...what }) => {
          const request = world.root.open('a request');
          const outcome = failureOf(run(what, world.database.within(request)));
          if (cutAfterTurns !== undefined) {
            await turns(cutAfterTurns);
            request.end('client');
          }
          const failure = await outcome;
          request.end('finished');
          await request.closed;
          // Who was not cut is answered; who was is cut, or was answered before.
          if (failure === 'answered') return;
          expect({ cutAfterTurns, failure }).toMatchObject({ cutAfterTurns: expect.any(Number), failure: { reason: 'client' } });
          cut++;
        });
        await Promise.all(outcomes);
      });
      await fc.assert(all, { numRuns: 40 });
      expect(cut).toBeGreaterThan(100);
      await soon(() => expect(world.connections.numbers).toMatchObject({ used: 0, waiting: 0 }));
      expect(await running()).toEqual([]);
      expect(world.log.lines).toEqual([]);
    });

    it('does so behind a pooler, whose processes are not the server’s, by the protocol’s own request', async () => {
      const relay = await openRelay({ isPooler: true });
      const { root, database } = open({ url: urlAs(NAME, relay.url) });
      const request = root.open('a request');
      const failure = failureOf(database.within(request).query('SELECT pg_sleep(30)'));
      await soon(async () => expect(await running()).toEqual(['SELECT pg_sleep(30)']));
      request.end('client');
      expect(await failure).toMatchObject({ reason: 'client' });
      await request.closed;
      expect(relay.cancelRequests).toBeGreaterThan(0);
      expect(await running()).toEqual([]);
    });

    it('is asked to look whether the process is still there: one that was killed leaves no query behind', async () => {
      const program = join(__dirname, '..', 'support', 'fixtures', 'database-sleeps.ts');
      const child = spawn(process.execPath, ['--conditions=rockstar-source', '-r', './samples/compile.cjs', program], {
        env: { ...process.env, DATABASE_URL: urlAs(NAME) },
        stdio: 'ignore',
      });
      const exited = once(child, 'exit');
      try {
        await soon(async () => expect(await running()).toEqual(['SELECT pg_sleep(60)']), 30_000);
      } finally {
        child.kill('SIGKILL');
        await exited;
      }
      await soon(async () => expect(await running()).toEqual([]), 30_000);
    });
  });

  describe('whose connections are all taken', () => {
    it('frees at once whoever is cut while he waits', async () => {
      const { root, database, connections: pool } = open({ maxConnections: 1 });
      const taker = root.open('the one that has it');
      const taken = failureOf(database.within(taker).query('SELECT pg_sleep(30)'));
      await soon(async () => expect(await running()).toEqual(['SELECT pg_sleep(30)']));
      const request = root.open('the one that waits');
      const failure = failureOf(database.within(request).query('SELECT 1'));
      await soon(() => expect(waitIn(request)).toBe('connection'));
      request.end('client');
      expect(await failure).toMatchObject({ reason: 'client' });
      await request.closed;
      expect(pool.numbers).toEqual({ used: 1, idle: 0, most: 1, waiting: 0 });
      await soon(async () => expect(await running()).toEqual(['SELECT pg_sleep(30)']));
      taker.end('client');
      await taken;
    });

    it('lets wait no longer than acquireTimeoutMs, and says the way out', async () => {
      const clock = new ManualClock();
      const { root, database, waits } = open({ maxConnections: 1, acquireTimeoutMs: 500 }, clock);
      const taker = root.open('the one that has it');
      const taken = failureOf(database.within(taker).query('SELECT pg_sleep(30)'));
      await soon(async () => expect(await running()).toEqual(['SELECT pg_sleep(30)']));
      const failure = failureOf(database.query('SELECT 1'));
      await clock.advance(600);
      expect(await failure).toMatchObject({
        code: 'DATABASE_BUSY',
        status: 503,
        detail: 'The database is busy.',
        message: expect.stringContaining('maxConnections'),
      });
      expect(waits.at(-1)).toEqual({ ms: 500, inVain: true });
      taker.end('client');
      await taken;
    });

    it('lets them have one in the order they asked', async () => {
      const { database } = open({ maxConnections: 1 });
      const order: number[] = [];
      const asked = [1, 2, 3, 4, 5].map((n) => database.query('SELECT pg_sleep(0.005)').then(() => order.push(n)));
      await Promise.all(asked);
      expect(order).toEqual([1, 2, 3, 4, 5]);
    });
  });

  describe('that takes too long', () => {
    it.each([
      ['a query', (world: World) => world.database.query('SELECT pg_sleep(30)', [], { timeoutMs: 200 })],
      [
        'a transaction, all of it',
        (world: World) =>
          world.database.transaction((transaction) => transaction.query('SELECT pg_sleep(30)'), { timeoutMs: 200 }),
      ],
      ['the next row', (world: World) => world.database.stream('SELECT pg_sleep(30)', [], { timeoutMs: 200 }).next()],
    ])('is stopped: %s', async (_what, askSlowly) => {
      const clock = new ManualClock();
      const world = open({}, clock);
      const failure = failureOf(Promise.resolve(askSlowly(world)));
      await soon(async () => expect(await running()).toEqual([expect.stringMatching(/^(SELECT pg_sleep|FETCH)/)]));
      await clock.advance(300);
      expect(await failure).toMatchObject({ code: 'DATABASE_TIMEOUT', status: 504, detail: 'The database took too long.' });
      await soon(async () => expect(await running()).toEqual([]));
      await soon(() => expect(world.connections.numbers).toMatchObject({ used: 0 }));
      expect(clock.pending).toBe(0);
    });

    it('is the reader who does not read on: his connection is taken back', async () => {
      const clock = new ManualClock();
      const world = open({ timeoutMs: 1_000 }, clock);
      const rows = world.database.stream('SELECT n FROM generate_series(1, 10) AS n');
      for (let n = 0; n < 5; n++) {
        // Longer than its time in all.
        await clock.advance(600);
        expect(await rows.next()).toMatchObject({ done: false });
      }
      await clock.advance(2_500);
      await expect(rows.next()).rejects.toMatchObject({ code: 'DATABASE_TIMEOUT' });
      await soon(() => expect(world.connections.numbers).toMatchObject({ used: 0 }));
    });
  });

  describe('that goes away', () => {
    it('fails what it was working on, and answers the next query', async () => {
      const { database } = open();
      const failures = ['SELECT pg_sleep(30)', 'SELECT pg_sleep(31)'].map((text) => failureOf(database.query(text)));
      await soon(async () => expect((await running()).sort()).toEqual(['SELECT pg_sleep(30)', 'SELECT pg_sleep(31)']));
      await terminate("state = 'active'");
      for (const failure of failures) expect(await failure).toMatchObject(UNAVAILABLE);
      expect(await database.query('SELECT 1 AS ok')).toEqual([{ ok: 1 }]);
    });

    it('has idle connections replaced, and a line in the log', async () => {
      const { database, log } = open();
      await database.query('SELECT 1');
      await terminate('true');
      await soon(() => expect(log.lines.map(({ message }) => message)).toContain('an idle connection to the database broke'));
      expect(await database.query('SELECT 1 AS ok')).toEqual([{ ok: 1 }]);
    });

    it('in the middle of a transaction: nothing of it is kept', async () => {
      const { database } = open();
      await database.execute('DROP TABLE IF EXISTS rockstar_lost; CREATE TABLE rockstar_lost (n int)');
      const failure = await failureOf(
        database.transaction(async (transaction) => {
          await transaction.execute('INSERT INTO rockstar_lost VALUES (1)');
          await terminate("state = 'idle in transaction'");
          await transaction.execute('INSERT INTO rockstar_lost VALUES (2)');
        }),
      );
      expect(failure).toMatchObject(UNAVAILABLE);
      expect(await database.query('SELECT * FROM rockstar_lost')).toEqual([]);
      await database.execute('DROP TABLE rockstar_lost');
    });

    it('while it commits: whether it did is not known, and that is said', async () => {
      const { database } = open();
      await database.execute(`
        DROP TABLE IF EXISTS rockstar_unknown; DROP FUNCTION IF EXISTS rockstar_unknown;
        CREATE TABLE rockstar_unknown (n int);
        CREATE FUNCTION rockstar_unknown() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(30); RETURN NULL; END';
        CREATE CONSTRAINT TRIGGER late AFTER INSERT ON rockstar_unknown DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION rockstar_unknown()`);
      const failure = failureOf(
        database.transaction((transaction) => transaction.execute('INSERT INTO rockstar_unknown VALUES (1)')),
      );
      await soon(async () => expect(await running()).toEqual(['COMMIT']));
      await terminate("query = 'COMMIT'");
      expect(await failure).toMatchObject({ code: 'DATABASE_COMMIT_UNKNOWN', status: 500 });
      await database.execute('DROP TABLE rockstar_unknown; DROP FUNCTION rockstar_unknown');
    });

    it('and comes back: queries fail with a code meanwhile, and are answered again', async () => {
      const relay = await openRelay();
      const { database } = open({ url: urlAs(NAME, relay.url) });
      expect(await database.query('SELECT 1 AS ok')).toEqual([{ ok: 1 }]);
      await relay.close();
      await soon(async () => expect(await failureOf(database.query('SELECT 1'))).toMatchObject(UNAVAILABLE));
      await relay.open();
      expect(await database.query('SELECT 1 AS ok')).toEqual([{ ok: 1 }]);
    });

    it('without a word: whoever connects waits no longer than connectTimeoutMs', async () => {
      const relay = await openRelay();
      relay.isSilent = true;
      const world = open({ url: urlAs(NAME, relay.url), connectTimeoutMs: 100 });
      expect(await failureOf(world.database.query('SELECT 1'))).toMatchObject({
        ...UNAVAILABLE,
        message: expect.stringContaining('timeout'),
      });
      const request = world.root.open('a request');
      const failure = failureOf(world.database.within(request).query('SELECT 1'));
      await soon(() => expect(waitIn(request)).toBe('connection'));
      request.end('client');
      expect(await failure).toMatchObject({ reason: 'client' });
      await request.closed;
    });

    it('without a word, while it works: closing cuts what is left', async () => {
      const relay = await openRelay();
      const world = open({ url: urlAs(NAME, relay.url) });
      const failure = failureOf(world.database.query('SELECT pg_sleep(30)'));
      await soon(async () => expect(await running()).toEqual(['SELECT pg_sleep(30)']));
      relay.isSilent = true;
      await world.close();
      expect(await failure).toMatchObject({ reason: 'shutdown' });
      await relay.close();
      await soon(async () => expect(await running()).toEqual([]), 10_000);
    });

    async function terminate(which: string): Promise<void> {
      await ask(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '${NAME}' AND ${which}`);
    }
  });

  it('refuses who it does not know, and the reason is for the log alone', async () => {
    const url = new URL(SERVER_URL);
    url.username = 'nobody_of_that_name';
    const world = open({ url: url.href });
    const failure = await failureOf(world.database.query('SELECT 1'));
    expect(failure).toMatchObject({ ...UNAVAILABLE, message: expect.stringContaining('nobody_of_that_name') });
    await expect(world.connections.probe()).rejects.toThrow('nobody_of_that_name');
  });

  it('is closed: what is under way is stopped first, who waits is refused', async () => {
    const world = open({ maxConnections: 1 });
    const inside = gate();
    const failures = [failureOf(world.database.transaction(() => inside.promise)), failureOf(world.database.query('SELECT 1'))];
    await soon(() => expect(world.connections.numbers).toMatchObject({ used: 1, waiting: 1 }));
    inside.open();
    await world.close();
    for (const failure of failures) expect(await failure).toMatchObject({ reason: 'shutdown' });
  });
});
