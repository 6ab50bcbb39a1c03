import { once } from 'node:events';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { generate } from 'selfsigned';
import { ROOT } from '../architecture/checkout';
import { CliOf } from './cli-of';

const DAY_MS = 24 * 60 * 60 * 1_000;

let cli: CliOf;
beforeEach(() => {
  cli = new CliOf();
});
afterEach(() => cli.remove());

function put(path: string, text: string): void {
  mkdirSync(dirname(join(cli.folder, path)), { recursive: true });
  writeFileSync(join(cli.folder, path), text);
}

describe('rockstar doctor', () => {
  it('tells what of the environment an application would not start with', async () => {
    cli.environment = { PORT: 'abc', LOG_LEVEL: 'loud', TLS_CERT: join(cli.folder, 'none.pem') };
    expect(await cli.run('doctor')).toBe(1);
    expect(cli.out).toMatch(/^FAIL +environment +ENVIRONMENT_INVALID: .*PORT takes .* got "abc"\.$/m);
    expect(cli.out).toMatch(/^FAIL +environment +ENVIRONMENT_INVALID: .*LOG_LEVEL takes/m);
    expect(cli.out).toMatch(/^FAIL +environment +ENVIRONMENT_INVALID: .*TLS_CERT takes the path/m);
    expect(cli.out).toMatch(/^ok +Node/m);
  });

  it('tells that the port is taken: that which is said, else that of the environment', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const port = String((server.address() as AddressInfo).port);
    expect(await cli.run('doctor', '--port', port)).toBe(0);
    expect(cli.out).toMatch(new RegExp(`^warn +port ${port} +is taken by another program`, 'm'));
    cli.environment = { PORT: port };
    await cli.run('doctor');
    expect(cli.out).toMatch(new RegExp(`^warn +port ${port} +is taken`, 'm'));
    server.close();
    await once(server, 'close');
  });

  it('tells that nobody could listen where HOST says', async () => {
    cli.environment = { HOST: '192.0.2.1' };
    expect(await cli.run('doctor', '--port', '0')).toBe(1);
    expect(cli.out).toMatch(/^FAIL +port 0 +cannot be had on 192\.0\.2\.1 \(E\w+\)\. Set HOST to/m);
  });

  it.each([
    ['fine', -1, 90, /^ok +certificate +of CN=shop\.example, until /m, 0],
    ['soon over', -1, 5, /^warn +certificate .*renew it soon\.$/m, 0],
    ['over', -90, -1, /^FAIL +certificate .*its time is over\. Renew it\.$/m, 1],
    ['not to be used yet', 2, 90, /^FAIL +certificate .*but no sooner than from /m, 1],
  ])('tells that the certificate which the environment names is %s', async (_what, fromDay, toDay, expected, code) => {
    const [notBeforeDate, notAfterDate] = [fromDay, toDay].map((day) => new Date(Date.now() + day * DAY_MS));
    const pems = await generate([{ name: 'commonName', value: 'shop.example' }], { keyType: 'ec', notBeforeDate, notAfterDate });
    put('key.pem', pems.private);
    put('cert.pem', pems.cert);
    cli.environment = { TLS_KEY: join(cli.folder, 'key.pem'), TLS_CERT: join(cli.folder, 'cert.pem') };
    expect(await cli.run('doctor', '--port', '0')).toBe(code);
    expect(cli.out).toMatch(expected);
  });

  it('tells that key and certificate do not belong together', async () => {
    const [one, other] = await Promise.all([1, 2].map(() => generate([{ name: 'commonName', value: 'a' }], { keyType: 'ec' })));
    put('key.pem', one?.private ?? '');
    put('cert.pem', other?.cert ?? '');
    cli.environment = { TLS_KEY: join(cli.folder, 'key.pem'), TLS_CERT: join(cli.folder, 'cert.pem') };
    expect(await cli.run('doctor', '--port', '0')).toBe(1);
    expect(cli.out).toMatch(/^FAIL +certificate +TLS_KEY and TLS_CERT cannot be used together: /m);
  });

  it('tells of an application what keeps it from working', async () => {
    put('package.json', '{ "name": "app" }');
    put('package-lock.json', '{}');
    put('yarn.lock', '');
    put('tsconfig.json', '{ "compilerOptions": { "experimentalDecorators": true } }');
    for (const folder of ['', 'node_modules/plugin/']) {
      put(`${folder}node_modules/rockstar-web/package.json`, '{ "name": "rockstar-web", "version": "0.0.1" }');
      put(`${folder}node_modules/rxjs/package.json`, '{ "name": "rxjs", "version": "7.0.0" }');
    }
    symlinkSync(join(ROOT, 'node_modules/typescript'), join(cli.folder, 'node_modules/typescript'));
    expect(await cli.run('doctor', '--port', '0')).toBe(1);
    expect(cli.out).toMatch(/^FAIL +program +there is no src\/main\.ts/m);
    expect(cli.out).toMatch(/^FAIL +metadata +no types are written down for injection: set emitDecoratorMetadata in/m);
    expect(cli.out).toMatch(/^FAIL +copies +rockstar-web is there 2 times \(0\.0\.1 in .*plugin/m);
    expect(cli.out).toMatch(/^warn +copies +rxjs is there 2 times/m);
    expect(cli.out).toMatch(/^warn +rockstar-web +0\.0\.1 here, but this command is of/m);
    expect(cli.out).toMatch(/^warn +lock +package-lock\.json and yarn\.lock: keep that of/m);
    expect(cli.errors).toMatch(/What is marked FAIL keeps an application from working as it should/);
  });

  it('tells of a program that Node takes for an ES module, and so do the commands that load it', async () => {
    put('package.json', '{ "type": "module" }');
    put('src/main.ts', 'export {};');
    const told = /CLI_ENTRY_ES_MODULE: src\/main\.ts is an ES module, .* Write "type": "commonjs" there; /;
    expect(await cli.run('doctor', '--port', '0')).toBe(1);
    expect(cli.out).toMatch(new RegExp(`^FAIL +program +${told.source}`, 'm'));
    for (const command of ['start', 'check']) {
      expect(await cli.run(command)).toBe(1);
      expect(cli.errors).toMatch(told);
    }
  });
});
