import { Readable } from 'node:stream';
import { interval, map, of, Subject, take, throwError } from 'rxjs';
import { Controller, Get, NotFoundError, RequestContext } from 'rockstar-web';
import type { ConcreteClass } from '../../lib/metadata/slot';
import { doors, moduleOf, withClient } from '../journeys/doors';
import { ask, failureOf } from '../testing/app-of';
import { keepLines, told } from './lines';

/** A controller whose handler does this. */
function handling(handler: (context: RequestContext) => unknown): ConcreteClass {
  @Controller()
  class Handling {
    @Get('/')
    get(context: RequestContext) {
      return handler(context);
    }

    @Get('/plain')
    plain() {
      return 'plain';
    }
  }
  return Handling;
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function* generated() {
  for (const part of ['one ', 'two ', 'three']) {
    await turn();
    yield part;
  }
}

const JSON_TYPE = 'application/json; charset=utf-8';
const TEXT_TYPE = 'text/plain; charset=utf-8';
const LINES_TYPE = 'application/x-ndjson; charset=utf-8';

describe('an answer by the context', () => {
  it.each<[string, (context: RequestContext) => void, number, string | undefined, string]>([
    ['json', (context) => context.json(202, { a: 1 }), 202, JSON_TYPE, '{"a":1}'],
    ['json of null', (context) => context.json(200, null), 200, JSON_TYPE, 'null'],
    ['json without a body', (context) => context.json(204, {}), 204, undefined, ''],
    ['text', (context) => context.text(404, 'héllo'), 404, TEXT_TYPE, 'héllo'],
    [
      'bytes',
      (context) => context.stream(Readable.from(['by', 'tes'], { objectMode: false })),
      200,
      'application/octet-stream',
      'bytes',
    ],
    ['a generator', (context) => context.stream(generated()), 200, TEXT_TYPE, 'one two three'],
    [
      'an Observable',
      (context) =>
        context.stream(
          interval(1).pipe(
            take(2),
            map((n) => ({ n })),
          ),
        ),
      200,
      LINES_TYPE,
      '{"n":0}\n{"n":1}\n',
    ],
    ['an Observable of nothing', (context) => context.stream(of()), 200, LINES_TYPE, ''],
    [
      'a type of its own',
      (context) => {
        context.setHeader('content-type', 'text/html');
        context.text(200, '<p>');
      },
      200,
      'text/html',
      '<p>',
    ],
    [
      'a status from before',
      (context) => {
        context.status = 206;
        context.stream(generated());
      },
      206,
      TEXT_TYPE,
      'one two three',
    ],
  ])('is sent, whether the handler is asynchronous or not: %s', async (_kind, answer, status, type, body) => {
    const { logger, lines } = keepLines();
    for (const handler of [answer, (context: RequestContext) => turn().then(() => answer(context))]) {
      const response = await ask(handling(handler), { url: '/' }, { logger });
      expect([response.status, response.headers['content-type'], response.text()]).toEqual([status, type, body]);
    }
    expect(told(lines, 'error')).toEqual([]);
  });

  it.each([
    ['/plain', '/plain'],
    ['https://example.com/a?b=c&d=%20e#f', 'https://example.com/a?b=c&d=%20e#f'],
    ['/with space/ünïcode', '/with%20space/%C3%BCn%C3%AFcode'],
    ['/a%2Fb%', '/a%2Fb%25'],
    ['/100%25', '/100%25'],
    ['http://[::1]:8080/', 'http://[::1]:8080/'],
    ['/line\r\nset-cookie: evil=1', '/line%0D%0Aset-cookie:%20evil=1'],
    ['/nul\0', '/nul%00'],
    ['/quotes"<>`', '/quotes%22%3C%3E%60'],
    ['/\u017f\u212a', '/%C5%BF%E2%84%AA'],
    ['/half \ud83d', '/half%20%EF%BF%BD'],
    ['/whole \ud83d\ude00', '/whole%20%F0%9F%98%80'],
    ['?only=query', '?only=query'],
  ])('sends elsewhere: %j', async (target, location) => {
    const response = await ask(
      handling((context) => context.redirect(target)),
      { url: '/' },
    );
    expect([response.status, response.headers.location, response.headers['set-cookie'], response.text()]).toEqual([
      302,
      location,
      undefined,
      '',
    ]);
  });

  it.each([
    [301, 301, ''],
    [308, 308, ''],
    [200, 500, 'CONTEXT_REDIRECT_INVALID'],
    [400, 500, 'CONTEXT_REDIRECT_INVALID'],
    [304.5, 500, 'CONTEXT_REDIRECT_INVALID'],
  ])('sends elsewhere with a status from 300 to 399: %d', async (status, sent, code) => {
    const response = await ask(
      handling((context) => context.redirect('/', status)),
      { url: '/' },
    );
    expect(response.status).toBe(sent);
    if (code !== '') expect(failureOf(response).code).toBe(code);
  });

  it('is the failure when the stream fails before its first value, and when it is no JSON', async () => {
    const failure = new NotFoundError('no stream');
    const streams = [
      () => throwError(() => failure),
      () => Readable.from(rejecting(failure)),
      () => rejecting(failure),
      () => new Readable({ read: () => undefined }).destroy(failure),
    ];
    for (const make of streams) {
      const response = await ask(
        handling((context) => context.stream(make())),
        { url: '/' },
      );
      expect(failureOf(response)).toMatchObject({ status: 404, detail: 'no stream' });
    }
    const circle: { self?: unknown } = {};
    circle.self = circle;
    const response = await ask(
      handling((context) => context.json(200, circle)),
      { url: '/' },
    );
    expect(failureOf(response)).toMatchObject({ status: 500, code: 'REPLY_NOT_SERIALIZABLE' });
  });

  it('leaves a handler that fails before the first value of its stream with the failure', async () => {
    const values = new Subject<string>();
    const response = await ask(
      handling(async (context) => {
        context.stream(values);
        await turn();
        throw new NotFoundError('changed its mind');
      }),
      { url: '/' },
    );
    expect(failureOf(response).detail).toBe('changed its mind');
    expect(values.observed).toBe(false);
  });
});

async function* rejecting(error: Error): AsyncGenerator<string> {
  await turn();
  if (error.message !== '') throw error;
  yield 'never';
}

/** A handler that answers, and then does this. */
function behindTheFirst(then: (context: RequestContext) => unknown): (context: RequestContext) => unknown {
  return (context) => {
    context.json(200, { first: true });
    return then(context);
  };
}

describe.each(doors)('what follows an answer over $name', (door) => {
  it.each<[string, (context: RequestContext) => unknown]>([
    ['a value', (context) => (context.json(200, { first: true }), 'second')],
    ['a value, later', async (context) => (context.json(200, { first: true }), await turn(), 'second')],
    ['a promise of a value', (context) => (context.json(200, { first: true }), Promise.resolve('second'))],
    ['null', (context) => (context.json(200, { first: true }), null)],
  ])('is an error in the log when it is %s; the client has the answer', async (_what, handler) => {
    const { logger, lines } = keepLines();
    await withClient(door, moduleOf([handling(handler)]), { logger }, async (client) => {
      const answer = await client.ask({ path: '/' });
      expect([answer.status, answer.json()]).toEqual([200, { first: true }]);
      expect((await client.ask({ path: '/plain' })).text).toBe('plain');
    });
    const errors = lines.filter(({ level }) => level === 'error');
    expect(errors.map(({ fields }) => (fields.err as { code?: string }).code)).toEqual(['REPLY_ALREADY_SENT']);
  });

  it.each<[string, (context: RequestContext) => unknown]>([
    ['json', behindTheFirst((context) => context.json(200, { second: true }))],
    ['text, later', behindTheFirst((context) => turn().then(() => context.text(200, 'second')))],
    ['a redirect', behindTheFirst((context) => context.redirect('/second'))],
    ['a stream', behindTheFirst((context) => context.stream(of('second')))],
    [
      'json after the raw response',
      (context) => {
        rawFirst(context);
        context.json(200, { second: true });
      },
    ],
  ])('fails with CONTEXT_ALREADY_ANSWERED when it is %s; the client has the first answer', async (_what, handler) => {
    const { logger, lines } = keepLines();
    await withClient(door, moduleOf([handling(handler)]), { logger }, async (client) => {
      const answer = await client.ask({ path: '/' });
      expect([answer.status, answer.json()]).toEqual([200, { first: true }]);
    });
    expect(lines.filter(({ fields }) => JSON.stringify(fields).includes('CONTEXT_ALREADY_ANSWERED'))).not.toEqual([]);
  });

  it('fails with CONTEXT_ALREADY_ANSWERED after a stream that has not begun', async () => {
    let code: unknown;
    const controller = handling((context) => {
      context.stream(generated());
      try {
        context.json(200, {});
      } catch (error) {
        code = (error as { code: unknown }).code;
      }
    });
    await withClient(door, moduleOf([controller]), {}, async (client) => {
      expect((await client.ask({ path: '/' })).text).toBe('one two three');
    });
    expect(code).toBe('CONTEXT_ALREADY_ANSWERED');
  });

  it('is nothing when the handler fails: the client has the answer, and the log has the failure', async () => {
    const { logger, lines } = keepLines();
    const failing = async (context: RequestContext): Promise<never> => {
      context.json(200, { first: true });
      await turn();
      throw new Error('afterwards');
    };
    await withClient(door, moduleOf([handling(failing)]), { logger }, async (client) => {
      expect((await client.ask({ path: '/' })).json()).toEqual({ first: true });
    });
    expect(lines.some(({ fields }) => JSON.stringify(fields).includes('afterwards'))).toBe(true);
  });
});

function rawFirst(context: RequestContext): void {
  context.response.setHeader('content-type', 'application/json');
  context.response.end('{"first":true}');
}
