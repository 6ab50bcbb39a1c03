import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepareEmbedded } from '../../lib/database/embedded-template';
import { UNFINISHED } from '../../lib/database/embedded-worker';
import { SampleProcess } from '../support/sample-process';
import { soon } from '../support/soon';
import { failureOf, World } from './world';

// Several starts of a database or a process, on a machine that may have much else to do.
const LONG_MS = 30_000;

let folder: string;
let dataDir: string;
let running: SampleProcess[] = [];
let worlds: World[] = [];

// To be copied, so that a folder is filled in a moment, and opened for several.
beforeAll(() => prepareEmbedded(), 90_000);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rockstar-test-'));
  dataDir = join(folder, 'data');
});

afterEach(async () => {
  await Promise.all(running.map((one) => one.end('SIGKILL')));
  for (const world of worlds) await world.close();
  running = [];
  worlds = [];
  rmSync(folder, { recursive: true, force: true });
});

function open(): World {
  const world = new World({ url: 'embedded', dataDir });
  worlds.push(world);
  return world;
}

function start(environment: Readonly<Record<string, string>> = {}): SampleProcess {
  const app = SampleProcess.fixture('starting-database.ts', { DATA_DIR: dataDir, ...environment });
  running.push(app);
  return app;
}

async function asking(app: SampleProcess): Promise<void> {
  while (!app.stdout.includes('asking')) await once(app.child.stdout as NodeJS.ReadableStream, 'data');
}

/** Whether somebody has waited for its start. */
function isWhole(): boolean {
  return existsSync(join(dataDir, 'PG_VERSION')) && !existsSync(join(dataDir, UNFINISHED));
}

describe('a process that is told to stop while its embedded database starts', () => {
  it.each(['hook', 'configure'])('does not wait for the start that its %s waits for, and ends with code 0', async (asks) => {
    const app = start({ ASKS: asks });
    await asking(app);
    expect(await app.end()).toBe(0);
    expect(app.stdout).toBe('asking\n');
    expect(app.stderr).toContain('"stopped before it had started"');
    expect(isWhole()).toBe(false);
  });

  it('answers 503 to a request that waits for it, and ends with code 0', async () => {
    const app = start();
    const answer = fetch(new URL('/one', await app.listening())).then(async (response) => [
      response.status,
      await response.json(),
    ]);
    await asking(app);
    expect(await app.end()).toBe(0);
    expect(await answer).toMatchObject([503, { code: 'SERVER_STOPPING' }]);
    expect(isWhole()).toBe(false);
  });

  it('cancels what the application itself asks; the same folder serves the next process', async () => {
    const app = start();
    await fetch(new URL('/begin', await app.listening()));
    await asking(app);
    expect(await app.end()).toBe(0);
    expect(app.stdout).toContain('cut: shutdown\n');
    expect(isWhole()).toBe(false);
    const next = start();
    expect(await (await fetch(new URL('/one', await next.listening()))).json()).toEqual([{ one: 1 }]);
    expect(await next.end()).toBe(0);
    expect(isWhole()).toBe(true);
  });
});

describe('an embedded database that is closed while it starts', () => {
  it('is not started any further, and all who wait for it are cancelled when the application begins to stop', async () => {
    const world = open();
    const waiting = [1, 2, 3].map(() => failureOf(world.database.query('SELECT 1')));
    await soon(() => expect(existsSync(join(dataDir, UNFINISHED))).toBe(true), LONG_MS);
    world.root.finish();
    expect(await Promise.all(waiting)).toMatchObject(Array(3).fill({ reason: 'shutdown' }));
    expect(world.log.lines.map(({ message }) => message)).toContain('the start of the embedded database was given up');
    await world.close();
    expect(isWhole()).toBe(false);
  });

  it('is not started any further when nobody asks for it any more', async () => {
    const world = open();
    const request = world.root.open('a request');
    const failure = failureOf(world.database.within(request).query('SELECT 1'));
    await soon(() => expect(existsSync(join(dataDir, UNFINISHED))).toBe(true), LONG_MS);
    request.end('client');
    expect(await failure).toMatchObject({ reason: 'client' });
    await world.close();
    expect(isWhole()).toBe(false);
  });

  it('leaves a folder that the next start makes a database of, wherever it was cut', async () => {
    // As it is filled, and as what was filled is opened for the first time.
    for (const file of [UNFINISHED, 'PG_VERSION', 'pg_wal', 'postmaster.pid']) {
      const world = open();
      const failure = failureOf(world.database.query('SELECT 1'));
      await soon(() => expect(existsSync(join(dataDir, file))).toBe(true), LONG_MS);
      await world.close();
      expect(await failure).toMatchObject({ reason: 'shutdown' });
    }
    const { database } = open();
    await database.execute('CREATE TABLE kept AS SELECT 1 AS n');
    await worlds.pop()?.close();
    expect(await open().database.query('SELECT n FROM kept')).toEqual([{ n: 1 }]);
    expect(isWhole()).toBe(true);
  });

  it('goes on for those who ask it when it had started before the application begins to stop', async () => {
    const world = open();
    await world.database.query('SELECT 1');
    const asked = world.database.query('SELECT pg_sleep(0.1), 2 AS n');
    const behind = world.database.query('SELECT 3 AS n');
    world.root.finish();
    expect([await asked, await behind]).toMatchObject([[{ n: 2 }], [{ n: 3 }]]);
  });
});
