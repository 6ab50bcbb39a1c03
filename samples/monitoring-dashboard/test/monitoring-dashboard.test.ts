import { once } from 'node:events';
import { createTestApp, ManualClock, type TestApplication } from 'rockstar-web/testing';
import { ADMIN_TOKEN } from '../src/access';
import { AppModule, OPTIONS } from '../src/app.module';
import type { Frame } from '../src/monitoring/metrics.service';

const clock = new ManualClock();
let app: TestApplication;

beforeAll(async () => {
  app = await createTestApp(AppModule, { ...OPTIONS, clock });
});

afterAll(() => app.close());

it('has a page with the numbers of this moment, and links to what it needs', async () => {
  await app.request({ url: '/api/catalogue' });
  const page = await app.request({ url: '/dashboard' });
  expect([page.status, page.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
  expect(page.headers.link).toContain('</static/dashboard.css>; rel=preload; as=style');
  const [, json = ''] = /id="initial">(.+?)<\/script>/s.exec(page.text()) ?? [];
  const { latest } = JSON.parse(json) as { latest: Frame };
  expect([latest.requests.total, latest.breakers.map(({ state }) => state)]).toEqual([1, Array(4).fill('closed')]);
  expect((await app.request({ url: '/static/vendor/uPlot.iife.min.js' })).status).toBe(200);
});

it('sends a frame each second to who looks', async () => {
  const viewer = app.connect();
  viewer.write(
    'GET /ws/metrics HTTP/1.1\r\nHost: test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n',
  );
  const [head] = (await once(viewer, 'data')) as [Buffer];
  expect(String(head)).toMatch(/^HTTP\/1\.1 101 /);
  for (let second = 0; second < 3; second++) {
    const coming = once(viewer, 'data');
    await clock.advance(1_000);
    const [frame] = (await coming) as [Buffer];
    // A text frame of 126 bytes or more (RFC 6455 §5.2).
    expect([frame[0], frame[1]]).toEqual([0x81, 126]);
    const { connections } = JSON.parse(frame.subarray(4).toString()) as Frame;
    expect(connections).toEqual({ hijacked: 0, webSocket: 1 });
  }
  viewer.destroy();
});

it('lets the admin trip a breaker, and nobody else', async () => {
  const trip = (headers: Record<string, string>) =>
    app.request({ method: 'POST', url: '/breakers/payments/force-open', headers });
  expect((await trip({})).status).toBe(401);
  expect((await trip({ authorization: `Bearer ${ADMIN_TOKEN}` })).status).toBe(200);
  expect((await app.request({ url: '/api/payments' })).status).toBe(503);
});
