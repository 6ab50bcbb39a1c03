import { soon } from '../support/soon';
import { json } from '../upstream/upstream-server';
import { PushClient } from '../push/push-client';
import { answerFine, closeUpstreams, GATEWAY, gatewayOver, hang, openUpstreams, type Upstreams } from './combined-gateway';
import { serveOn, type Served } from './doors';

let upstreams: Upstreams;
let served: Served;
let client: PushClient;

beforeEach(async () => {
  upstreams = await openUpstreams();
  upstreams.orders.answer = hang;
  served = await serveOn(gatewayOver(upstreams), GATEWAY);
  client = await PushClient.connect(served.url);
});

afterEach(async () => {
  await client.close();
  await served.app.close();
  await closeUpstreams(upstreams);
});

/** Asks for the page, whose promised answer waits for the orders. */
async function begin(path = '/page') {
  const stream = client.session.request({ ':path': path });
  let text = '';
  stream.setEncoding('utf8').on('error', () => undefined);
  stream.on('data', (chunk: string) => (text += chunk));
  await soon(() => expect(text).toContain('first'));
  await soon(() => expect(upstreams.orders.arrived).toHaveLength(1));
  return { stream, text: () => text };
}

const orders = () => served.app.breakers.get('orders').stats;

it('takes back what it promised with a page whose client leaves, and closes the calls of both', async () => {
  upstreams.users.answer = hang;
  const { stream } = await begin();
  await soon(() => expect(upstreams.users.arrived).toHaveLength(1));
  stream.close(8);
  await Promise.all([upstreams.users.arrived[0]?.gone, upstreams.orders.arrived[0]?.gone]);
  await client.settled();
  expect(client.promised.map(({ path, stream: promised }) => [path, promised.rstCode])).toEqual([['/orders', 8]]);
  await soon(() => expect(orders()).toMatchObject({ cancelled: 1, failures: 0 }));
  await soon(() => expect(served.app.requests.list()).toEqual([]));
});

it('closes the calls of a promise alone that its client does not want, and the page goes on', async () => {
  upstreams.users.answer = hang;
  const { stream, text } = await begin();
  await soon(() => expect(upstreams.users.arrived).toHaveLength(1));
  client.promised[0]?.stream.close(8);
  await upstreams.orders.arrived[0]?.gone;
  await soon(() => expect(orders()).toMatchObject({ cancelled: 1, failures: 0 }));
  const response = upstreams.users.arrived[0]?.response;
  if (response !== undefined) json(response, { fine: true });
  await soon(() => expect([text(), stream.closed]).toEqual(['first, last', true]));
});

it('goes on with what it promised when its page has come to its end', async () => {
  const { stream, text } = await begin();
  await soon(() => expect([text(), stream.closed]).toEqual(['first, last', true]));
  const response = upstreams.orders.arrived[0]?.response;
  if (response !== undefined) json(response, { late: true });
  await client.settled();
  expect(String(client.promised[0]?.body)).toBe('{"late":true}');
});

it('sends what an open breaker says as what it promised, and the page; nobody is asked', async () => {
  upstreams.orders.answer = answerFine;
  served.app.breakers.get('orders').forceOpen();
  const page = await client.get('/page');
  await client.settled();
  expect([page.status, page.text]).toEqual([200, 'first, last']);
  expect(client.promised.map(({ path, response }) => [path, response?.[':status']])).toEqual([['/orders', 503]]);
  expect(upstreams.orders.connections).toBe(0);
});
