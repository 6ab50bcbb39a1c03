import { interval, map, type Observable, of } from 'rxjs';
import {
  Breaker,
  Breakers,
  Controller,
  CurrentRequest,
  exportService,
  Get,
  guardCalls,
  importService,
  Inject,
  Injectable,
  Module,
  Plugin,
  policy,
  serviceRef,
  Sse,
  token,
} from 'rockstar-web';
import { createTestApp, ManualClock } from 'rockstar-web/testing';
import { soon } from '../support/soon';
import { http1, withClient } from '../journeys/doors';

/** A service with all that a view has to deal with: private members, an accessor, own properties, hooks, methods that call each other. */
class Payments {
  #charged = 0;
  currency = 'EUR';
  fails = false;
  log: string[] = [];
  later = () => Promise.resolve(this.#charged);

  get charged() {
    return this.#charged;
  }

  async charge(amount: number): Promise<number> {
    await Promise.resolve();
    if (this.fails) throw new RangeError('declined');
    return (this.#charged += amount);
  }

  chargeTwice(amount: number): Promise<number> {
    return this.charge(amount).then(() => this.charge(amount));
  }

  rates(): Observable<number> {
    return of(1, 2, 3);
  }

  start() {
    this.log.push('start');
  }
}

class Pay extends Payments {}

const clock = (): ManualClock => new ManualClock();

describe('a service as it is seen through breakers', () => {
  it('opens them by what its named methods fail with; the service itself and its other methods go on as before', async () => {
    const breaker = new Breaker({ name: 'pay', maxFailures: 2, clock: clock() });
    const payments = new Pay();
    const seen = guardCalls<Payments>(payments, { charge: breaker });
    expect(await seen.charge(5)).toBe(5);
    payments.fails = true;
    for (let i = 0; i < 2; i++) await expect(seen.charge(1)).rejects.toThrow('declined');
    await expect(seen.charge(1)).rejects.toMatchObject({ code: 'BREAKER_OPEN' });
    // By itself, and by what it calls of itself, it is not guarded.
    await expect(payments.charge(1)).rejects.toThrow('declined');
    await expect(seen.chargeTwice(1)).rejects.toThrow('declined');
    payments.fails = false;
    expect(await seen.chargeTwice(2)).toBe(9);
    expect(Object.keys(payments)).toEqual(['currency', 'fails', 'log', 'later']);
    expect(payments.charge).toBe(Payments.prototype.charge);
  });

  it('has all that the service has, as it is now', async () => {
    const payments = new Pay();
    const seen = guardCalls<Payments>(payments, { later: new Breaker({ name: 'later', maxFailures: 1, clock: clock() }) });
    expect(seen).toBeInstanceOf(Pay);
    expect(seen).toBeInstanceOf(Payments);
    await payments.charge(7);
    expect([seen.charged, seen.currency, await seen.later()]).toEqual([7, 'EUR', 7]);
    payments.currency = 'CHF';
    expect(seen.currency).toBe('CHF');
    seen.currency = 'USD';
    expect(payments.currency).toBe('USD');
    expect(seen.start).toBeUndefined();
  });

  it('passes Observables through with each subscription, and calls of a policy tried again or answered instead', async () => {
    const stream = new Breaker({ name: 'rates', maxFailures: 1, clock: clock() });
    const payments = new Payments();
    const patient = policy({ breaker: { name: 'pay', maxFailures: 9 }, fallback: () => -1 });
    const seen = guardCalls(payments, { rates: { stream }, charge: patient });
    const values: number[] = [];
    await seen.rates().forEach((value) => void values.push(value));
    expect([values, stream.stats.successes]).toEqual([[1, 2, 3], 1]);
    expect(await seen.charge(3)).toBe(3);
    const tried = policy({ breaker: { name: 'rates', maxFailures: 9 } });
    await guardCalls(payments, { rates: { stream: tried } })
      .rates()
      .forEach((value) => void values.push(value));
    expect([values.length, tried.stats.calls]).toEqual([6, 1]);
    payments.fails = true;
    expect(await seen.charge(3)).toBe(-1);
    expect(patient.stats).toMatchObject({ calls: 2, fallbacks: 1 });
  });

  it('cannot guard what is not there or is no method', () => {
    const breaker = new Breaker({ name: 'x', maxFailures: 1 });
    expect(() => guardCalls(new Pay(), { refund: breaker } as never)).toThrow(
      'BREAKER_METHOD_UNKNOWN: Pay has no method refund that could be called through a breaker.',
    );
    expect(() => guardCalls(new Pay(), { currency: breaker } as never)).toThrow('BREAKER_METHOD_UNKNOWN');
  });
});

describe('a service of another plugin behind a breaker', () => {
  interface Slow {
    wait(): Promise<string>;
    live(): Observable<{ n: number }>;
  }
  const SLOW = serviceRef<Slow>('slow-plugin', 'slow', { contract: ['wait', 'live'] });
  const GUARDED = token<Slow>('slow, guarded');
  let reasons: string[];
  let fails: boolean;

  beforeEach(() => {
    reasons = [];
    fails = false;
  });

  @Injectable()
  class SlowService implements Slow {
    constructor(private readonly current: CurrentRequest) {}
    wait() {
      if (fails) return Promise.reject(new RangeError('broken'));
      const { signal } = this.current;
      return new Promise<string>((_, reject) => {
        signal.addEventListener('abort', () => {
          reasons.push((signal.reason as { readonly code: string; readonly reason?: string }).reason ?? 'breaker');
          reject(signal.reason as Error);
        });
      });
    }
    live() {
      return interval(1).pipe(map((n) => ({ n })));
    }
  }
  @Plugin({ name: 'slow-plugin', version: '1.0.0', providers: [SlowService], exports: [exportService(SLOW, SlowService)] })
  class SlowPlugin {}

  @Controller()
  class Asking {
    constructor(@Inject(GUARDED) private readonly slow: Slow) {}
    @Get('/wait')
    wait() {
      return this.slow.wait();
    }
    @Sse('/live')
    live() {
      return this.slow.live();
    }
  }
  @Plugin({
    ...{ name: 'asking-plugin', version: '1.0.0', controllers: [Asking] },
    providers: [
      {
        provide: GUARDED,
        useFactory: (slow: Slow, breakers: Breakers) => {
          const breaker = breakers.get('slow');
          return guardCalls(slow, { wait: breaker, live: { stream: breaker } });
        },
        inject: [importService(SLOW), Breakers],
      },
    ],
  })
  class AskingPlugin {}
  @Module({ imports: [AskingPlugin, SlowPlugin] })
  class App {}

  const breakers = { slow: { maxFailures: 2, timeoutMs: 500 } };

  it('is cancelled with the request, which the breaker does not count', async () => {
    await withClient(http1, App, { breakers }, async (client, { app }) => {
      const asked = client.begin({ path: '/wait' });
      await soon(() => expect(app.requests.list()).toHaveLength(1));
      asked.leave();
      await soon(() => expect(reasons).toEqual(['client']));
      const [slow] = app.breakers.list();
      await soon(() => expect([slow.stats.failures, slow.stats.successes, slow.state]).toEqual([0, 0, 'closed']));
    });
  });

  it('is cut by the time of the breaker, which counts it', async () => {
    const manual = new ManualClock();
    const app = await createTestApp(App, { breakers, clock: manual });
    const asked = app.request({ url: '/wait' });
    await soon(() => expect(app.app.requests.list()).toHaveLength(1));
    await manual.advance(500);
    expect((await asked).status).toBe(504);
    expect(reasons).toHaveLength(1);
    expect(app.app.breakers.list()[0].stats.failures).toBe(1);
    expect(app.leaks()).toEqual([]);
    await app.close();
  });

  it('is not called while the breaker is open, and the client is told so', async () => {
    const app = await createTestApp(App, { breakers });
    fails = true;
    const statuses: number[] = [];
    for (let i = 0; i < 3; i++) statuses.push((await app.request({ url: '/wait' })).status);
    expect(statuses).toEqual([500, 500, 503]);
    await app.close();
  });
});
