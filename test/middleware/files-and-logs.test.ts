import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import morgan from 'morgan';
import { type Application, Controller, Get } from 'rockstar-web';
import serveStatic from 'serve-static';
import { doors } from '../journeys/doors';
import { soon } from '../support/soon';
import { askBytes, recorded, withMiddleware } from './middleware-app';

@Controller()
class Root {
  @Get('/')
  root(): string {
    return 'the root';
  }

  @Get('/files/listed.txt')
  listed(): string {
    return 'of the route';
  }
}

const TEXT = '0123456789';
const LARGE = Buffer.alloc(3_000_000, 'abcdefgh');
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'middleware-'));
  writeFileSync(join(folder, 'digits.txt'), TEXT);
  writeFileSync(join(folder, 'large.bin'), LARGE);
  writeFileSync(join(folder, 'index.html'), '<p>index</p>');
});

afterAll(() => rmSync(folder, { recursive: true }));

describe.each(doors)('serve-static over $name', (door) => {
  const prepare = (app: Application): void => void app.use('/files', serveStatic(folder));

  it('sends files, ranges, and 304 below its prefix', async () => {
    await withMiddleware(door, [Root], prepare, async (client, { app }) => {
      const whole = await client.ask({ path: '/files/digits.txt' });
      expect([whole.status, whole.text, whole.header('content-length'), whole.header('accept-ranges')]).toEqual([
        200,
        TEXT,
        '10',
        'bytes',
      ]);
      const part = await client.ask({ path: '/files/digits.txt', headers: { range: 'bytes=2-5' } });
      expect([part.status, part.text, part.header('content-range')]).toEqual([206, '2345', 'bytes 2-5/10']);
      const tag = whole.header('etag') ?? '';
      const unchanged = await client.ask({ path: '/files/digits.txt', headers: { 'if-none-match': tag } });
      expect([unchanged.status, unchanged.text, unchanged.header('etag')]).toEqual([304, '', tag]);
      const head = await client.ask({ method: 'HEAD', path: '/files/digits.txt' });
      expect([head.status, head.text, head.header('content-length')]).toEqual([200, '', '10']);
      await soon(() => expect(recorded(app.metrics.snapshot())).toEqual(['200', '200', '206', '304']));
    });
  });

  it('keeps the status and the headers of what it refuses', async () => {
    await withMiddleware(door, [Root], prepare, async (client) => {
      const beyond = await client.ask({ path: '/files/digits.txt', headers: { range: 'bytes=50-60' } });
      expect([beyond.status, beyond.header('content-range')]).toEqual([416, 'bytes */10']);
      expect(beyond.header('etag')).toBeUndefined();
      const precondition = await client.ask({ path: '/files/digits.txt', headers: { 'if-match': '"other"' } });
      expect(precondition.status).toBe(412);
    });
  });

  it('sends a directory on with its prefix, and leaves the rest to the routes', async () => {
    await withMiddleware(door, [Root], prepare, async (client) => {
      const directory = await client.ask({ path: '/files?a=1' });
      expect([directory.status, directory.header('location')]).toEqual([301, '/files/?a=1']);
      expect((await client.ask({ path: '/files/' })).text).toBe('<p>index</p>');
      expect((await client.ask({ path: '/files/listed.txt' })).text).toBe('of the route');
      expect((await client.ask({ path: '/files/missing.txt' })).json()).toMatchObject({ status: 404, code: 'ROUTE_NOT_FOUND' });
      expect((await client.ask({ path: '/files/../secret' })).status).toBeGreaterThanOrEqual(400);
      expect((await client.ask({ path: '/' })).text).toBe('the root');
    });
  });

  it('sends what is large whole, however many ask at once', async () => {
    await withMiddleware(door, [Root], prepare, async (_client, { url }) => {
      const answers = await Promise.all(Array.from({ length: 4 }, () => askBytes(door, url, { path: '/files/large.bin' })));
      expect(answers.map(({ body }) => body.equals(LARGE))).toEqual([true, true, true, true]);
    });
  });

  it('stops when its client leaves half-way', async () => {
    await withMiddleware(door, [Root], prepare, async (client, { app }) => {
      const asked = client.begin({ path: '/files/large.bin' });
      await asked.received('abcdefgh');
      asked.leave();
      await soon(() => expect(recorded(app.metrics.snapshot())).toEqual([expect.stringMatching(/499|200/)]));
    });
  });
});

describe.each(doors)('morgan over $name', (door) => {
  it('logs what was asked and answered, whoever answered', async () => {
    const lines: string[] = [];
    const write = (line: string): void => void lines.push(line.trim());
    await withMiddleware(
      door,
      [Root],
      (app) =>
        app
          .use(morgan(':method :url :status :res[content-length] HTTP/:http-version :remote-addr', { stream: { write } }))
          .use('/files', serveStatic(folder)),
      async (client) => {
        await client.ask({ path: '/' });
        await client.ask({ path: '/files/digits.txt' });
        await client.ask({ path: '/nowhere' });
        await soon(() => expect(lines).toHaveLength(3));
      },
    );
    const version = `HTTP/${door.version} 127.0.0.1`;
    expect(lines.map((line) => line.replace(/404 \d+/, '404 n'))).toEqual([
      `GET / 200 8 ${version}`,
      `GET /files/digits.txt 200 10 ${version}`,
      `GET /nowhere 404 n ${version}`,
    ]);
  });
});
