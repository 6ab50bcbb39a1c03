import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readText } from '../architecture/checkout';
import { SampleProcess } from '../support/sample-process';
import { soon } from '../support/soon';
import { configurationOf, findProgram, fitted, freePort, ProxyProcess } from './proxy-process';

const PAGE = 'docs/production.md';

/** What systemd says of a unit. Out: nothing where all is well. */
async function verified(program: string, unit: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'rockstar-unit-'));
  const file = join(folder, 'shop@3001.service');
  writeFileSync(file, fitted(unit, { '/usr/bin/node': process.execPath, '/srv/shop': folder }));
  try {
    return await new Promise((resolve) => {
      execFile(program, ['verify', file], (error, out, errors) =>
        resolve(`${error === null ? '' : error.message}${out}${errors}`),
      );
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('the unit that docs/production.md shows', () => {
  const program = findProgram('systemd-analyze');
  if (program === undefined) it('was not tried: systemd is not installed on this machine', () => expect(program).toBeUndefined());
  else
    it('is accepted by systemd, which would tell a word it does not know', async () => {
      const unit = configurationOf('ini', PAGE);
      expect(await verified(program, unit)).toBe('');
      expect(await verified(program, unit.replace('DynamicUser', 'DynamikUser'))).toContain("Unknown key 'DynamikUser'");
    });

  it('gives an end more time than it may take', () => {
    const unit = configurationOf('ini', PAGE);
    const [, graceMs] = /SHUTDOWN_GRACE_MS=(\d+)/.exec(unit) ?? [];
    const [, stopSeconds] = /TimeoutStopSec=(\d+)/.exec(unit) ?? [];
    expect(Number(stopSeconds) * 1_000).toBeGreaterThan(Number(graceMs));
  });
});

/** Clients that ask, each on a connection it keeps, until they are told to stop. */
class Clients {
  readonly failures: string[] = [];
  answered = 0;
  #isOver = false;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #all: Promise<unknown>;

  constructor(port: number, count: number) {
    this.#all = Promise.all(Array.from({ length: count }, () => this.#keepAsking(port)));
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#all;
    this.#agent.destroy();
  }

  async #keepAsking(port: number): Promise<void> {
    while (!this.#isOver) {
      const status = await this.#ask(port).catch((error: unknown) => String(error));
      if (status === 200) this.answered++;
      else this.failures.push(String(status));
    }
  }

  #ask(port: number): Promise<number | undefined> {
    return new Promise((resolve, reject) => {
      const asked = request({ agent: this.#agent, host: '127.0.0.1', port, path: '/users/7' }, (response) => {
        response.resume().once('end', () => resolve(response.statusCode));
      });
      asked.once('error', reject).end();
    });
  }
}

async function startProxy(program: string, ports: readonly [number, number], port: number): Promise<ProxyProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'rockstar-proxy-'));
  const parts = { '127.0.0.1:3001': `127.0.0.1:${ports[0]}`, '127.0.0.1:3002': `127.0.0.1:${ports[1]}` };
  const server = fitted(configurationOf('nginx', PAGE), { ...parts, 'listen 80': `listen 127.0.0.1:${port}` });
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder}/${name};`);
  const main = `daemon off; master_process off; pid ${folder}/pid; error_log stderr; events {}`;
  writeFileSync(join(folder, 'nginx.conf'), `${main} http { access_log off; ${paths.join(' ')}\n${server} }`);
  return ProxyProcess.start(program, ['-p', folder, '-e', 'stderr', '-c', join(folder, 'nginx.conf')], folder, port);
}

async function startSample(port: number): Promise<SampleProcess> {
  const sample = SampleProcess.sample('hello', { PORT: String(port), LOG_LEVEL: 'error' });
  await sample.listening();
  return sample;
}

describe('two processes behind nginx, as docs/production.md has them', () => {
  const program = findProgram('nginx');
  if (program === undefined)
    it('nothing was tried: nginx is not installed on this machine', () => expect(program).toBeUndefined());
  else
    it('are started anew one after the other, and no GET fails', async () => {
      const ports: [number, number] = [await freePort(), await freePort()];
      const samples = await Promise.all(ports.map(startSample));
      const port = await freePort();
      const proxy = await startProxy(program, ports, port);
      const clients = new Clients(port, 8);
      try {
        for (const [at, ownPort] of ports.entries()) {
          const before = clients.answered;
          await soon(() => expect(clients.answered).toBeGreaterThan(before + 50));
          expect(await samples[at]?.end()).toBe(0);
          samples[at] = await startSample(ownPort);
        }
        const before = clients.answered;
        await soon(() => expect(clients.answered).toBeGreaterThan(before + 50));
      } finally {
        await clients.stop();
        await proxy.stop();
        expect(await Promise.all(samples.map((sample) => sample.end()))).toEqual([0, 0]);
      }
      expect(clients.failures).toEqual([]);
    });
});

it('asks for metrics that there are', () => {
  const known = [...readText('docs/metrics.md').matchAll(/^\| `([a-z][\w.]*)`/gm)].map(([, name = '']) =>
    name.replaceAll('.', '_'),
  );
  const asked = [...readText(PAGE).matchAll(/\b(?:http|nodejs|circuit|request|db|load|process)_[a-z_0-9]+/g)].map(
    ([name]) => name,
  );
  const metrics = asked.filter((name) => !/^http_(route|response_status_code|503)$/.test(name));
  expect(metrics.length).toBeGreaterThan(8);
  const unknown = metrics.filter((name) => !known.includes(name.replace(/(_(seconds|bytes|total|count|bucket))+$/, '')));
  expect(unknown).toEqual([]);
});
