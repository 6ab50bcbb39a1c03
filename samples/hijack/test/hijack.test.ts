import { text } from 'node:stream/consumers';
import { createTestApp, type TestApplication } from 'rockstar-web/testing';
import { HijackModule } from '../src/hijack.module';

let app: TestApplication;

beforeAll(async () => {
  app = await createTestApp(HijackModule);
});

afterAll(() => app.close());

/** Sends bytes on a connection, ends it, and waits for everything that comes back. */
function say(path: string, headers: string, bytes: string): Promise<string> {
  const connection = app.connect();
  connection.end(Buffer.from(`GET ${path} HTTP/1.1\r\nHost: test\r\n${headers}\r\n${bytes}`, 'latin1'));
  return text(connection);
}

const UPGRADE = 'Connection: Upgrade\r\nUpgrade: custom-protocol\r\n';

it('echoes lines, whatever they look like', async () => {
  const head = 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nConnection hijacked!\r\n';
  expect(await say('/hijack', '', 'one\nGET / HTTP/1.1\r\n')).toBe(`${head}Echo: one\nEcho: GET / HTTP/1.1\n`);
});

it('echoes frames to who asks for the protocol', async () => {
  const answer = await say('/binary-protocol', UPGRADE, '\0\0\0\x02hi');
  expect(answer).toMatch(/^HTTP\/1\.1 101 /);
  expect(answer.endsWith('\r\n\r\n\0\0\0\x02hi')).toBe(true);
  expect(await say('/binary-protocol', '', '')).toMatch(/^HTTP\/1\.1 426 /);
});

it('lets nobody in who may not, and leads nowhere by default', async () => {
  expect(await say('/secure-hijack', UPGRADE, '')).toMatch(/^HTTP\/1\.1 401 /);
  expect(await say('/proxy/anything', '', '')).toMatch(/^HTTP\/1\.1 403 /);
});

it('leaves nothing open', () => {
  expect(app.leaks()).toEqual([]);
});
