import { Readable } from 'node:stream';
import { ReadableStream } from 'node:stream/web';
import { EMPTY, concat, delay, of, throwError, timer, map } from 'rxjs';
import { Controller, Get, HttpCode, NotFoundError, Post, RequestContext, Sse } from 'rockstar-web';
import type { ConcreteClass } from '../../lib/metadata/slot';
import { ask, failureOf } from '../testing/app-of';

/** A controller whose GET and POST give what `make` makes. */
function giving(make: () => unknown): ConcreteClass {
  @Controller('/')
  class Giving {
    @Get('/')
    get() {
      return make();
    }

    @Post('/')
    post() {
      return make();
    }
  }
  return Giving;
}

const JSON_TYPE = 'application/json; charset=utf-8';
const TEXT_TYPE = 'text/plain; charset=utf-8';

class Point {
  readonly x = 1;
  toJSON() {
    return { at: this.x };
  }
}

async function* counting(upTo: number, as: (n: number) => unknown) {
  for (let n = 1; n <= upTo; n++) {
    await new Promise((resolve) => setImmediate(resolve));
    yield as(n);
  }
}

describe('what a handler gives', () => {
  it.each<[string, () => unknown, string | undefined, string]>([
    ['an object', () => ({ a: 1 }), JSON_TYPE, '{"a":1}'],
    ['an array', () => [1, 'a', null], JSON_TYPE, '[1,"a",null]'],
    ['a number', () => 42, JSON_TYPE, '42'],
    ['false', () => false, JSON_TYPE, 'false'],
    ['null', () => null, JSON_TYPE, 'null'],
    ['an instance, by its toJSON', () => new Point(), JSON_TYPE, '{"at":1}'],
    ['a Date', () => new Date(0), JSON_TYPE, '"1970-01-01T00:00:00.000Z"'],
    ['an object without prototype', () => Object.assign(Object.create(null) as object, { a: 1 }), JSON_TYPE, '{"a":1}'],
    ['text', () => 'héllo', TEXT_TYPE, 'héllo'],
    ['empty text', () => '', TEXT_TYPE, ''],
    ['a Buffer', () => Buffer.from('bytes'), 'application/octet-stream', 'bytes'],
    ['a part of some bytes', () => new Uint8Array(Buffer.from('xbytesx').buffer).subarray(0, 0), 'application/octet-stream', ''],
    ['a promise', () => Promise.resolve({ a: 1 }), JSON_TYPE, '{"a":1}'],
    ['a thenable', () => ({ then: (use: (value: unknown) => void) => use('late') }), TEXT_TYPE, 'late'],
    ['the last value of an Observable', () => concat(of('first'), of('last').pipe(delay(1))), TEXT_TYPE, 'last'],
    ['a promise of an Observable', () => Promise.resolve(of([7])), JSON_TYPE, '[7]'],
    ['null from an Observable', () => of(null), JSON_TYPE, 'null'],
    [
      'a Readable',
      () => Readable.from([Buffer.from('by'), Buffer.from('tes')], { objectMode: false }),
      'application/octet-stream',
      'bytes',
    ],
    [
      'a Readable of objects',
      () => Readable.from([{ a: 1 }, { a: 2 }]),
      'application/x-ndjson; charset=utf-8',
      '{"a":1}\n{"a":2}\n',
    ],
    ['a web stream', () => ReadableStream.from([Buffer.from('web')]), 'application/octet-stream', 'web'],
    ['a generator of text', () => counting(3, String), TEXT_TYPE, '123'],
    ['a generator of objects', () => counting(2, (n) => ({ n })), 'application/x-ndjson; charset=utf-8', '{"n":1}\n{"n":2}\n'],
  ])('is sent by its kind: %s', async (_kind, make, type, body) => {
    const controller = giving(make);
    const response = await ask(controller, { url: '/' });
    expect([response.status, response.headers['content-type'], response.text()]).toEqual([200, type, body]);
    const created = await ask(controller, { method: 'POST', url: '/' });
    expect([created.status, created.text()]).toEqual([201, body]);
  });

  it.each<[string, () => unknown]>([
    ['undefined', () => undefined],
    ['a promise of undefined', () => Promise.resolve()],
    ['an Observable without a value', () => EMPTY],
    ['an Observable of undefined', () => of(undefined)],
  ])('is 204 for %s, after POST too', async (_kind, make) => {
    for (const method of ['GET', 'POST']) {
      const response = await ask(giving(make), { method, url: '/' });
      expect([response.status, response.text()]).toEqual([204, '']);
      expect(response.headers['content-length']).toBeUndefined();
    }
  });

  it('keeps a status that was asked for, when there is nothing to send', async () => {
    @Controller('/')
    class Accepts {
      @Get('/')
      @HttpCode(202)
      accept() {
        return undefined;
      }
    }
    const response = await ask(Accepts, { url: '/' });
    expect([response.status, response.text(), response.headers['content-length']]).toEqual([202, '', '0']);
  });

  it('sends no body with a status that has none', async () => {
    @Controller('/')
    class Empty {
      @Get('/:status')
      empty(context: RequestContext) {
        context.status = Number(context.param('status'));
        return { nobody: 'reads this' };
      }
    }
    for (const status of [204, 304]) {
      const response = await ask(Empty, { url: `/${status}` });
      expect([response.status, response.text()]).toEqual([status, '']);
    }
    const response = await ask(Empty, { url: '/204' });
    expect(response.headers['content-length']).toBeUndefined();
  });

  it.each<[string, () => unknown]>([
    ['throws', () => thrown()],
    ['rejects', () => Promise.reject(new NotFoundError('There is no such thing.'))],
    ['errors as an Observable', () => throwError(() => new NotFoundError('There is no such thing.'))],
    [
      'errors as an Observable after a value',
      () =>
        concat(
          of(1),
          throwError(() => new NotFoundError('There is no such thing.')),
        ),
    ],
    ['fails as a Readable before its first byte', () => failing()],
    ['fails as a generator before its first value', () => throwing()],
  ])('is the failure when it %s', async (_how, make) => {
    const response = await ask(giving(make), { url: '/' });
    expect(response.headers['content-type']).toBe('application/problem+json');
    expect(failureOf(response)).toMatchObject({ status: 404, code: 'NOT_FOUND', detail: 'There is no such thing.' });
  });

  it('is 500 that tells nothing, for anything else that is thrown', async () => {
    for (const error of [new Error('a secret'), 'a secret', undefined, { status: 418, message: 'a secret' }]) {
      const response = await ask(
        giving(() => {
          throw error;
        }),
        { url: '/' },
      );
      expect(failureOf(response)).toMatchObject({ status: 500, code: 'INTERNAL_ERROR' });
      expect(response.text()).not.toContain('secret');
    }
  });

  it('is 500 when it is no JSON value', async () => {
    const circle: Record<string, unknown> = {};
    circle.circle = circle;
    for (const value of [circle, () => 1, Symbol('x'), 1n]) {
      const response = await ask(
        giving(() => value),
        { url: '/' },
      );
      expect(failureOf(response)).toMatchObject({ status: 500, code: 'REPLY_NOT_SERIALIZABLE' });
    }
  });
});

function thrown(): never {
  throw new NotFoundError('There is no such thing.');
}

function failing(): Readable {
  return new Readable({
    read() {
      this.destroy(new NotFoundError('There is no such thing.'));
    },
  });
}

// eslint-disable-next-line require-yield -- it fails before it yields
async function* throwing(): AsyncGenerator<string> {
  throw new NotFoundError('There is no such thing.');
}

describe('server-sent events', () => {
  it.each<[string, () => unknown]>([
    [
      'an Observable',
      () =>
        timer(0, 1).pipe(
          map((n) => ({ n })),
          takeThree(),
        ),
    ],
    ['a promise of one', () => Promise.resolve(of({ n: 0 }, { n: 1 }, { n: 2 }))],
    ['a generator', () => counting(3, (n) => ({ n: n - 1 }))],
    ['a promise of a generator', () => Promise.resolve(counting(3, (n) => ({ n: n - 1 })))],
  ])('are the values of %s', async (_kind, make) => {
    @Controller('/')
    class Events {
      @Sse('/')
      events() {
        return make();
      }
    }
    const response = await ask(Events, { url: '/' });
    expect(response.headers['content-type']).toBe('text/event-stream; charset=utf-8');
    expect(response.text()).toBe('data: {"n":0}\n\ndata: {"n":1}\n\ndata: {"n":2}\n\n');
  });

  it('have names, ids and retry times, and text on several lines stays one event', async () => {
    @Controller('/')
    class Events {
      @Sse('/')
      events() {
        return of({ event: 'tick', id: 7, retry: 100, data: 'one\ntwo' }, 'text', { data: { deep: true } }, null);
      }
    }
    const response = await ask(Events, { url: '/' });
    expect(response.text()).toBe(
      'event: tick\nid: 7\nretry: 100\ndata: one\ndata: two\n\ndata: text\n\ndata: {"deep":true}\n\ndata: null\n\n',
    );
  });

  it('are refused like any answer before they begin', async () => {
    @Controller('/')
    class Events {
      @Sse('/')
      events(): never {
        throw new NotFoundError('No such stream.');
      }
    }
    expect(failureOf(await ask(Events, { url: '/' }))).toMatchObject({ status: 404, detail: 'No such stream.' });
  });
});

function takeThree<T>(): import('rxjs').MonoTypeOperatorFunction<T> {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- beside what is imported by name
  return (require('rxjs') as typeof import('rxjs')).take(3);
}
