import { once } from 'node:events';
import fs, { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { soon } from '../support/soon';
import { CliOf } from './cli-of';

/** Says what its sources are, to whoever waits for it, and stays. */
const PROGRAM = `
const value = require('./value');
require('node:net').connect(process.env.TOLD_AT, '127.0.0.1').end(value);
setInterval(() => undefined, 60_000);
`;

let cli: CliOf;
let server: Server;
beforeEach(async () => {
  cli = new CliOf();
  server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  mkdirSync(join(cli.folder, 'src'));
  put('package.json', '{}');
  put('nest-like-cli.json', '{ "entryFile": "main.js" }');
  put('src/main.js', PROGRAM);
  put('src/value.js', 'module.exports = "first"');
  cli.environment = { TOLD_AT: String((server.address() as AddressInfo).port) };
});
afterEach(async () => {
  server.close();
  await once(server, 'close');
  cli.remove();
});

const at = (path: string): string => join(cli.folder, path);
function put(path: string, content: string): void {
  writeFileSync(at(path), content);
}

/** What the next run of the program says. */
async function told(): Promise<string> {
  const [socket] = (await once(server, 'connection')) as [Socket];
  return text(socket);
}

/** As many editors save: another file takes the place of the one that is there. */
function replace(path: string, content: string): void {
  put(`${path}~`, content);
  renameSync(at(`${path}~`), at(path));
}

describe('rockstar start --watch', () => {
  it('starts again each time a file is saved, however that is done', async () => {
    let next = told();
    const ended = cli.run('start', '--watch');
    expect(await next).toBe('first');
    const ways: Record<string, (content: string) => void> = {
      written: (content) => put('src/value.js', content),
      replaced: (content) => replace('src/value.js', content),
      'replaced again': (content) => replace('src/value.js', content),
      'written again': (content) => put('src/value.js', content),
      'taken away and made anew': (content) => {
        rmSync(at('src/value.js'));
        put('src/value.js', content);
      },
      'made a folder': (content) => {
        mkdirSync(at('src/value'));
        put('src/value/index.js', content);
        rmSync(at('src/value.js'));
      },
      'replaced in there': (content) => replace('src/value/index.js', content),
      'replaced in there again': (content) => replace('src/value/index.js', content),
    };
    for (const [way, save] of Object.entries(ways)) {
      next = told();
      save(`module.exports = '${way}'`);
      expect(await next).toBe(way);
    }
    cli.interrupt.abort('SIGTERM');
    expect(await ended).toBe(143);
  });

  it('waits for the next change when the program fails, and ends when it is asked to meanwhile', async () => {
    put('src/value.js', 'process.exit(1)');
    const ended = cli.run('start', '--watch');
    await soon(() => expect(cli.errors).toMatch(/^The program ended with exit code 1; it is started again when /m), 30_000);
    const next = told();
    put('src/value.js', 'module.exports = "mended"');
    expect(await next).toBe('mended');
    put('src/value.js', 'process.exit(1)');
    await soon(() => expect(cli.errors.match(/ended with exit code 1/g)).toHaveLength(2), 30_000);
    cli.interrupt.abort('SIGTERM');
    expect(await ended).toBe(1);
  });

  it('stops, and says so, when what comes new cannot be watched', async () => {
    const next = told();
    const ended = cli.run('start', '--watch');
    expect(await next).toBe('first');
    jest.spyOn(fs, 'watch').mockImplementation(() => {
      throw Object.assign(new Error('ENOSPC: System limit for number of file watchers reached'), { code: 'ENOSPC' });
    });
    try {
      mkdirSync(at('src/more'));
      expect(await ended).toBe(1);
    } finally {
      jest.restoreAllMocks();
    }
    expect(cli.errors).toMatch(/^CLI_WATCH_FAILED: .*src can no longer be watched, .* ENOSPC: .*max_user_watches/m);
  });
});
