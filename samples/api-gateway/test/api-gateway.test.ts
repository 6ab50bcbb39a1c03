import { createTestApp, type TestApplication } from 'rockstar-web/testing';
import { GatewayModule, OPTIONS } from '../src/gateway.module';

let app: TestApplication;

beforeAll(async () => {
  app = await createTestApp(GatewayModule, OPTIONS);
});

afterAll(() => app.close());

it('answers with what both services have, and with the links of what the page needs', async () => {
  const answer = await app.request({ url: '/api/dashboard' });
  expect([answer.status, answer.json()]).toEqual([
    200,
    { user: { id: 1, name: 'Ada Lovelace' }, orders: [{ id: 'o1', item: 'Engine', price: 100 }] },
  ]);
  expect(answer.headers['server-timing']).toMatch(/user;dur=[\d.]+, orders;dur=[\d.]+/);
  expect(answer.headers.link).toContain('</static/dashboard.css>; rel=preload; as=style');
});

it('has a page', async () => {
  const page = await app.request({ url: '/' });
  expect([page.status, page.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
  expect((await app.request({ url: '/static/dashboard.js' })).status).toBe(200);
});
