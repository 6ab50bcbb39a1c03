import { ManualClock } from 'rockstar-web/testing';
import { soon } from '../support/soon';
import { WsClient } from '../websocket/ws-client';
import { json } from '../upstream/upstream-server';
import { answerFine, closeUpstreams, GATEWAY, gatewayOver, hang, openUpstreams, type Upstreams } from './combined-gateway';
import { doors, type Served, serveOn } from './doors';

const ASK = { type: 'orders' };

let upstreams: Upstreams;
let served: Served;
let clock: ManualClock;

beforeEach(async () => {
  upstreams = await openUpstreams();
  clock = new ManualClock();
  served = await serveOn(gatewayOver(upstreams), { ...GATEWAY, clock });
});

afterEach(async () => {
  await served.app.close();
  await closeUpstreams(upstreams);
});

/** A viewer that has been greeted. */
async function connect(): Promise<WsClient> {
  const viewer = await WsClient.connect(new URL('/live', served.url));
  expect(await viewer.next()).toEqual({ version: '1.0.0' });
  return viewer;
}

async function ask(viewer: WsClient): Promise<unknown> {
  viewer.send(ASK);
  return viewer.next();
}

const stats = () => served.app.breakers.get('orders').stats;

it.each(doors)('a breaker that messages have opened rejects requests over $name, until a message closes it', async (door) => {
  const [one, two, client] = [await connect(), await connect(), await door.connect(served.url)];
  upstreams.orders.answer = (_request, response) => json(response, {}, 500);
  for (let i = 0; i < 3; i++) expect(await ask(one)).toMatchObject({ type: 'error', code: 'UPSTREAM_FAILED' });
  // Both sessions stay; nobody asks the service any more.
  expect(await ask(one)).toMatchObject({ type: 'error', code: 'BREAKER_OPEN' });
  expect(await ask(two)).toMatchObject({ type: 'error', code: 'BREAKER_OPEN' });
  const rejected = await client.ask({ path: '/orders' });
  expect([rejected.status, rejected.header('retry-after')]).toEqual([503, '10']);
  expect(upstreams.orders.arrived).toHaveLength(3);

  upstreams.orders.answer = answerFine;
  await clock.advance(10_000);
  expect(await ask(two)).toEqual({ fine: true });
  expect((await client.ask({ path: '/orders' })).json()).toEqual({ fine: true });
  await Promise.all([one.leave(), two.leave(), client.close()]);
});

it('a viewer who leaves ends the call of a message, and is nobody’s failure', async () => {
  const [leaving, staying] = [await connect(), await connect()];
  upstreams.orders.answer = hang;
  for (const viewer of [leaving, staying]) viewer.send(ASK);
  await soon(() => expect(upstreams.orders.arrived).toHaveLength(2));
  await leaving.leave();
  await Promise.race(upstreams.orders.arrived.map(({ gone }) => gone));
  await soon(() => expect(stats()).toMatchObject({ cancelled: 1, failures: 0 }));
  const left = upstreams.orders.arrived.find(({ request }) => !request.socket.destroyed);
  if (left !== undefined) json(left.response, { fine: true });
  expect(await staying.next()).toEqual({ fine: true });
  expect(stats()).toMatchObject({ successes: 1, failures: 0 });
  await staying.leave();
});
