import { once } from 'node:events';
import { connect, type ClientHttp2Session, type ClientHttp2Stream, type IncomingHttpHeaders } from 'node:http2';
import { type Application, createApp } from 'rockstar-web';
import { HttpPushModule, options } from '../src/http2-push.module';

let app: Application;
let session: ClientHttp2Session;
let promised: string[];

async function visit(path: string, headers: Record<string, string> = {}): Promise<IncomingHttpHeaders> {
  const stream = session.request({ ':path': path, ...headers });
  const [response] = (await once(stream, 'response')) as [IncomingHttpHeaders];
  stream.resume();
  await once(stream, 'close');
  return response;
}

beforeEach(async () => {
  app = await createApp(HttpPushModule, { ...options, logger: false });
  session = connect(await app.listen(0), { rejectUnauthorized: false });
  promised = [];
  session.on('stream', (stream: ClientHttp2Stream, headers: IncomingHttpHeaders) => {
    promised.push(String(headers[':path']));
    stream.resume();
  });
});

afterEach(async () => {
  session.destroy();
  await app.close();
});

it.each([
  ['/', ['/static/styles.css', '/static/app.js']],
  ['/spa', ['/static/vendor.js', '/static/app.bundle.js', '/static/app.css', '/static/fonts/main.woff2', '/api/config']],
  ['/api/users/7', ['/api/users/7/posts', '/api/users/7/profile-image']],
])('pushes what %s needs', async (path, expected) => {
  expect((await visit(path))[':status']).toBe(200);
  expect(promised).toEqual(expected);
});

it('pushes nothing to who knows the page', async () => {
  await visit('/app', { 'if-none-match': '"app-1"' });
  expect(promised).toEqual([]);
});

it('pushes ten things at most', async () => {
  await visit('/too-many');
  expect(promised).toHaveLength(10);
});
