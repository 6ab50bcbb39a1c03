import { ManualClock } from 'rockstar-web/testing';
import { soon } from '../support/soon';
import { UpstreamServer } from '../upstream/upstream-server';
import { answerFine, closeUpstreams, GATEWAY, gatewayOver, hang, openUpstreams, type Upstreams } from './combined-gateway';
import { type Client, doors, withClient } from './doors';

const FINE = { user: { fine: true }, orders: { fine: true }, errors: [], version: '1.0.0' };

let upstreams: Upstreams;

beforeEach(async () => {
  upstreams = await openUpstreams();
});

afterEach(() => closeUpstreams(upstreams));

async function dashboard(client: Client): Promise<unknown> {
  return (await client.ask({ path: '/dashboard' })).json();
}

/** The same with orders missing. */
const without = (code: string, more: object = {}) => ({
  ...FINE,
  orders: null,
  errors: [{ service: 'orders', code, ...more }],
});

describe.each(doors)('a gateway over $name', (door) => {
  it('closes the calls of a client that leaves in the middle of an aggregate, and counts them against nobody', async () => {
    await withClient(door, gatewayOver(upstreams), GATEWAY, async (client, { app, url }) => {
      upstreams.orders.answer = hang;
      const second = await door.connect(url);
      const asked = client.begin({ path: '/dashboard' });
      await soon(() => expect([upstreams.users.arrived.length, upstreams.orders.arrived.length]).toEqual([1, 1]));
      await soon(() => expect(app.breakers.get('users').stats.successes).toBe(1));
      asked.leave();
      await upstreams.orders.arrived[0]?.gone;
      await soon(() =>
        expect(app.requests.cancellations()).toEqual([{ route: '/dashboard', reason: 'client', count: 1, stillRunning: 0 }]),
      );
      expect(app.breakers.get('orders').stats).toMatchObject({ cancelled: 1, failures: 0 });
      upstreams.orders.answer = answerFine;
      expect(await dashboard(second)).toEqual(FINE);
      await second.close();
    });
  });

  it('does without a service that is killed, asks it no more, and has it back when it is back', async () => {
    const clock = new ManualClock();
    await withClient(door, gatewayOver(upstreams), { ...GATEWAY, clock }, async (client, { app }) => {
      expect(await dashboard(client)).toEqual(FINE);

      upstreams.orders.answer = hang;
      const under = client.begin({ path: '/dashboard' });
      await soon(() => expect(upstreams.orders.arrived).toHaveLength(2));
      const port = Number(new URL(upstreams.orders.url).port);
      await upstreams.orders.close();
      expect((await under.answer).json()).toEqual(without('UPSTREAM_BROKEN'));
      for (let i = 0; i < 2; i++) expect(await dashboard(client)).toEqual(without('UPSTREAM_UNREACHABLE'));
      expect(await dashboard(client)).toEqual(without('BREAKER_OPEN', { retryAfterMs: 10_000 }));
      expect((await client.ask({ path: '/health/ready' })).json()).toEqual({ status: 'degraded' });

      upstreams.orders = await UpstreamServer.open(answerFine, port);
      await clock.advance(9_000);
      expect(await dashboard(client)).toEqual(without('BREAKER_OPEN', { retryAfterMs: 1_000 }));
      expect(upstreams.orders.connections).toBe(0);
      await clock.advance(1_000);
      expect(await dashboard(client)).toEqual(FINE);
      expect(app.breakers.get('orders').state).toBe('closed');
      expect((await client.ask({ path: '/health/ready' })).json()).toEqual({ status: 'up' });
    });
  });
});
