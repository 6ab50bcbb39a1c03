import { interval, map, NEVER, of, throwError } from 'rxjs';
import { CircuitBreaker, HttpError, OnClose, OnMessage, OnOpen, RequestContext, WebSocket } from 'rockstar-web';
import { ManualClock } from 'rockstar-web/testing';
import { soon, turns } from '../support/soon';
import { Served, type ServeOptions, withServed } from './served';
import type { WsClient } from './ws-client';

const COUNT = { window: { kind: 'count', calls: 100 }, minimumCalls: 100, slowCallMs: 0 } as const;
const breakers = { rooms: COUNT, row: { maxFailures: 3, resetTimeoutMs: 10_000, halfOpenMax: 1 } } as const;

const NONE = { calls: 0, successes: 0, failures: 0, slow: 0, ignored: 0, cancelled: 0, rejected: 0, late: 0 };

let called: string[] = [];

beforeEach(() => {
  called = [];
});

function untilCut(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }));
}

async function* broken(): AsyncGenerator<number> {
  yield 1;
  throw new Error('broken off');
}

/** Gives one value, and another one only to somebody who asks for more than there is. */
async function* waiting(signal: AbortSignal): AsyncGenerator<number> {
  yield 1;
  await untilCut(signal);
}

@WebSocket('/kinds')
@CircuitBreaker('rooms')
class Kinds {
  @OnMessage('value') value() {
    return { a: 1 };
  }
  @OnMessage('nothing') nothing() {
    return undefined;
  }
  @OnMessage('later') async later() {
    return { a: 1 };
  }
  @OnMessage('observable') observable() {
    return of(1, 2);
  }
  @OnMessage('iterable') async *iterable() {
    yield 1;
  }
  @OnMessage('refuses') refuses() {
    throw new HttpError(404);
  }
  @OnMessage('too many') tooMany() {
    throw new HttpError(429);
  }
  @OnMessage('throws') throws() {
    throw new Error('no');
  }
  @OnMessage('rejects') async rejects() {
    throw new HttpError(502);
  }
  @OnMessage('observable fails') observableFails() {
    return throwError(() => new Error('no'));
  }
  @OnMessage('iterable fails') iterableFails() {
    return broken();
  }
  @OnMessage('waits') waits(signal: AbortSignal) {
    called.push('waits');
    return untilCut(signal);
  }
  @OnMessage('streams') streams() {
    called.push('streams');
    return NEVER;
  }
  @OnMessage('ticks') ticks() {
    called.push('ticks');
    return interval(5).pipe(map((n) => ({ n })));
  }
  @OnMessage('iterates') iterates(signal: AbortSignal) {
    called.push('iterates');
    return waiting(signal);
  }
}

@WebSocket('/row')
class Row {
  @OnMessage('say') @CircuitBreaker('row') say(message: { readonly how: string }, signal: AbortSignal) {
    called.push(message.how);
    if (message.how === 'fails') throw new Error('no');
    return message.how === 'waits' ? untilCut(signal) : { well: true };
  }
  @OnMessage('plain') plain() {
    return { plain: true };
  }
}

@WebSocket('/keys/:id')
class Keys {
  @OnMessage('say')
  @CircuitBreaker({ name: 'keys', key: (ctx: RequestContext) => ctx.param('id'), maxFailures: 1, timeoutMs: 100 })
  say(message: { readonly how: string }, signal: AbortSignal) {
    return message.how === 'hangs' ? untilCut(signal) : { well: true };
  }
}

@WebSocket('/whole')
@CircuitBreaker('row')
class Whole {
  @OnOpen() open() {
    called.push('open');
  }
  @OnMessage('say') say() {
    return { well: true };
  }
  @OnClose() async close() {
    called.push('close');
  }
}

function within(controllers: (new () => object)[], use: (served: Served) => Promise<void>, more: ServeOptions = {}) {
  return withServed(controllers, { breakers, ...more }, use);
}

const say = (client: WsClient, message: object): void => client.socket.send(JSON.stringify(message));

const answer = (client: WsClient): Promise<unknown> => client.next();

/** Waits until handlers of these names run, leaves, and waits until nothing of it is left. */
async function leaveWithin(served: Served, path: string, message: { readonly type: string }, name: string): Promise<void> {
  const client = await served.connect(path);
  say(client, message);
  await soon(() => expect(called).toContain(name));
  client.socket.terminate();
  await soon(() => expect(served.app.leaks()).toEqual([]));
}

describe('a message handler behind a breaker', () => {
  it.each([
    ['value', { successes: 1 }],
    ['nothing', { successes: 1 }],
    ['later', { successes: 1 }],
    ['observable', { successes: 1 }],
    ['iterable', { successes: 1 }],
    ['refuses', { successes: 1 }],
    ['too many', { calls: 0, ignored: 1 }],
    ['throws', { failures: 1 }],
    ['rejects', { failures: 1 }],
    ['observable fails', { failures: 1 }],
    ['iterable fails', { failures: 1 }],
  ] as const)('counts "%s" as %p', async (type, counts) => {
    await within([Kinds], async (served) => {
      const client = await served.connect('/kinds');
      say(client, { type });
      await soon(() => expect(served.app.app.breakers.get('rooms').stats).toEqual({ ...NONE, calls: 1, ...counts }));
    });
  });

  it.each(['waits', 'streams', 'iterates'])('takes a client that leaves within "%s" for nothing', async (type) => {
    await within([Kinds], async (served) => {
      await leaveWithin(served, '/kinds', { type }, type);
      expect(served.app.app.breakers.get('rooms').stats).toEqual({ ...NONE, cancelled: 1 });
    });
  });

  it('takes a client that leaves a stream it was already sent something of for nothing', async () => {
    await within([Kinds], async (served) => {
      const client = await served.connect('/kinds');
      say(client, { type: 'ticks' });
      await client.take(2);
      client.socket.terminate();
      await soon(() => expect(served.app.app.breakers.get('rooms').stats).toEqual({ ...NONE, cancelled: 1 }));
    });
  });

  it('opens at so many failures: the next message is refused at once, the session stays, other handlers go on', async () => {
    await within([Row], async (served) => {
      const client = await served.connect('/row');
      for (let i = 0; i < 3; i++) {
        say(client, { type: 'say', how: 'fails' });
        expect(await answer(client)).toMatchObject({ type: 'error', code: 'INTERNAL_ERROR' });
      }
      say(client, { type: 'say', how: 'well' });
      expect(await answer(client)).toMatchObject({ type: 'error', code: 'BREAKER_OPEN' });
      expect(called).toEqual(['fails', 'fails', 'fails']);
      say(client, { type: 'plain' });
      expect(await answer(client)).toEqual({ plain: true });
      expect(client.closedWith).toBeUndefined();
    });
  });

  it('opens for all sessions, and closes when a trial of one of them succeeds', async () => {
    const clock = new ManualClock();
    await within(
      [Row],
      async (served) => {
        const [one, other] = [await served.connect('/row'), await served.connect('/row')];
        for (let i = 0; i < 3; i++) say(one, { type: 'say', how: 'fails' });
        await one.take(3);
        say(other, { type: 'say', how: 'well' });
        expect(await answer(other)).toMatchObject({ code: 'BREAKER_OPEN' });
        await clock.advance(10_000);
        say(other, { type: 'say', how: 'well' });
        expect(await answer(other)).toEqual({ well: true });
        say(one, { type: 'say', how: 'well' });
        expect(await answer(one)).toEqual({ well: true });
        expect(served.app.app.breakers.get('row').state).toBe('closed');
      },
      { clock },
    );
  });

  it('gives the permit of a trial back when its client leaves: half-open, and the next one is let in', async () => {
    const clock = new ManualClock();
    await within(
      [Row],
      async (served) => {
        const breaker = served.app.app.breakers.get('row');
        for (let i = 0; i < 3; i++) await breaker.call(() => Promise.reject(new Error('no'))).catch(() => undefined);
        await clock.advance(10_000);
        await leaveWithin(served, '/row', { type: 'say', how: 'waits' } as { readonly type: string }, 'waits');
        expect([breaker.state, breaker.wouldReject]).toEqual(['half-open', false]);
        const client = await served.connect('/row');
        say(client, { type: 'say', how: 'well' });
        expect(await answer(client)).toEqual({ well: true });
        expect(breaker.state).toBe('closed');
      },
      { clock },
    );
  });

  it('breaks nothing by a hundred clients that leave', async () => {
    await within([Row], async (served) => {
      const clients = await Promise.all(Array.from({ length: 100 }, () => served.connect('/row')));
      for (const client of clients) say(client, { type: 'say', how: 'waits' });
      await soon(() => expect(called).toHaveLength(100));
      for (const client of clients) client.socket.terminate();
      await soon(() => expect(served.app.leaks()).toEqual([]));
      const { state, stats } = served.app.app.breakers.get('row');
      expect([state, stats]).toEqual(['closed', { ...NONE, cancelled: 100 }]);
    });
  });

  it('on a class stands around the beginning of sessions and their messages, and not around their end', async () => {
    await within([Whole], async (served) => {
      const breaker = served.app.app.breakers.get('row');
      const client = await served.connect('/whole');
      say(client, { type: 'say' });
      expect(await answer(client)).toEqual({ well: true });
      expect(breaker.stats).toEqual({ ...NONE, calls: 2, successes: 2 });
      breaker.forceOpen();
      say(client, { type: 'say' });
      expect(await answer(client)).toMatchObject({ code: 'BREAKER_OPEN' });
      client.socket.terminate();
      await soon(() => expect(called).toEqual(['open', 'close']));
      const refused = await served.connect('/whole');
      expect((await refused.closed()).code).toBe(1013);
      expect(called.filter((one) => one === 'open')).toHaveLength(1);
    });
  });

  it('has a breaker for each key of the context, and its own time: the session goes on', async () => {
    const clock = new ManualClock();
    await within(
      [Keys],
      async (served) => {
        const [a, b] = [await served.connect('/keys/a'), await served.connect('/keys/b')];
        say(a, { type: 'say', how: 'hangs' });
        await soon(() => expect(served.app.app.breakers.of('keys')).toHaveLength(1));
        await turns();
        await clock.advance(100);
        expect(await answer(a)).toMatchObject({ type: 'error', code: 'BREAKER_TIMEOUT' });
        say(a, { type: 'say', how: 'well' });
        expect(await answer(a)).toMatchObject({ type: 'error', code: 'BREAKER_OPEN' });
        say(b, { type: 'say', how: 'well' });
        expect(await answer(b)).toEqual({ well: true });
        const states = served.app.app.breakers.of('keys').map(({ key, state }) => [key, state]);
        expect(states).toEqual([
          ['a', 'open'],
          ['b', 'closed'],
        ]);
      },
      { clock },
    );
  });

  it('is counted apart from requests: by breaker and by WebSocket, and the upgrade alone as HTTP', async () => {
    await within([Row], async (served) => {
      const client = await served.connect('/row');
      say(client, { type: 'say', how: 'fails' });
      await client.take(1);
      say(client, { type: 'say', how: 'well' });
      await client.take(1);
      expect(await served.metric('circuit_breaker_calls_total{name="row",outcome="failure"}')).toBe(1);
      expect(await served.metric('circuit_breaker_calls_total{name="row",outcome="success"}')).toBe(1);
      expect(await served.metric('websocket_message_duration_seconds_count{route="/row",type="say"}')).toBe(2);
      const text = (await served.app.request({ url: '/metrics' })).text();
      expect(
        [...text.matchAll(/^http_server_request_duration_seconds_count\{.*http_route="\/row"/gm)].length,
      ).toBeLessThanOrEqual(1);
    });
  });
});
