import {
  type ApplicationOptions,
  exportService,
  Injectable,
  Module,
  Plugin,
  type PluginContext,
  type ServiceHealthAnswer,
  type ServiceOptions,
  ServiceRegistry,
  serviceRef,
} from 'rockstar-web';
import { createTestApp, ManualClock, type TestApplication } from 'rockstar-web/testing';
import type { ConcreteClass } from '../../lib/metadata/slot';
import { gate } from '../support/soon';

@Injectable()
class Store {
  asked = 0;
  answer: unknown = 'up';
  signal: AbortSignal | undefined;

  /** In: whoever waits for the answer. */
  health(signal: AbortSignal): ServiceHealthAnswer | Promise<ServiceHealthAnswer> {
    this.asked++;
    this.signal = signal;
    if (this.answer instanceof Error) throw this.answer;
    return this.answer as ServiceHealthAnswer;
  }
}
const STORE = serviceRef<Store>('store-plugin', 'store');

function storePlugin(version: string, options: ServiceOptions<Store> = { health: 'health' }): ConcreteClass {
  @Plugin({ name: 'store-plugin', version, providers: [Store], exports: [exportService(STORE, Store, options)] })
  class StorePlugin {}
  return StorePlugin;
}

const clock = new ManualClock();

async function appOf(plugins: readonly ConcreteClass[], options: ApplicationOptions = {}): Promise<TestApplication> {
  @Module({ imports: plugins })
  class App {}
  return createTestApp(App, { clock, ...options });
}

const ready = async (app: TestApplication) => {
  const answer = await app.request({ url: '/health/ready' });
  return [answer.status, (answer.json() as { status: string }).status];
};

describe('the health of a service', () => {
  it('is asked at most once a second, however many ask, and shown by readiness and the registry', async () => {
    const app = await appOf([storePlugin('1.0.0')]);
    const store = app.resolve(Store);
    const registry = app.resolve(ServiceRegistry);
    expect(registry.list()).toMatchObject([{ service: 'store', health: 'unknown' }]);
    await Promise.all([ready(app), ready(app), registry.report(), registry.report()]);
    expect(store.asked).toBe(1);
    expect(registry.list()).toMatchObject([{ health: 'up' }]);
    await clock.advance(999);
    await ready(app);
    expect(store.asked).toBe(1);
    await clock.advance(1);
    store.answer = { status: 'degraded', detail: 'slow' };
    expect(await registry.report()).toMatchObject([{ health: 'degraded' }]);
    expect(store.asked).toBe(2);
    expect(await ready(app)).toEqual([200, 'degraded']);
    await app.close();
  });

  it('degrades the application when it is down, unless nothing can be answered without it', async () => {
    const needed = await appOf([storePlugin('1.0.0', { health: 'health', required: true })]);
    needed.resolve(Store).answer = 'down';
    expect(await ready(needed)).toEqual([503, 'down']);
    await needed.close();
    const other = await appOf([storePlugin('1.0.0')]);
    other.resolve(Store).answer = 'down';
    expect(await ready(other)).toEqual([200, 'degraded']);
    await other.close();
  });

  it('is down when it is not told within two seconds, and when asking fails', async () => {
    const app = await appOf([storePlugin('1.0.0')]);
    const store = app.resolve(Store);
    const registry = app.resolve(ServiceRegistry);
    const never = gate<ServiceHealthAnswer>();
    store.answer = never.promise;
    const report = registry.report();
    expect(store.signal?.aborted).toBe(false);
    await clock.advance(2_000);
    expect(await report).toMatchObject([{ health: 'down' }]);
    expect(store.signal?.aborted).toBe(true);
    never.open('up');
    await clock.advance(1_000);
    store.answer = new Error('no');
    expect(await registry.report()).toMatchObject([{ health: 'down' }]);
    await app.close();
    expect(clock.pending).toBe(0);
  });

  it('is told of each version alone, and goes with its plugin', async () => {
    const health = (answer: ServiceHealthAnswer) => ({ health: () => answer });
    const app = await appOf([storePlugin('1.0.0', health('up')), storePlugin('2.0.0', health('down'))]);
    const registry = app.resolve(ServiceRegistry);
    const told = async () => (await registry.report()).map((it) => [it.version, it.health]).sort();
    expect(await told()).toEqual([
      ['1.0.0', 'up'],
      ['2.0.0', 'down'],
    ]);
    expect(await ready(app)).toEqual([200, 'degraded']);
    await app.app.plugins.replace('store-plugin', storePlugin('2.0.0', health('up')), { version: '2.0.0' });
    await app.app.plugins.remove('store-plugin', { version: '1.0.0' });
    expect(await told()).toEqual([['2.0.0', 'up']]);
    expect(await ready(app)).toEqual([200, 'up']);
    await app.close();
  });

  it('may be that of a service exported while its plugin runs', async () => {
    @Plugin({ name: 'late-plugin', version: '1.0.0' })
    class LatePlugin {
      start(context: PluginContext) {
        context.exportService('late', new Store(), { health: (store: Store) => (store.asked === 0 ? 'degraded' : 'up') });
      }
    }
    const app = await appOf([LatePlugin]);
    expect(await app.resolve(ServiceRegistry).report()).toMatchObject([{ service: 'late', health: 'degraded' }]);
    expect(await ready(app)).toEqual([200, 'degraded']);
    await app.close();
  });
});
