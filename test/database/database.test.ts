import { Database } from '../../lib/database/database';
import { Pools } from '../../lib/database/pools';
import { silentLogger } from '../../lib/diagnostics/logger';
import { systemClock } from '../../lib/lifetime/clock';
import { runInside } from '../../lib/lifetime/current';
import { Lifetime } from '../../lib/lifetime/lifetime';
import { waitIn } from '../../lib/lifetime/waits-for';
import { gate, soon } from '../support/soon';
import { databases } from './servers';

const SECONDS = 1_000;

describe.each(databases)('%s', (name, options) => {
  const isEmbedded = name.includes('embedded');
  let root: Lifetime;
  let pools: Pools;
  let database: Database;
  /** A request: what is asked of `database.within(request)` ends with it. */
  let request: Lifetime;

  beforeAll(async () => {
    root = Lifetime.root();
    pools = new Pools({ ...options, maxConnections: 3 }, { owner: root, clock: systemClock, logger: silentLogger });
    database = new Database(pools);
    await database.execute('DROP TABLE IF EXISTS rockstar_numbers');
    await database.execute('CREATE TABLE rockstar_numbers AS SELECT n, md5(n::text) AS hash FROM generate_series(1, 5000) AS n');
  }, 60 * SECONDS);

  afterAll(async () => {
    await database.execute('DROP TABLE rockstar_numbers');
    await pools.close();
    expect([...root.inside()]).toEqual([]);
    root.end('finished');
    await expect(database.query('SELECT 1')).rejects.toMatchObject({ code: 'DATABASE_CLOSED', status: 503 });
  }, 60 * SECONDS);

  beforeEach(() => {
    request = root.open('a request');
  });

  afterEach(async () => {
    request.end('finished');
    await request.closed;
  });

  const count = async (): Promise<unknown> => (await database.query('SELECT count(*)::int AS n FROM rockstar_numbers'))[0]?.n;

  /** The queries of this database's own connections that the server works on now, but for this one. */
  const active = async (): Promise<unknown[]> =>
    (
      await database.query(
        "SELECT query FROM pg_stat_activity WHERE datname = current_database() AND state <> 'idle' AND query LIKE '%pg_sleep%' AND pid <> pg_backend_pid()",
      )
    ).map((row) => row.query);

  it('answers with rows, typed as the driver types them', async () => {
    const [row] = await database.query('SELECT $1::int AS a, $2::text AS b, $3::jsonb AS c, $4::bigint AS d, null AS e', [
      1,
      "o'hara; DROP TABLE rockstar_numbers",
      { deep: [1] },
      '9007199254740993',
    ]);
    expect(row).toEqual({ a: 1, b: "o'hara; DROP TABLE rockstar_numbers", c: { deep: [1] }, d: '9007199254740993', e: null });
    expect(await database.execute('UPDATE rockstar_numbers SET hash = hash WHERE n <= $1', [7])).toBe(7);
  });

  it('says what a query failed with, by its SQLSTATE, and can be asked again', async () => {
    await expect(database.query('SELECT nothing')).rejects.toMatchObject({
      name: 'DatabaseError',
      code: '42703',
      query: 'SELECT nothing',
    });
    await database.execute('CREATE TEMP TABLE IF NOT EXISTS unique_numbers (n int CONSTRAINT only_once UNIQUE)').catch(() => 0);
    await expect(
      database.transaction(async (transaction) => {
        await transaction.execute('CREATE TABLE rockstar_unique (n int CONSTRAINT rockstar_once UNIQUE)');
        await transaction.execute('INSERT INTO rockstar_unique VALUES (1), (1)');
      }),
    ).rejects.toMatchObject({ code: '23505', constraint: 'rockstar_once', table: 'rockstar_unique' });
    expect(await database.query('SELECT 1 AS ok')).toEqual([{ ok: 1 }]);
  });

  describe('a query', () => {
    it('rejects at once when its request is cut, stops in the database, and its connection serves the next', async () => {
      const failure = database
        .within(request)
        .query('SELECT pg_sleep(30)')
        .then(
          () => 'answered',
          (error: unknown) => error,
        );
      if (!isEmbedded) await soon(async () => expect(await active()).toHaveLength(1));
      expect(waitIn(request)).toBe('query');
      request.end('client');
      expect(await failure).toMatchObject({ code: 'REQUEST_CANCELLED', reason: 'client', status: 499 });
      await request.closed;
      expect(await active()).toEqual([]);
      expect(await database.query('SELECT 1 AS ok')).toEqual([{ ok: 1 }]);
    }, 30_000);

    it('belongs to the request it is asked in without being passed anything', async () => {
      const failure = runInside(request, () => database.query('SELECT pg_sleep(30)')).catch((error: unknown) => error);
      request.end('deadline');
      expect(await failure).toMatchObject({ reason: 'deadline', status: 504 });
    }, 30_000);

    it('is stopped by a signal of its own, with what that was aborted with, and the request goes on', async () => {
      const controller = new AbortController();
      const failure = database.within(request).query('SELECT pg_sleep(30)', [], { signal: controller.signal });
      controller.abort(new Error('enough'));
      await expect(failure).rejects.toThrow('enough');
      expect(request.state).toBe('open');
      await expect(database.query('SELECT 1', [], { signal: controller.signal })).rejects.toThrow('enough');
    }, 30_000);

    it('is not begun when its request is over already', async () => {
      request.end('client');
      await expect(database.within(request).query('SELECT 1')).rejects.toMatchObject({ reason: 'client' });
    });

    it('that waits for a connection gives up its wait when its request is cut, and nobody else notices', async () => {
      const others = Array.from({ length: 3 }, () => root.open('another request'));
      const busy = others.map((other) =>
        database
          .within(other)
          .query('SELECT pg_sleep(0.2)')
          .then(
            () => 'done',
            () => 'failed',
          ),
      );
      const failure = database
        .within(request)
        .query('SELECT 1')
        .catch((error: unknown) => error);
      request.end('client');
      expect(await failure).toMatchObject({ reason: 'client' });
      expect(await Promise.all(busy)).toEqual(['done', 'done', 'done']);
      for (const other of others) other.end('finished');
    }, 30_000);
  });

  describe('rows', () => {
    it('are all read, in batches', async () => {
      const seen: unknown[] = [];
      for await (const { n } of database.within(request).stream('SELECT n FROM rockstar_numbers WHERE n > $1 ORDER BY n', [10], {
        batchRows: 333,
      })) {
        seen.push(n);
      }
      expect([seen.length, seen[0], seen.at(-1)]).toEqual([4990, 11, 5000]);
    });

    it('leave the others room to ask between', async () => {
      let read = 0;
      for await (const row of database.stream('SELECT n FROM rockstar_numbers', [], { batchRows: 1000 })) {
        if (row.n === 1) expect(await count()).toBe(5000);
        read++;
      }
      expect(read).toBe(5000);
    });

    it('stop when somebody leaves the loop, and nothing stays behind', async () => {
      for await (const row of database.within(request).stream('SELECT n FROM rockstar_numbers')) if (row.n === 2) break;
      await soon(() => expect([...request.inside()]).toEqual([]));
      await soon(async () => expect(await database.query('SELECT name FROM pg_cursors WHERE is_holdable')).toEqual([]));
    });

    it('stop when the request is cut, also while nobody reads', async () => {
      const rows = database.within(request).stream('SELECT n FROM rockstar_numbers', [], { batchRows: 2 });
      expect([(await rows.next()).value, (await rows.next()).value]).toEqual([{ n: 1 }, { n: 2 }]);
      request.end('client');
      await expect(rows.next()).rejects.toMatchObject({ reason: 'client' });
      await request.closed;
      const abandoned = root.open('another request');
      await database.within(abandoned).stream('SELECT n FROM rockstar_numbers').next();
      abandoned.end('client');
      await soon(() => expect([...root.inside()].filter((one) => one !== request)).toEqual([]));
      await soon(async () => expect(await database.query('SELECT name FROM pg_cursors WHERE is_holdable')).toEqual([]));
    });

    it('fail as the query fails', async () => {
      await expect(database.stream('SELECT 1 / (n - 3) FROM rockstar_numbers ORDER BY n').next()).rejects.toMatchObject({
        code: '22012',
      });
    });
  });

  describe('a transaction', () => {
    it('is committed when its work succeeds', async () => {
      const result = await database.transaction(
        async (transaction) => {
          await transaction.execute('INSERT INTO rockstar_numbers VALUES (5001, $1)', ['x']);
          return transaction.query('SELECT count(*)::int AS n FROM rockstar_numbers');
        },
        { isolation: 'serializable' },
      );
      expect(result).toEqual([{ n: 5001 }]);
      expect(await database.execute('DELETE FROM rockstar_numbers WHERE n = 5001')).toBe(1);
    });

    it('is taken back when its work fails, or the request is cut in the middle of it', async () => {
      const remove = 'DELETE FROM rockstar_numbers';
      await expect(
        database.transaction(async (transaction) => {
          await transaction.execute(remove);
          throw new Error('mine');
        }),
      ).rejects.toThrow('mine');
      const removed = gate();
      const hanging = gate();
      const failure = database
        .within(request)
        .transaction(async (transaction) => {
          await transaction.execute(remove);
          removed.open();
          await hanging.promise;
          await transaction.execute(remove);
        })
        .catch((error: unknown) => error);
      await removed.promise;
      request.end('client');
      expect(await failure).toMatchObject({ reason: 'client' });
      // Its work hangs on; the connection is back all the same.
      await soon(async () => expect(await count()).toBe(5000));
      hanging.open();
      await request.closed;
    }, 30_000);

    it('says so when a query in it failed and its work went on', async () => {
      await expect(
        database.transaction(async (transaction) => {
          await transaction.query('SELECT nothing').catch(() => undefined);
        }),
      ).rejects.toMatchObject({ code: 'DATABASE_TRANSACTION_FAILED' });
    });

    it('answers nobody once it is over', async () => {
      let kept!: { query(text: string): Promise<unknown> };
      await database.transaction((transaction) => {
        kept = transaction;
      });
      await expect(kept.query('SELECT 1')).rejects.toMatchObject({ code: 'DATABASE_TRANSACTION_OVER' });
    });

    it('refuses to write when it is read-only', async () => {
      await expect(
        database.transaction((transaction) => transaction.execute('DELETE FROM rockstar_numbers'), { readOnly: true }),
      ).rejects.toMatchObject({ code: '25006' });
    });
  });

  it('never lets a late stop hit the next query', async () => {
    const rounds = isEmbedded ? 20 : 150;
    const outcomes = { answered: 0, cut: 0 };
    for (let round = 0; round < rounds; round++) {
      const one = root.open('a request');
      const cut = database
        .within(one)
        .query(`SELECT pg_sleep(${(round % 10) / 1_000})`)
        .then(
          () => outcomes.answered++,
          () => outcomes.cut++,
        );
      // At another moment each time: before it is sent, while it runs, when it is done.
      for (let turn = 0; turn < round % 40; turn++) await new Promise((resolve) => setImmediate(resolve));
      one.end('client');
      await Promise.all([cut, ...Array.from({ length: 3 }, () => database.query('SELECT pg_sleep(0.001)'))]);
    }
    expect(outcomes.answered + outcomes.cut).toBe(rounds);
    expect(outcomes.cut).toBeGreaterThan(0);
  }, 60_000);
});
