import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { embeddedModule, embeddedTemplate, prepareEmbedded } from '../../lib/database/embedded-template';
import { WORKER_SOURCE, type WorkerData, type WorkerSays } from '../../lib/database/embedded-worker';
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
    const workerData: WorkerData = { module: embeddedModule(), ...data };
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
    const [template, making] = [join(folder, 'template'), join(folder, 'making')];
    mkdirSync(making);
    const slower = firstOf(begin({ template, making, dataDir: join(folder, 'data') }));
    await soon(() => expect(readdirSync(making)).not.toEqual([]), 30_000);
    cpSync(embeddedTemplate()?.path ?? '', template, { recursive: true });
    // What shows whose files they are: one that no database makes.
    writeFileSync(join(template, 'mark'), '');
    expect(await slower).toEqual({ is: 'ready' });
    expect(existsSync(join(folder, 'data', 'mark'))).toBe(true);
    expect(readdirSync(folder).filter((name) => name.endsWith('.new'))).toEqual([]);
  });

  it('are created as if there were no others when those are broken, and the broken ones go', async () => {
    const template = join(folder, 'template');
    mkdirSync(template);
    writeFileSync(join(template, 'PG_VERSION'), '18\n');
    const dataDir = join(folder, 'data');
    expect(await firstOf(begin({ template, dataDir }))).toEqual({ is: 'ready' });
    expect([existsSync(template), existsSync(join(dataDir, 'base'))]).toEqual([false, true]);
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
