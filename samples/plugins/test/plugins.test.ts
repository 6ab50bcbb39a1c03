import { inspectApplication, Module } from 'rockstar-web';
import { createTestApp, ManualClock, type TestApplication } from 'rockstar-web/testing';
import { AppModule, OPTIONS } from '../src/app.module';
import { brokenPlugins } from '../src/broken/broken-plugins';
import { Cache, OldCache } from '../src/cache/caches';
import { GreetingVersions } from '../src/greeting/greeting-versions';

const clock = new ManualClock();
let app: TestApplication;

beforeEach(async () => {
  app = await createTestApp(AppModule, { ...OPTIONS, clock });
});

afterEach(() => app.close());

async function json(url: string, headers: Record<string, string> = {}): Promise<unknown> {
  return (await app.request({ url, headers })).json();
}

it('knows whoever has logged in, in both versions of auth', async () => {
  const login = await app.request({ method: 'POST', url: '/api/login', body: { user: 'Ada' } });
  const { token } = login.json() as { token: string };
  const headers = { authorization: `Bearer ${token}` };
  expect(await json('/api/users/me', headers)).toEqual({ user: 'Ada' });
  expect(await json('/api/greeting', headers)).toEqual({ message: 'Hello, Ada!', version: '1.0.0' });
  await app.resolve(GreetingVersions).run('2.0.0');
  expect(await json('/api/greeting', headers)).toEqual({ message: 'Welcome, Ada!', version: '2.0.0' });
});

it('finds what is there', async () => {
  expect(await json('/api/discovery')).toEqual({
    found: ['auth-plugin.auth', 'cache-plugin.cache'],
    missing: ['storage-plugin.storage'],
  });
});

it('has one cache behind both versions of its service', async () => {
  const [old, cache] = [app.resolve(OldCache), app.resolve(Cache)];
  old.set('a', 'one');
  cache.setWithTtl('b', 2, 1_000);
  expect([old.get('a'), old.get('b')]).toEqual(['one', undefined]);
  expect(cache.getMulti(['a', 'b', 'c'])).toEqual(
    new Map<string, unknown>([
      ['a', 'one'],
      ['b', 2],
    ]),
  );
  await clock.advance(1_001);
  expect([cache.get('a'), cache.get('b')]).toEqual(['one', undefined]);
  await clock.advance(60_000);
  expect(old.get('a')).toBeUndefined();
});

it.each([
  ['missing', 'PLUGIN_NOT_LOADED'],
  ['cycle', 'PLUGIN_CYCLE'],
  ['version', 'SERVICE_VERSION_UNSATISFIED'],
  ['shape', 'SERVICE_CONTRACT_BROKEN'],
  ['typo', 'SERVICE_UNKNOWN'],
])('with %s in it, is refused as %s', async (which, code) => {
  @Module({ imports: [AppModule, ...brokenPlugins(which)] })
  class Broken {}
  const { mistakes } = await inspectApplication(Broken, OPTIONS);
  expect(mistakes.map((mistake) => mistake.code)).toEqual([code]);
});
