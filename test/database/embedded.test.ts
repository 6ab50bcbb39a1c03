import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TemporaryFolder } from '../../lib/database/temporary-folder';
import type { DatabaseOptions } from '../../lib/database/database-options';
import { waitIn } from '../../lib/lifetime/waits-for';
import { soon } from '../support/soon';
import { failureOf, World } from './world';

// Several starts of a database or a process, on a machine that may have much else to do.
const SECONDS = 1_000;

/** The embedded database may have to start anew, because of what was cut before. */
const LONG_MS = 30 * SECONDS;

describe('the embedded database', () => {
  /** Its files are made once: that takes longest. */
  let dataDir: string;
  let worlds: World[] = [];

  beforeAll(async () => {
    dataDir = mkdtempSync(join(tmpdir(), 'rockstar-test-'));
    const world = open();
    await world.database.execute('CREATE TABLE kept (n int)');
    await world.database.execute('INSERT INTO kept VALUES (1), (2), (3)');
    await world.close();
    worlds = [];
  }, 60 * SECONDS);

  afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

  afterEach(async () => {
    for (const world of worlds) await world.close();
    worlds = [];
  });

  function open(options: DatabaseOptions = {}): World {
    const world = new World({ url: 'embedded', dataDir, ...options });
    worlds.push(world);
    return world;
  }

  it('keeps its files where it is told to', async () => {
    const { database } = open();
    expect(await database.query('SELECT n FROM kept ORDER BY n')).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
  });

  it('frees a request at once, also from a query that it cannot interrupt; the next one has a thread of its own', async () => {
    const { root, database, log, connections } = open();
    await database.execute('INSERT INTO kept VALUES (4)');
    const request = root.open('a request');
    const failure = failureOf(database.within(request).query(ENDLESS));
    await soon(() => expect(waitIn(request)).toBe('query'), LONG_MS);
    request.end('client');
    expect(await failure).toMatchObject({ reason: 'client' });
    await request.closed;
    // The thread is at work still.
    expect(connections.numbers.used).toBe(1);
    expect(await database.query('SELECT count(*)::int AS n FROM kept')).toEqual([{ n: 4 }]);
    expect(log.lines.map(({ message }) => message)).toContain('a query of the embedded database was cut, and its thread ended');
    await database.execute('DELETE FROM kept WHERE n = 4');
  });

  it('lets a short query come to its end when it was cut, and goes on with the same thread', async () => {
    const { root, database, log } = open();
    await database.execute("SET application_name = 'the same'");
    const request = root.open('a request');
    const failure = failureOf(database.within(request).query('SELECT pg_sleep(0.02)'));
    await soon(() => expect(waitIn(request)).toBe('query'), LONG_MS);
    request.end('client');
    expect(await failure).toMatchObject({ reason: 'client' });
    expect(await database.query('SHOW application_name')).toEqual([{ application_name: 'the same' }]);
    expect(log.lines).toEqual([]);
  });

  it('hits no other query when a thread is ended: those that wait are answered', async () => {
    const { root, database } = open();
    await database.query('SELECT 1');
    const request = root.open('a request');
    const failure = failureOf(database.within(request).query(ENDLESS));
    await soon(() => expect(waitIn(request)).toBe('query'), LONG_MS);
    const waiting = [1, 2, 3].map((n) => database.query('SELECT $1::int AS n', [n]));
    request.end('deadline');
    expect(await failure).toMatchObject({ reason: 'deadline' });
    expect(await Promise.all(waiting)).toEqual([[{ n: 1 }], [{ n: 2 }], [{ n: 3 }]]);
  });

  it('loses the rows that others are reading when a thread is ended, and says so', async () => {
    const { root, database } = open();
    const rows = database.stream('SELECT n FROM kept ORDER BY n', [], { batchRows: 1 });
    expect(await rows.next()).toEqual({ done: false, value: { n: 1 } });
    const request = root.open('a request');
    const failure = failureOf(database.within(request).query(ENDLESS));
    await soon(() => expect(waitIn(request)).toBe('query'), LONG_MS);
    request.end('client');
    await failure;
    await expect(rows.next()).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE', status: 503 });
  });

  it('takes back what a transaction did whose thread was ended', async () => {
    const { root, database } = open();
    const request = root.open('a request');
    const failure = failureOf(
      database.within(request).transaction(async (transaction) => {
        await transaction.execute('DELETE FROM kept');
        await transaction.query(ENDLESS);
      }),
    );
    await soon(() => expect(waitIn(request)).toBe('query'), LONG_MS);
    request.end('client');
    expect(await failure).toMatchObject({ reason: 'client' });
    expect(await database.query('SELECT count(*)::int AS n FROM kept')).toEqual([{ n: 3 }]);
  });

  it('is closed while it works', async () => {
    const world = open();
    await world.database.query('SELECT 1');
    const failure = failureOf(world.database.query(ENDLESS));
    await soon(() => expect(world.connections.numbers.used).toBe(1), LONG_MS);
    await world.close();
    expect(await failure).toMatchObject({ reason: 'shutdown' });
  });

  it('is closed while it starts', async () => {
    const world = open();
    const failure = failureOf(world.database.query('SELECT 1'));
    await world.close();
    expect(await failure).toMatchObject({ reason: 'shutdown' });
  });

  it('says when it cannot start, and tries anew', async () => {
    const inTheWay = join(dataDir, '..', `rockstar-test-${process.pid}-file`);
    writeFileSync(inTheWay, 'no folder');
    try {
      const world = open({ dataDir: inTheWay });
      expect(await failureOf(world.database.query('SELECT 1'))).toMatchObject({ code: 'DATABASE_UNAVAILABLE', status: 503 });
      await expect(world.connections.probe()).rejects.toThrow();
      expect(await failureOf(world.database.query('SELECT 1'))).toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
    } finally {
      rmSync(inTheWay);
    }
  });

  it('keeps no timer and no socket that would keep the process alive while nothing is asked', async () => {
    const { database } = open();
    const before = process.getActiveResourcesInfo().length;
    await database.query('SELECT 1');
    await soon(() => expect(process.getActiveResourcesInfo().length).toBeLessThanOrEqual(before));
  });
});

describe('the temporary folder of an embedded database', () => {
  it('goes with who made it; what a process that was killed left goes with the next one', () => {
    const prefix = `rockstar-test-folders-${process.pid}`;
    const folder = new TemporaryFolder(prefix);
    writeFileSync(join(folder.path, 'file'), 'text');
    const named = (): string[] => readdirSync(tmpdir()).filter((name) => name.startsWith(prefix));
    // No process has that number: it is larger than any.
    const stale = mkdtempSync(join(tmpdir(), `${prefix}-99999999-`));
    const next = new TemporaryFolder(prefix);
    expect(existsSync(stale)).toBe(false);
    expect(named()).toHaveLength(2);
    next.remove();
    folder.remove();
    expect(named()).toEqual([]);
    expect(process.listeners('exit')).not.toContain(folder.remove);
  });
});

/** Computes for hours. */
const ENDLESS = 'SELECT count(*) FROM generate_series(1, 1000000000) AS a, generate_series(1, 1000000) AS b';
