import { createTestApp, type TestApplication } from 'rockstar-web/testing';
import { BREAKERS, HubModule } from '../src/hub.module';

let app: TestApplication;

beforeAll(async () => {
  app = await createTestApp(HubModule, { breakers: BREAKERS, auth: { authenticate: () => undefined, permits: () => false } });
});

afterAll(() => app.close());

it('answers with what three services have', async () => {
  const answer = await app.request({ url: '/api/aggregate' });
  expect(answer.status).toBe(200);
  expect(answer.json()).toMatchObject({ users: [{ name: 'Ada' }, { name: 'Grace' }], errors: [] });
});

it('passes a call through, and knows no other services', async () => {
  expect((await app.request({ url: '/api/services/products/api/products' })).json()).toMatchObject([{ name: 'Engine' }]);
  expect((await app.request({ url: '/api/services/nobody/at/all' })).json()).toMatchObject({
    status: 404,
    code: 'SERVICE_UNKNOWN',
  });
});

it('lets only operators change what there is', async () => {
  const answer = await app.request({ method: 'DELETE', url: '/api/services/users' });
  expect(answer.status).toBe(401);
});
