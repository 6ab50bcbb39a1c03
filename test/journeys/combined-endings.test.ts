import { gate, type Gate, soon } from '../support/soon';
import { json } from '../upstream/upstream-server';
import { WsClient } from '../websocket/ws-client';
import { backendsPlugin, closeUpstreams, GATEWAY, gatewayOver, hang, openUpstreams, type Upstreams } from './combined-gateway';
import { doors, serveOn, withClient } from './doors';

let upstreams: Upstreams;
let go: Gate<void>;

beforeEach(async () => {
  upstreams = await openUpstreams();
  go = gate();
});

afterEach(() => closeUpstreams(upstreams));

describe.each(doors)('over $name', (door) => {
  it('a batch and an aggregate send what they have, a stream ends and a WebSocket is closed, when the application stops', async () => {
    const { app, url } = await serveOn(gatewayOver(upstreams), GATEWAY);
    const [batching, aggregating, streaming] = [await door.connect(url), await door.connect(url), await door.connect(url)];
    const viewer = await WsClient.connect(new URL('/live', url));
    expect(await viewer.next()).toEqual({ version: '1.0.0' });

    let asked = 0;
    upstreams.users.answer = (_request, response) => {
      // The batch has had three when the application is asked to stop.
      if (++asked === 4) void go.promise.then(() => json(response, { fine: true }));
      else json(response, { fine: true });
    };
    upstreams.orders.answer = hang;
    const batch = batching.begin({ path: '/batch' });
    await soon(() => expect(upstreams.users.arrived).toHaveLength(4));
    const aggregate = aggregating.begin({ path: '/dashboard' });
    const events = streaming.begin({ path: '/events' });
    await events.received('data: open');
    await soon(() => expect([upstreams.users.arrived.length, upstreams.orders.arrived.length]).toEqual([5, 1]));
    await soon(() => expect(app.breakers.get('users').stats.successes).toBe(4));

    const closed = app.close();
    // Nobody hears the end of the orders: they are given up, and what the others have is sent.
    await upstreams.orders.arrived[0]?.gone;
    go.open();
    expect((await batch.answer).json()).toEqual({ status: 'partial', count: 4 });
    const errors = [{ service: 'orders', code: 'SERVER_STOPPING' }];
    expect((await aggregate.answer).json()).toEqual({ user: { fine: true }, orders: null, errors, version: '1.0.0' });
    expect(await viewer.closed()).toMatchObject({ code: 1001 });
    expect((await events.answer).text).toBe('data: open\n\n');
    await closed;
    await Promise.all([batching, aggregating, streaming].map((client) => client.close()));
    await soon(() => expect([upstreams.users.sockets.size, upstreams.orders.sockets.size]).toEqual([0, 0]));
  });

  it('a plugin is exchanged while the gateway uses it: what began ends with the old one, what comes has the new one', async () => {
    await withClient(door, gatewayOver(upstreams), GATEWAY, async (client, { app, url }) => {
      const viewer = await WsClient.connect(new URL('/live', url));
      expect(await viewer.next()).toEqual({ version: '1.0.0' });
      upstreams.orders.answer = (_request, response) => void go.promise.then(() => json(response, { late: true }));
      const under = client.begin({ path: '/dashboard' });
      await soon(() => expect(upstreams.orders.arrived).toHaveLength(1));
      await soon(() => expect(app.breakers.get('users').stats.successes).toBe(1));

      const third = await door.connect(url);
      const events = third.begin({ path: '/events' });
      await events.received('data: open');

      const { started, stopped } = await app.plugins.replace('backends-plugin', backendsPlugin(upstreams, '2.0.0'));
      expect(started).toEqual(['backends-plugin@2.0.0', 'gateway-plugin@1.0.0']);
      const second = await door.connect(url);
      const after = second.begin({ path: '/dashboard' });
      await soon(() => expect(upstreams.orders.arrived).toHaveLength(2));
      go.open();
      expect((await under.answer).json()).toEqual({ user: { fine: true }, orders: { late: true }, errors: [], version: '1.0.0' });
      expect((await after.answer).json()).toEqual({ user: { fine: true }, orders: { late: true }, errors: [], version: '2.0.0' });

      // A stream and a session would last: they end with the plugin they began with, and their clients come again.
      expect((await events.answer).text).toBe('data: open\n\n');
      expect(await viewer.closed()).toMatchObject({ code: 1012 });
      await stopped;
      const again = await WsClient.connect(new URL('/live', url));
      expect(await again.next()).toEqual({ version: '2.0.0' });
      await again.leave();
      await Promise.all([second, third].map((one) => one.close()));
    });
  });
});
