import { Controller, Headers, HttpError, type Interceptor, Sse, UseInterceptors } from 'rockstar-web';
import { from, map, NEVER, throwError } from 'rxjs';
import { H2Client } from '../support/h2-client';
import { RawClient, request } from '../support/raw-client';
import { soon, turns } from '../support/soon';
import { moduleOf, serveOn } from '../journeys/doors';

let made = 0;
let closed = 0;
let letGo: () => void = () => undefined;

const upper: Interceptor = { intercept: (_context, next) => next.handle().pipe(map((value) => String(value).toUpperCase())) };

async function* endless() {
  made = 0;
  try {
    for (;;) {
      made++;
      yield 'x'.repeat(65_536);
    }
  } finally {
    closed++;
  }
}

@Controller()
class Events {
  @Sse('/plain')
  plain() {
    return endless();
  }

  @Sse('/intercepted')
  @UseInterceptors(upper)
  intercepted() {
    return endless();
  }

  @Sse('/refused')
  refused() {
    return throwError(() => new HttpError(503, { code: 'NOT_NOW' }));
  }

  @Sse('/refused-later')
  refusedLater() {
    return from(Promise.reject(new HttpError(503, { code: 'NOT_NOW' })));
  }

  @Sse('/refused-generator')
  async *refusedGenerator() {
    await Promise.resolve();
    if (made >= 0) throw new HttpError(503, { code: 'NOT_NOW' });
    yield 'never';
  }

  @Sse('/refused-intercepted')
  @UseInterceptors(upper)
  refusedIntercepted() {
    return this.refusedGenerator();
  }

  @Sse('/silent-generator')
  async *silentGenerator() {
    await new Promise<void>((resolve) => (letGo = resolve));
    yield 'never';
  }

  @Sse('/silent')
  silent() {
    return NEVER;
  }

  @Sse('/resumed')
  async *resumed(@Headers('last-event-id') last?: number) {
    for (let id = (last ?? 0) + 1; id <= 5; id++) yield { id, data: `event ${id}` };
  }
}

describe('server-sent events of a generator', () => {
  it.each(['plain', 'intercepted'])('come no faster than they are read, and end with their client: %s', async (path) => {
    const { app, url } = await serveOn(moduleOf([Events]));
    closed = 0;
    const client = await RawClient.connect(url);
    client.write(request('GET', `/${path}`));
    await client.until('text/event-stream');
    client.socket.pause();
    let before = -1;
    while (made !== before) {
      before = made;
      await turns(50);
    }
    expect(made).toBeLessThan(500);
    client.socket.resume();
    await soon(() => expect(made).toBeGreaterThan(before));
    client.reset();
    await soon(() => expect(closed).toBe(1));
    await app.close();
  });

  it('go on behind the last event that came (Last-Event-ID)', async () => {
    const { app, url } = await serveOn(moduleOf([Events]));
    const client = await H2Client.connect(url);
    const first = await client.ask({ ':path': '/resumed' });
    expect(first.body.toString().match(/^id: \d$/gm)).toHaveLength(5);
    expect(first.headers).not.toHaveProperty('connection');
    const rest = await client.ask({ ':path': '/resumed', 'last-event-id': '3' });
    expect(rest.body.toString()).toBe('id: 4\ndata: event 4\n\nid: 5\ndata: event 5\n\n');
    await client.close();
    await app.close();
  });
});

describe('server-sent events', () => {
  it.each(['refused', 'refused-later', 'refused-generator', 'refused-intercepted'])(
    'that fail before there is one are answered as any failure: %s',
    async (path) => {
      const { app, url } = await serveOn(moduleOf([Events]));
      const client = await RawClient.connect(url);
      const answer = await client.ask(request('GET', `/${path}`));
      expect([answer.status, answer.headers.get('content-type')]).toEqual([503, ['application/problem+json']]);
      expect((await client.ask(request('GET', `/${path}`))).status).toBe(503);
      client.close();
      const second = await H2Client.connect(url);
      expect((await second.ask({ ':path': `/${path}` })).status).toBe(503);
      await second.close();
      await app.close();
    },
  );

  it.each(['silent', 'silent-generator'])('are begun before there is one: %s', async (path) => {
    const { app, url } = await serveOn(moduleOf([Events]));
    const client = await RawClient.connect(url);
    client.write(request('GET', `/${path}`));
    await client.until('text/event-stream');
    client.close();
    letGo();
    await app.close();
  });
});
