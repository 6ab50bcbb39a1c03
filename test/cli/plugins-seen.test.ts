import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from '../architecture/checkout';

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly errors: string;
}

/** A command of the checkout, in the folder of the sample plugins. */
function rockstar(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<Ran> {
  const command = [
    '--conditions=rockstar-source',
    '-r',
    join(ROOT, 'samples/compile.cjs'),
    join(ROOT, 'lib/cli/main.ts'),
    ...args,
  ];
  const env = { PATH: process.env.PATH, HOME: process.env.HOME, ADMIN_TOKEN: 'secret', ...environment };
  return new Promise((resolve) => {
    execFile(process.execPath, command, { cwd: join(ROOT, 'samples/plugins'), env }, (error, out, errors) =>
      resolve({ code: error === null ? 0 : Number(error.code), out, errors }),
    );
  });
}

describe('of an application of plugins', () => {
  it('rockstar graph tells which version each importer is given, as Mermaid and as JSON', async () => {
    const [mermaid, json] = await Promise.all([rockstar(['graph', '--format', 'mermaid']), rockstar(['graph', '--json'])]);
    expect([mermaid.code, json.code]).toEqual([0, 0]);
    expect(mermaid.out).toMatch(/^ {2}(s\d+)\{\{"auth 1\.4\.0"\}\}$[^]*^ {2}m\d+ -->\|"\^1"\| \1$/m);
    const { modules } = JSON.parse(json.out) as { modules: { plugin?: { name: string }; services: unknown[] }[] };
    expect(modules.find(({ plugin }) => plugin?.name === 'cache-plugin')?.services).toMatchObject([
      { service: 'cache', version: '1.0.0' },
      { service: 'cache', version: '2.0.0' },
    ]);
  }, 120_000);

  it('rockstar routes tells the plugin of each', async () => {
    const { code, out } = await rockstar(['routes']);
    expect(code).toBe(0);
    expect(out).toMatch(/^POST +\/api\/login +LoginController\.login +user-plugin@1\.0\.0 /m);
  }, 120_000);

  it('rockstar check counts plugins and services, and finds every mistake without starting', async () => {
    const fine = await rockstar(['check']);
    expect([fine.code, fine.out]).toEqual([
      0,
      expect.stringMatching(/^Nothing is wrong: \d+ modules \(7 plugins\), .*, 4 services, /),
    ]);
    const broken = await rockstar(['check'], { BROKEN: 'cycle' });
    expect([broken.code, broken.out]).toEqual([1, '']);
    expect(broken.errors).toContain('1 mistake:\n  1. PLUGIN_CYCLE: ');
    const secret = await rockstar(['check', '--json'], { AUTH_SECRET: 'hush' });
    expect([secret.code, secret.out.includes('hush')]).toEqual([1, false]);
    expect(JSON.parse(secret.out)).toMatchObject({
      ok: false,
      mistakes: [{ code: 'CONFIG_INVALID' }, { code: 'CONFIG_INVALID' }],
    });
  }, 120_000);
});
