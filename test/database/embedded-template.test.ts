import { once } from 'node:events';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { embeddedModule, embeddedTemplate, prepareEmbedded } from '../../lib/database/embedded-template';
import { UNFINISHED, WORKER_SOURCE, type WorkerData, type WorkerSays } from '../../lib/database/embedded-worker';
import { soon } from '../support/soon';

// Files of a database are made, which takes seconds on a machine that has nothing else to do.
jest.setTimeout(90_000);

describe('the files an embedded database starts from', () => {
  let folder: string;
  let workers: Worker[] = [];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'rockstar-test-'));
  });

  afterEach(async () => {
    for (const worker of workers) await worker.terminate();
    workers = [];
    rmSync(folder, { recursive: true, force: true });
  });

  function begin(data: Partial<WorkerData>): Worker {
    if (data.dataDir !== undefined) mkdirSync(data.dataDir, { recursive: true });
    const workerData: WorkerData = { module: embeddedModule(), unfinished: UNFINISHED, ...data };
    const worker = new Worker(WORKER_SOURCE, { eval: true, workerData, execArgv: [] });
    workers.push(worker);
    return worker;
  }

  async function firstOf(worker: Worker): Promise<WorkerSays> {
    const [says] = (await once(worker, 'message')) as [WorkerSays];
    return says;
  }

  it('are copied; who makes them takes those of another that was quicker', async () => {
    await prepareEmbedded();
    const [template, making, dataDir] = [join(folder, 'template'), join(folder, 'making'), join(folder, 'data')];
    mkdirSync(making);
    mkdirSync(dataDir);
    chmodSync(dataDir, 0o2770);
    const slower = firstOf(begin({ template, making, dataDir }));
    await soon(() => expect(readdirSync(making)).not.toEqual([]), 30_000);
    cpSync(embeddedTemplate()?.path ?? '', template, { recursive: true });
    // What shows whose files they are: one that no database makes.
    writeFileSync(join(template, 'mark'), '');
    expect(await slower).toEqual({ is: 'ready' });
    expect(readdirSync(dataDir)).toEqual(expect.arrayContaining(['PG_VERSION', 'mark']));
    expect(readdirSync(dataDir)).not.toContain(UNFINISHED);
    // The folder is the one that somebody made.
    expect(statSync(dataDir).mode & 0o7777).toBe(0o2770);
  });

  it('are copied anew into a folder that a process was killed over', async () => {
    await prepareEmbedded();
    const dataDir = join(folder, 'data');
    mkdirSync(join(dataDir, 'base'), { recursive: true });
    for (const name of [UNFINISHED, 'PG_VERSION', 'left']) writeFileSync(join(dataDir, name), '');
    expect(await firstOf(begin({ template: embeddedTemplate()?.path, dataDir }))).toEqual({ is: 'ready' });
    const names = readdirSync(dataDir);
    expect([names.includes('left'), names.includes(UNFINISHED)]).toEqual([false, false]);
  });

  it('are created as if there were no others when those cannot be copied, anew where a thread was ended over it', async () => {
    const template = join(folder, 'template');
    writeFileSync(template, 'no folder');
    const dataDir = join(folder, 'data');
    const ended = begin({ template, dataDir });
    // Only a database that makes them itself has this one before it is ready.
    await soon(() => expect(existsSync(join(dataDir, 'base'))).toBe(true), 60_000);
    await ended.terminate();
    expect(readdirSync(dataDir)).toContain(UNFINISHED);
    expect(await firstOf(begin({ template, dataDir }))).toEqual({ is: 'ready' });
    expect(readdirSync(dataDir)).not.toContain(UNFINISHED);
    expect(existsSync(template)).toBe(true);
  });

  it('are created as if there were no others when those are broken, and the broken ones go', async () => {
    const template = join(folder, 'template');
    mkdirSync(template);
    writeFileSync(join(template, 'PG_VERSION'), '18\n');
    const dataDir = join(folder, 'data');
    begin({ template, dataDir });
    await soon(() => expect([existsSync(template), existsSync(join(dataDir, 'base'))]).toEqual([false, true]), 30_000);
  });

  it('are kept beside the package they belong to, and nothing is left of their making', async () => {
    await prepareEmbedded();
    const template = embeddedTemplate();
    expect(template).toEqual({
      path: expect.stringMatching(/node_modules.\.cache.rockstar-web.embedded-\d+\.\d+\.\d+$/) as string,
    });
    const copy = join(folder, 'copy');
    cpSync(template?.path ?? '', copy, { recursive: true });
    expect(await firstOf(begin({ dataDir: copy }))).toEqual({ is: 'ready' });
  });
});
