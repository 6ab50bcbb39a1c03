import { Readable } from 'node:stream';
import { interval, map } from 'rxjs';
import {
  type Application,
  CircuitBreaker,
  circuitBreaker,
  Controller,
  Get,
  HttpClient,
  Injectable,
  RequestContext,
  Sse,
  Use,
} from 'rockstar-web';
import { soon } from '../support/soon';
import { hang, ok, reset, slow, status, ToldUpstream } from '../support/told-upstream';
import { doors, moduleOf, withClient } from './doors';

const COUNT = { window: { kind: 'count', calls: 1_000 }, minimumCalls: 1_000, slowCallMs: 0 } as const;
const breakers = {
  body: COUNT,
  events: COUNT,
  upstream: { maxFailures: 3, resetTimeoutMs: 1_000, halfOpenMax: 1, timeoutMs: 300 },
};
const NONE = { calls: 0, successes: 0, failures: 0, slow: 0, ignored: 0, cancelled: 0, rejected: 0, late: 0 };

/** Bytes without an end, no faster than they are read. */
function endless(): Readable {
  return new Readable({
    read() {
      this.push(Buffer.alloc(16_384, 'x'));
    },
  });
}

async function* parts(fails: boolean): AsyncGenerator<string> {
  yield 'first';
  await new Promise((resolve) => setImmediate(resolve));
  if (fails) throw new Error('the source broke off');
  yield 'last';
}

let base = '';

@Injectable()
class Source {
  constructor(private readonly http: HttpClient) {}
  @CircuitBreaker('upstream') get(): Promise<unknown> {
    return this.http.getJson(base);
  }
}

@Controller()
class Streams {
  constructor(private readonly source: Source) {}

  @Get('/endless') @CircuitBreaker('body') endless() {
    return endless();
  }
  @Get('/endless-behind-middleware') @Use(circuitBreaker('body')) endlessToo() {
    return endless();
  }
  @Get('/whole') @CircuitBreaker('body') whole() {
    return parts(false);
  }
  @Get('/breaks') @CircuitBreaker('body') breaks() {
    return parts(true);
  }
  @Get('/breaks-behind-middleware') @Use(circuitBreaker('body')) breaksToo() {
    return parts(true);
  }
  @Sse('/events') @CircuitBreaker('events') events() {
    return interval(5).pipe(map((n) => `event ${n}`));
  }
  @Get('/source') async fromSource(ctx: RequestContext) {
    ctx.json(200, await this.source.get());
  }
}

const TheModule = moduleOf([Streams], [Source]);
const statsOf = (app: Application, name: string): unknown => ({ ...app.breakers.get(name).stats });

describe.each(doors)('over $name', (door) => {
  it.each(['/endless', '/endless-behind-middleware'])(
    'a client that leaves within a body, or does not read it, is nothing: %s',
    async (path) => {
      await withClient(door, TheModule, { breakers }, async (client, { app }) => {
        const asked = client.begin({ path });
        await asked.received('xxx');
        expect(statsOf(app, 'body')).toEqual(NONE);
        asked.leave();
        await soon(() => expect(statsOf(app, 'body')).toEqual({ ...NONE, cancelled: 1 }));
      });
    },
  );

  it('a body is a success at its end, and a failure when it breaks off', async () => {
    await withClient(door, TheModule, { breakers }, async (client, { app }) => {
      expect((await client.ask({ path: '/whole' })).text).toBe('firstlast');
      await soon(() => expect(statsOf(app, 'body')).toEqual({ ...NONE, calls: 1, successes: 1 }));
    });
    for (const path of ['/breaks', '/breaks-behind-middleware']) {
      await withClient(door, TheModule, { breakers }, async (client, { app }) => {
        await client.ask({ path }).catch(() => undefined);
        await soon(() => expect(statsOf(app, 'body')).toEqual({ ...NONE, calls: 1, failures: 1 }));
      });
    }
  });

  it('server-sent events are a success at their head, however long they last and whoever leaves', async () => {
    await withClient(door, TheModule, { breakers }, async (client, { app }) => {
      const asked = client.begin({ path: '/events' });
      await asked.received('event 2');
      expect(statsOf(app, 'events')).toEqual({ ...NONE, calls: 1, successes: 1 });
      asked.leave();
      await soon(() => expect(app.requests.list()).toEqual([]));
      expect(statsOf(app, 'events')).toEqual({ ...NONE, calls: 1, successes: 1 });
    });
  });

  it.each([
    ['fails', status(500), 502],
    ['hangs', hang, 504],
    ['is too slow', slow(1_000), 504],
    ['resets connections', reset, 502],
  ] as const)('an upstream that %s opens its breaker, and closes it when it works again', async (_how, behave, code) => {
    const upstream = new ToldUpstream();
    base = await upstream.open();
    try {
      await withClient(door, TheModule, { breakers }, async (client, { app }) => {
        upstream.behave = behave;
        for (let i = 0; i < 3; i++) expect((await client.ask({ path: '/source' })).status).toBe(code);
        const rejected = await client.ask({ path: '/source' });
        expect([rejected.status, rejected.header('retry-after')]).toEqual([503, '1']);
        expect(rejected.json()).toMatchObject({ state: 'circuit_breaker_open', code: 'BREAKER_OPEN' });
        expect(upstream.asked).toBe(3);
        upstream.behave = ok;
        await soon(async () => expect((await client.ask({ path: '/source' })).status).toBe(200));
        expect(app.breakers.get('upstream').state).toBe('closed');
      });
    } finally {
      await upstream.close();
    }
  });
});
