import { once } from 'node:events';
import { createTestApp, type TestApplication } from 'rockstar-web/testing';
import { WebSocket } from 'ws';
import { ChatModule } from '../src/chat.module';

let app: TestApplication;
let url: URL;

beforeAll(async () => {
  app = await createTestApp(ChatModule);
  url = await app.app.listen(0);
});

afterAll(() => app.close());

async function enter(path: string): Promise<WebSocket> {
  const socket = new WebSocket(`ws://${url.host}${path}`);
  await once(socket, 'open');
  return socket;
}

async function next(socket: WebSocket): Promise<unknown> {
  const [data] = (await once(socket, 'message')) as [Buffer];
  return JSON.parse(data.toString());
}

async function leave(...sockets: WebSocket[]): Promise<void> {
  await Promise.all(
    sockets.map(async (socket) => {
      const closed = once(socket, 'close');
      socket.close();
      await closed;
    }),
  );
}

it('lets all in a room hear what one of them says, and nobody else', async () => {
  const [ada, bob, eve] = await Promise.all([
    enter('/ws/chat?room=math&user=ada'),
    enter('/ws/chat?room=math&user=bob'),
    enter('/ws/chat?room=spies&user=eve'),
  ]);
  const heard = Promise.all([next(ada), next(bob)]);
  ada.send(JSON.stringify({ type: 'say', text: 'hello' }));
  for (const one of await heard) expect(one).toMatchObject({ type: 'said', user: 'ada', text: 'hello' });
  const own = next(eve);
  eve.send(JSON.stringify({ type: 'say', text: 'nobody here' }));
  expect(await own).toMatchObject({ user: 'eve' });
  await leave(ada, bob, eve);
});

it('answers a bad frame, and the socket stays', async () => {
  const ada = await enter('/ws/chat?room=math&user=ada');
  const refused = next(ada);
  ada.send(JSON.stringify({ type: 'say', text: '' }));
  expect(await refused).toMatchObject({ type: 'error', code: 'VALIDATION_FAILED', errors: [{ path: 'text' }] });
  await leave(ada);
});

it('lets nobody in without a room and a name', async () => {
  const { status } = await app.request({
    url: '/ws/chat?room=math',
    headers: {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
    },
  });
  expect(status).toBe(400);
});
