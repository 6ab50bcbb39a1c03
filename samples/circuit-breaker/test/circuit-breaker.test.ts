import { createTestApp, ManualClock, type TestApplication } from 'rockstar-web/testing';
import { CircuitBreakerModule } from '../src/circuit-breaker.module';
import { options } from '../src/settings';
import { type Mode, SmallUpstream } from '../src/small-upstream';

const clock = new ManualClock();
let app: TestApplication;

beforeEach(async () => {
  app = await createTestApp(CircuitBreakerModule, { ...options, clock });
});

afterEach(() => app.close());

function become(mode: Mode): void {
  app.resolve(SmallUpstream).mode = mode;
}

async function ask(url: string): Promise<readonly [number, unknown]> {
  const response = await app.request({ url });
  const { code, state } = response.json() as { code?: string; state?: string };
  return [response.status, state ?? code];
}

it('opens after five failures, says when to come again, and closes after three successes', async () => {
  become('fail');
  for (let i = 0; i < 5; i++) expect(await ask('/api/external-data')).toEqual([502, 'UPSTREAM_FAILED']);
  become('ok');
  const rejected = await app.request({ url: '/api/external-data' });
  expect([rejected.status, rejected.headers['retry-after']]).toEqual([503, '30']);
  await clock.advance(30_000);
  for (let i = 0; i < 3; i++) expect((await ask('/api/external-data'))[0]).toBe(200);
  expect(app.app.breakers.get('external_api').state).toBe('closed');
});

it('has one breaker for each key', async () => {
  become('reset');
  for (let i = 0; i < 10; i++) expect(await ask('/api/cache/a')).toEqual([502, 'UPSTREAM_BROKEN']);
  expect(await ask('/api/cache/a')).toEqual([503, 'circuit_breaker_open']);
  expect(await ask('/api/cache/b')).toEqual([502, 'UPSTREAM_BROKEN']);
});
