import { Controller, Get, Injectable, Metrics, Module, observePolicy, policy } from 'rockstar-web';
import { createTestApp } from 'rockstar-web/testing';
import { Metrics as TheMetrics } from '../../lib/metrics/metrics';

function valuesOf(metrics: TheMetrics, policyName: string): Record<string, number> {
  const values: Record<string, number> = {};
  for (const [name, metric] of Object.entries(metrics.snapshot())) {
    if (metric.kind === 'histogram') continue;
    for (const { attributes, value } of metric.series) if (attributes.policy === policyName) values[name] = value;
  }
  return values;
}

describe('the numbers of a policy', () => {
  it('are read when metrics are, until nobody wants them any more', async () => {
    const metrics = new TheMetrics();
    const guarded = policy({
      fallback: 'instead',
      retry: { attempts: 3, baseDelayMs: 0, isRetryable: () => true, budget: { ratio: 0, perSecond: 0, burst: 2 } },
      bulkhead: { maxConcurrent: 1 },
    });
    const end = observePolicy(metrics, 'users', guarded);
    const none = { 'policy.calls': 0, 'policy.fallbacks': 0, 'retry.attempts': 0, 'retry.budget_exhausted': 0 };
    const idle = { 'bulkhead.rejected': 0, 'bulkhead.running': 0, 'bulkhead.queued': 0 };
    expect(valuesOf(metrics, 'users')).toEqual({ ...none, ...idle });
    for (let i = 0; i < 2; i++) await guarded.call(() => Promise.reject(new Error('no')));
    expect(valuesOf(metrics, 'users')).toEqual({
      ...idle,
      ...{ 'policy.calls': 2, 'policy.fallbacks': 2, 'retry.attempts': 2, 'retry.budget_exhausted': 1 },
    });
    let go = (): void => undefined;
    const running = guarded.call(() => new Promise<void>((resolve) => (go = resolve)));
    expect(valuesOf(metrics, 'users')['bulkhead.running']).toBe(1);
    await guarded.call(() => 1);
    expect(valuesOf(metrics, 'users')['bulkhead.rejected']).toBe(1);
    go();
    await running;
    end();
    expect(valuesOf(metrics, 'users')).toEqual({});
  });

  it('are those that there are: a policy without a bulkhead says nothing of one', () => {
    const metrics = new TheMetrics();
    observePolicy(metrics, 'plain', policy({}));
    expect(Object.keys(valuesOf(metrics, 'plain')).sort()).toEqual([
      'policy.calls',
      'policy.fallbacks',
      'retry.attempts',
      'retry.budget_exhausted',
    ]);
  });

  it('are in /metrics of an application', async () => {
    @Injectable()
    class Users {
      readonly #policy = policy({ retry: { attempts: 2, baseDelayMs: 0, isRetryable: () => true } });
      constructor(metrics: Metrics) {
        observePolicy(metrics, 'users', this.#policy);
      }
      find(): Promise<unknown> {
        return this.#policy.call(() => Promise.reject(new Error('no')));
      }
    }
    @Controller('/users')
    class UsersController {
      constructor(private readonly users: Users) {}
      @Get('/') get() {
        return this.users.find();
      }
    }
    @Module({ controllers: [UsersController], providers: [Users] })
    class App {}
    const app = await createTestApp(App);
    expect((await app.request({ url: '/users' })).status).toBe(500);
    const text = (await app.request({ url: '/metrics' })).text();
    expect(text).toContain('\nretry_attempts_total{policy="users"} 1\n');
    await app.close();
  });
});
