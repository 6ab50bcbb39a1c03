import { setTimeout as sleep } from 'node:timers/promises';
import { createTestApp, type TestApplication } from 'rockstar-web/testing';
import { CancellationModule } from '../src/cancellation.module';

let app: TestApplication;

// Without DATABASE_URL the embedded PostgreSQL is started, which takes a few seconds.
beforeAll(async () => {
  app = await createTestApp(CancellationModule);
}, 60_000);

afterAll(() => app.close());

/** A client that asks, and leaves once the application works for it. */
async function askAndLeave(url: string): Promise<void> {
  const leaving = new AbortController();
  const response = app.request({ url, signal: leaving.signal });
  while (app.app.requests.list().length === 0) await sleep(1);
  leaving.abort();
  await response.catch(() => undefined);
}

const json = async (url: string): Promise<unknown> => (await app.request({ url })).json();

it('answers who stays', async () => {
  expect(await json('/api/long-task?steps=2')).toEqual({ status: 'complete', steps: 2 });
  expect(await json('/api/data?seconds=0.1')).toMatchObject({ seconds: 0.1 });
  const rows = (await app.request({ url: '/api/users' })).text().trimEnd().split('\n');
  expect([rows.length, JSON.parse(rows[99_999] ?? '')]).toEqual([
    100_000,
    { id: 100_000, name: 'User 100000', email: 'user100000@example.com' },
  ]);
}, 30_000);

it.each(['/api/long-task', '/api/data?seconds=30', '/api/observable', '/api/batch-process?items=100', '/api/proxy'])(
  'stops working on %s when the client leaves',
  async (url) => {
    await askAndLeave(url);
    while (app.app.requests.list().length > 0) await sleep(1);
    expect(await json('/api/cancellations')).toContainEqual({
      route: url.replace(/\?.*/, ''),
      reason: 'client',
      count: 1,
      stillRunning: 0,
    });
  },
);

it('lists what works on although its client has left', async () => {
  await askAndLeave('/api/task');
  expect(await json('/api/active')).toMatchObject([{ route: '/api/task', waitsFor: 'handler', cancelled: 'client' }]);
  while (app.app.requests.list().length > 0) await sleep(50);
});
