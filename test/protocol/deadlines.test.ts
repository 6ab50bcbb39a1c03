import { Readable } from 'node:stream';
import { NEVER } from 'rxjs';
import type { Exchange } from '../../lib/http/exchange';
import { readBody } from '../../lib/http/request-body';
import { StreamedReply } from '../../lib/http/reply-writer';
import { ManualClock } from '../../lib/testing/manual-clock';
import { type Client, doors, problemOf } from '../support/doors';
import { Kernel, type Routes } from '../support/kernel';
import { gate, soon } from '../support/soon';

describe.each(doors)('the deadline of a request over $name', (door) => {
  let clock: ManualClock;
  let kernel: Kernel;
  let client: Client;

  async function open(routes: Routes): Promise<void> {
    clock = new ManualClock(1_000);
    kernel = await Kernel.open(routes, { ...door.options, clock });
    client = await door.connect(kernel.url);
  }
  afterEach(async () => {
    await client.close();
    await kernel.close();
    expect(clock.pending).toBe(0);
  });

  const slow: Record<string, (exchange: Exchange) => unknown> = {
    'a promise': () => new Promise(() => undefined),
    'an Observable': () => NEVER,
    'an Observable as a stream, before its first value': () => new StreamedReply(NEVER, 'plain'),
    'a byte stream before its first byte': () => new Readable({ read() {} }),
  };

  it.each(Object.entries(slow))('is answered 504 (RFC 9110 §15.6.5): %s', async (kind, run) => {
    await open({ 'GET /': { timeoutMs: 5_000, run }, 'GET /next': () => 'next' });
    const pending = client.begin({ path: '/' });
    await soon(() => expect(kernel.underWay).toBe(1));
    const [lifetime] = kernel.owner.inside();
    const { signal } = lifetime;
    await clock.advance(4_999);
    expect([signal.aborted, kernel.instruments.statuses]).toEqual([false, []]);
    await clock.advance(6);
    const answer = await pending.answer;
    expect(answer.status).toBe(504);
    expect(problemOf(answer)).toMatchObject({ code: 'DEADLINE_EXCEEDED', detail: 'The answer took longer than 5000 ms.' });
    expect(signal.reason).toMatchObject({ code: 'REQUEST_CANCELLED', reason: 'deadline', status: 504 });
    expect(kernel.instruments.statuses).toEqual([504]);
    expect(kernel.instruments.cancellations).toEqual(['deadline']);
    expect((await client.ask({ path: '/next' })).status).toBe(200);
    expect([lifetime.reason, lifetime.held]).toEqual(['deadline', kind === 'a promise']);
    if (kind === 'a promise') lifetime.letGo();
  });

  it('holds the plugin of a handler that does not look at its signal', async () => {
    const go = gate<string>();
    await open({ 'GET /': { timeoutMs: 5_000, run: () => go.promise } });
    const pending = client.begin({ path: '/' });
    await soon(() => expect(kernel.underWay).toBe(1));
    await clock.advance(5_005);
    expect((await pending.answer).status).toBe(504);
    expect(kernel.underWay).toBe(1);
    go.open('too late');
    await soon(() => expect(kernel.underWay).toBe(0));
    expect(kernel.instruments.statuses).toEqual([504]);
  });

  it('runs from the beginning of the request, also for what began to wait later', async () => {
    const remaining: (number | undefined)[] = [];
    await open({
      'POST /': {
        timeoutMs: 5_000,
        run: async (exchange) => {
          remaining.push(exchange.remainingMs);
          await readBody(exchange, 'text');
          remaining.push(exchange.remainingMs);
          return new Promise((resolve) => exchange.lifetime.signal.addEventListener('abort', () => resolve(undefined)));
        },
      },
    });
    const pending = client.begin({ method: 'POST', path: '/' }, { streaming: true });
    pending.write('x');
    await soon(() => expect(kernel.underWay).toBe(1));
    await clock.advance(3_000);
    pending.end();
    await soon(() => expect(remaining).toEqual([5_000, 2_000]));
    await clock.advance(2_005);
    expect((await pending.answer).status).toBe(504);
  });

  it('is the client’s 408 while the handler waits for its body (RFC 9110 §15.5.9)', async () => {
    await open({ 'POST /': { timeoutMs: 5_000, run: (exchange) => readBody(exchange, 'text') } });
    const pending = client.begin({ method: 'POST', path: '/' }, { streaming: true });
    pending.write('x');
    await soon(() => expect(kernel.underWay).toBe(1));
    await clock.advance(5_005);
    expect((await pending.answer).status).toBe(408);
    expect(kernel.log.told.filter((line) => line.level === 'error')).toEqual([]);
  });

  it('is lifted once a response is being sent', async () => {
    const end = gate();
    await open({
      'GET /': {
        timeoutMs: 5_000,
        run: async function* () {
          yield 'begun ';
          await end.promise;
          yield 'done';
        },
      },
      'GET /events': { timeoutMs: 5_000, run: () => new StreamedReply(NEVER, 'events') },
    });
    const pending = client.begin({ path: '/' });
    await pending.until('begun');
    await clock.advance(1_000_000);
    end.open();
    expect((await pending.answer).body.toString()).toBe('begun done');
    const events = client.begin({ path: '/events' });
    await soon(() => expect(kernel.underWay).toBe(1));
    await clock.advance(1_000_000);
    expect(kernel.underWay).toBe(1);
    expect(kernel.instruments.cancellations).toEqual([]);
    events.leave();
  });

  it('may be none', async () => {
    const go = gate<string>();
    const remaining: unknown[] = [];
    await open({
      'GET /': {
        timeoutMs: 0,
        run: (exchange) => {
          remaining.push(exchange.remainingMs);
          return go.promise;
        },
      },
    });
    const pending = client.begin({ path: '/' });
    await soon(() => expect(kernel.underWay).toBe(1));
    await clock.advance(10_000_000);
    expect(remaining).toEqual([undefined]);
    go.open('at last');
    expect((await pending.answer).body.toString()).toBe('at last');
  });
});
