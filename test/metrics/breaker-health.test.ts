import { CircuitBreaker, Controller, Get, Module } from 'rockstar-web';
import { createTestApp, ManualClock, type TestApplication } from 'rockstar-web/testing';

const breakers = {
  database: { maxFailures: 1, resetTimeoutMs: 10_000, halfOpenMax: 1 },
  recommendations: { maxFailures: 1, required: false },
  tenants: { maxFailures: 1, resetTimeoutMs: 10_000 },
} as const;

@Controller()
class Uses {
  @Get('/one') @CircuitBreaker('database') one() {
    return {};
  }
  @Get('/extra') @CircuitBreaker({ name: 'extra', maxFailures: 1, required: false }) extra() {
    return {};
  }
}

@Module({ controllers: [Uses] })
class UsesModule {}

let app: TestApplication;
let clock: ManualClock;

beforeEach(async () => {
  clock = new ManualClock();
  app = await createTestApp(UsesModule, { clock, breakers });
});

afterEach(() => app.close());

const open = (name: string, key?: string): void => app.app.breakers.get(name, key).begin().fail(new Error('no'));

async function ready(): Promise<readonly [number, unknown]> {
  const response = await app.request({ url: '/health/ready' });
  return [response.status, (response.json() as { status: unknown }).status];
}

describe('readiness', () => {
  it('is degraded, and no refusal, while the circuit of something required is open or half-open', async () => {
    expect(await ready()).toEqual([200, 'up']);
    open('database');
    expect(await ready()).toEqual([200, 'degraded']);
    await clock.advance(10_000);
    expect([app.app.breakers.get('database').state, await ready()]).toEqual(['half-open', [200, 'degraded']]);
    app.app.breakers.get('database').begin().succeed();
    expect(await ready()).toEqual([200, 'up']);
  });

  it('is degraded where an operator forces it open, and not where he switches it off', async () => {
    const breaker = app.app.breakers.get('database');
    breaker.forceOpen();
    expect(await ready()).toEqual([200, 'degraded']);
    breaker.disable();
    expect(await ready()).toEqual([200, 'up']);
    breaker.observeOnly();
    expect(await ready()).toEqual([200, 'up']);
  });

  it('is not touched by what is not required, by configuration or beside the decorator', async () => {
    open('recommendations');
    open('extra');
    expect(['recommendations', 'extra'].map((name) => app.app.breakers.get(name).state)).toEqual(['open', 'open']);
    expect(await ready()).toEqual([200, 'up']);
  });

  it('is degraded by keys once half of them are open: one tenant’s trouble is not everybody’s', async () => {
    for (const key of ['a', 'b', 'c']) app.app.breakers.get('tenants', key).begin().succeed();
    open('tenants', 'a');
    expect(await ready()).toEqual([200, 'up']);
    app.app.breakers.get('tenants', 'b').forceOpen();
    expect(await ready()).toEqual([200, 'degraded']);
    app.app.breakers.get('tenants', 'b').reset();
    expect(await ready()).toEqual([200, 'up']);
  });

  it('says to operators which they are, and to nobody else', async () => {
    open('database');
    open('recommendations');
    const indicator = (await app.app.health.report()).indicators.circuit_breakers;
    expect(indicator).toEqual({ status: 'degraded', detail: { open: ['database'] } });
    expect((await app.request({ url: '/health/ready' })).text()).not.toContain('database');
  });
});
