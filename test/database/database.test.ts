import { count, firstValueFrom, lastValueFrom } from 'rxjs';
import { waitIn } from '../../lib/lifetime/waits-for';
import { runInside } from '../../lib/lifetime/current';
import type { Lifetime } from '../../lib/lifetime/lifetime';
import type { Database } from '../../lib/database/database';
import { whatIsInside } from '../support/expect-nothing-left';
import { gate, soon } from '../support/soon';
import { databases } from './servers';
import { World } from './world';

// Several starts of a database or a process, on a machine that may have much else to do.
const SECONDS = 1_000;

/** The embedded database may have to start anew, because of what was cut before. */
const LONG_MS = 30 * SECONDS;

describe.each(databases)('%s', (name, options) => {
  const isEmbedded = name.includes('embedded');
  let world: World;
  let database: Database;
  /** A request: what is asked of `database.within(request)` ends with it. */
  let request: Lifetime;

  beforeAll(async () => {
    world = new World({ ...options, maxConnections: 3 });
    ({ database } = world);
    await database.execute('DROP TABLE IF EXISTS rockstar_numbers');
    await database.execute('CREATE TABLE rockstar_numbers AS SELECT n, md5(n::text) AS hash FROM generate_series(1, 5000) AS n');
  }, 60 * SECONDS);

  afterAll(async () => {
    await database.execute('DROP TABLE rockstar_numbers');
    await world.close();
    await expect(database.query('SELECT 1')).rejects.toMatchObject({ code: 'DATABASE_CLOSED', status: 503 });
  }, 60 * SECONDS);

  beforeEach(() => {
    request = world.root.open('a request');
  });

  afterEach(async () => {
    request.end('finished');
    await request.closed;
    await soon(() => expect(whatIsInside(world.root)).toEqual([]));
  });

  const countRows = async (): Promise<unknown> => (await database.query('SELECT count(*)::int AS n FROM rockstar_numbers'))[0]?.n;

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
      await soon(() => expect(waitIn(request)).toBe('query'), LONG_MS);
      request.end('client');
      expect(await failure).toMatchObject({ code: 'REQUEST_CANCELLED', reason: 'client', status: 499 });
      await request.closed;
      expect(await active()).toEqual([]);
      expect(await database.query('SELECT 1 AS ok')).toEqual([{ ok: 1 }]);
    });

    it('belongs to the request it is asked in without being passed anything', async () => {
      const failure = runInside(request, () => database.query('SELECT pg_sleep(30)')).catch((error: unknown) => error);
      request.end('deadline');
      expect(await failure).toMatchObject({ reason: 'deadline', status: 504 });
    });

    it('is stopped by a signal of its own, with what that was aborted with, and the request goes on', async () => {
      const controller = new AbortController();
      const failure = database.within(request).query('SELECT pg_sleep(30)', [], { signal: controller.signal });
      controller.abort(new Error('enough'));
      await expect(failure).rejects.toThrow('enough');
      expect(request.state).toBe('open');
      await expect(database.query('SELECT 1', [], { signal: controller.signal })).rejects.toThrow('enough');
    });

    it('is not begun when its request is over already', async () => {
      request.end('client');
      await expect(database.within(request).query('SELECT 1')).rejects.toMatchObject({ reason: 'client' });
    });

    it('that waits for a connection gives up its wait when its request is cut, and nobody else notices', async () => {
      const others = Array.from({ length: 3 }, () => world.root.open('another request'));
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
    });
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
        if (row.n === 1) expect(await countRows()).toBe(5000);
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
      const rows = database.within(request).stream('SELECT n FROM rockstar_numbers ORDER BY n', [], { batchRows: 2 });
      expect([(await rows.next()).value, (await rows.next()).value]).toEqual([{ n: 1 }, { n: 2 }]);
      request.end('client');
      await expect(rows.next()).rejects.toMatchObject({ reason: 'client' });
      await request.closed;
      const abandoned = world.root.open('another request');
      await database.within(abandoned).stream('SELECT n FROM rockstar_numbers').next();
      abandoned.end('client');
      await soon(() => expect([...world.root.inside()].filter((one) => one !== request)).toEqual([]));
      await soon(async () => expect(await database.query('SELECT name FROM pg_cursors WHERE is_holdable')).toEqual([]));
    });

    it('are stopped while the first of them is awaited, and whoever awaits it hears that there are none', async () => {
      const rows = database.within(request).stream('SELECT pg_sleep(30)');
      const first = rows.next();
      await soon(() => expect(waitIn(request)).toBe('query'), LONG_MS);
      expect(await rows.return?.()).toEqual({ done: true, value: undefined });
      expect(await first).toEqual({ done: true, value: undefined });
      expect(await rows.next()).toEqual({ done: true, value: undefined });
      expect(await database.query('SELECT 1 AS ok')).toEqual([{ ok: 1 }]);
    });

    it('come in order to whoever asks for several at once', async () => {
      const rows = database.stream<{ n: number }>('SELECT n FROM rockstar_numbers ORDER BY n', [], { batchRows: 2 });
      const asked = await Promise.all(Array.from({ length: 5 }, () => rows.next()));
      expect(asked.map(({ value }) => (value as { n: number }).n)).toEqual([1, 2, 3, 4, 5]);
      await rows.return?.();
    });

    it('are not asked for before the first is, and then as a part of the request they were made in', async () => {
      const before = world.asked.length;
      const rows = runInside(request, () => database.stream('SELECT n FROM rockstar_numbers'));
      expect(world.asked).toHaveLength(before);
      request.end('deadline');
      await expect(rows.next()).rejects.toMatchObject({ reason: 'deadline' });
      expect(world.asked).toHaveLength(before);
    });

    it('are fetched no further than they are read', async () => {
      const before = world.asked.length;
      const rows = database.stream('SELECT n FROM rockstar_numbers', [], { batchRows: 100 });
      for (let n = 0; n < 150; n++) await rows.next();
      const fetches = world.asked.slice(before).filter(({ operation }) => operation === 'FETCH');
      expect(fetches).toHaveLength(2);
      await rows.return?.();
    });

    it('come as an Observable, too, which stops the query when it is unsubscribed', async () => {
      const all = await lastValueFrom(database.stream$<{ n: number }>('SELECT n FROM rockstar_numbers').pipe(count()));
      expect(all).toBe(5000);
      expect(await firstValueFrom(database.stream$('SELECT n FROM rockstar_numbers ORDER BY n'))).toEqual({ n: 1 });
      const told: unknown[] = [];
      const subscription = database
        .within(request)
        .stream$('SELECT pg_sleep(30)')
        .subscribe({
          next: (row) => told.push(row),
          error: (error) => told.push(error),
          complete: () => told.push('complete'),
        });
      await soon(() => expect(waitIn(request)).toBe('query'), LONG_MS);
      subscription.unsubscribe();
      expect(await database.query('SELECT 1 AS ok')).toEqual([{ ok: 1 }]);
      expect(told).toEqual([]);
      await expect(lastValueFrom(database.stream$('SELECT nothing'))).rejects.toMatchObject({ code: '42703' });
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
      await soon(async () => expect(await countRows()).toBe(5000));
      hanging.open();
      await request.closed;
    });

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

    it('reads rows as they come, with others asked between', async () => {
      const seen = await database.transaction(async (transaction) => {
        const found: unknown[] = [];
        for await (const { n } of transaction.stream('SELECT n FROM rockstar_numbers ORDER BY n', [], { batchRows: 2 })) {
          const [row] = await transaction.query('SELECT $1::int * 2 AS twice', [n]);
          found.push(row?.twice);
          if (found.length === 5) break;
        }
        return [found, await transaction.query('SELECT name FROM pg_cursors')];
      });
      expect(seen).toEqual([[2, 4, 6, 8, 10], []]);
    });

    it('asks one query behind the other, however many are asked at once', async () => {
      const rows = await database.transaction((transaction) =>
        Promise.all([1, 2, 3].map((n) => transaction.query('SELECT $1::int AS n, pg_backend_pid() AS pid', [n]))),
      );
      expect(rows.flat().map(({ n }) => n)).toEqual([1, 2, 3]);
      expect(new Set(rows.flat().map(({ pid }) => pid)).size).toBe(1);
    });

    it('holds its request while the code in it goes on, cut or not', async () => {
      const inside = gate();
      const failure = database
        .within(request)
        .transaction(() => inside.promise)
        .catch((error: unknown) => error);
      await soon(() => expect(world.asked.at(-1)?.operation).toBe('BEGIN'));
      request.end('client');
      expect(await failure).toMatchObject({ reason: 'client' });
      await soon(() => expect(world.asked.at(-1)?.operation).toBe('ROLLBACK'));
      expect(request.state).toBe('ended');
      inside.open();
      await request.closed;
    });

    it('refuses to write when it is read-only', async () => {
      await expect(
        database.transaction((transaction) => transaction.execute('DELETE FROM rockstar_numbers'), { readOnly: true }),
      ).rejects.toMatchObject({ code: '25006' });
    });
  });

  it('says what cannot be sent, and goes on', async () => {
    const circle: Record<string, unknown> = {};
    circle.circle = circle;
    await expect(database.query('SELECT $1::jsonb', [circle])).rejects.toMatchObject({ code: 'DATABASE_QUERY_INVALID' });
    await expect(database.query(undefined as unknown as string)).rejects.toMatchObject({ code: 'DATABASE_QUERY_INVALID' });
    await expect(database.query('SELECT 1', 7 as unknown as [])).rejects.toMatchObject({ code: 'DATABASE_QUERY_INVALID' });
    expect(await database.query('SELECT 1 AS ok')).toEqual([{ ok: 1 }]);
  });

  it('is told what each query was, how long it took and what it failed with', async () => {
    world.asked.length = 0;
    await database.query('  select 1');
    await database.query('TABLE pg_class LIMIT 0');
    await database.query('SELECT 1 / 0').catch(() => 0);
    const cut = database.within(request).query('SELECT pg_sleep(0.1)');
    await soon(() => expect(waitIn(request)).toBe('query'), LONG_MS);
    request.end('client');
    await cut.catch(() => 0);
    await soon(() => expect(world.asked).toHaveLength(4));
    const durationMs = expect.any(Number) as number;
    expect(world.asked).toEqual([
      { operation: 'SELECT', durationMs, error: undefined },
      { operation: 'OTHER', durationMs, error: undefined },
      { operation: 'SELECT', durationMs, error: '22012' },
      { operation: 'SELECT', durationMs, error: 'cancelled' },
    ]);
  });

  it('never lets a late stop hit the next query', async () => {
    const rounds = isEmbedded ? 20 : 150;
    const outcomes = { answered: 0, cut: 0 };
    for (let round = 0; round < rounds; round++) {
      const one = world.root.open('a request');
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
  });
});
