import { Type } from 'class-transformer';
import { Allow, IsObject, IsOptional, IsString, ValidateNested } from 'class-validator';
import { Body, Controller, Get, OnMessage, Post, RequestContext, WebSocket } from 'rockstar-web';
import { createTestApp, type TestApplication } from 'rockstar-web/testing';
import { type Client, doors, moduleOf } from '../journeys/doors';
import { soon } from '../support/soon';
import { WsClient } from '../websocket/ws-client';
import { keptBytes, leastCpuMs } from './cost';

class Tree {
  @IsOptional() @ValidateNested({ each: true }) @Type(() => Tree) children: Tree[] = [];
  @IsOptional() @IsObject() data?: Record<string, unknown>;
  @IsOptional() @IsString() name?: string;
  @Allow() free?: unknown;
}

@Controller()
class Routes {
  @Get('/')
  here() {
    return { here: true };
  }

  @Post('/tree')
  tree(@Body() tree: Tree) {
    return { type: typeof tree.name };
  }

  @Post('/any')
  async any(ctx: RequestContext) {
    return { type: typeof (await ctx.body()), polluted: 'polluted' in {} };
  }
}

@WebSocket('/ws')
class Gateway {
  @OnMessage('tree')
  tree(tree: Tree) {
    return { name: tree.name };
  }
}

const JSON_TYPE = { 'content-type': 'application/json' };
const MOST_KEPT_BYTES = 2 * 1024 * 1024;
/** Whatever is kept stays behind each of them; when a buffer is freed is not for us to say. */
const RUNS = 10;
const DEPTH = 100_000;
const SHAPES: readonly (readonly [what: string, open: string, close: string, depth: number])[] = [
  ['lists', '[', ']', DEPTH],
  ['objects', '{"a":', '}', DEPTH],
  ['lists in objects', '{"a":[', ']}', DEPTH / 2],
  // As many as a body may hold.
  ['objects of a class in lists', '{"children":[', ']}', DEPTH / 2],
];

/** A value, at each place of an input where the class says something else of it. */
function placesOf(value: string): readonly string[] {
  return [
    value,
    `{"free":${value}}`,
    `{"data":{"a":${value}}}`,
    `{"name":${value}}`,
    `{"children":[${value}]}`,
    `{"no":${value}}`,
  ];
}

/** What is told of an input that is refused, and how long that is. */
interface Problem {
  readonly code: string;
  readonly errors?: readonly { readonly path: string; readonly code: string }[];
}

describe.each(doors)('JSON of a client over $name', (door) => {
  let app: TestApplication;
  let url: URL;
  let client: Client;
  let other: Client;

  beforeAll(async () => {
    app = await createTestApp(moduleOf([Routes]), { http2: 'h2c', logger: false });
    url = await app.app.listen(0);
  });
  beforeEach(async () => {
    [client, other] = [await door.connect(url), await door.connect(url)];
  });
  afterEach(async () => {
    await client.close();
    await other.close();
    await soon(() => expect(app.leaks()).toEqual([]));
  });
  afterAll(() => app.close());

  /** Another client is answered meanwhile. */
  async function send(path: string, body: string): Promise<readonly [status: number, problem: Problem]> {
    const [answer, meanwhile] = await Promise.all([
      client.ask({ method: 'POST', path, body, headers: JSON_TYPE }),
      other.ask({ path: '/' }),
    ]);
    expect(meanwhile.status).toBe(200);
    // Whatever came, it is not sent back.
    expect(answer.text.length).toBeLessThan(1_500);
    return [answer.status, answer.json() as Problem];
  }

  it.each(SHAPES)(
    'of 100,000 levels is refused wherever it is, at the cost of its length, and nothing of it stays: %s',
    async (_what, open, close, depth) => {
      const bodies = placesOf(open.repeat(depth) + '1' + close.repeat(depth));
      const refuse = async (): Promise<void> => {
        for (const body of bodies) {
          const [status, { code, errors }] = await send('/tree', body);
          expect([status, code, errors?.length]).toEqual([400, 'VALIDATION_FAILED', 1]);
          expect(['maxDepth', 'isObject']).toContain(errors?.[0]?.code);
        }
      };
      const flat = JSON.stringify({ name: 'x'.repeat(bodies[0].length) });
      const ordinary = await leastCpuMs(async () => {
        for (let i = 0; i < bodies.length; i++) expect((await send('/tree', flat))[0]).toBe(201);
      });
      const enough = 20 * ordinary + 200;
      expect(await leastCpuMs(refuse, { enough })).toBeLessThan(enough);
      expect(await keptBytes(refuse, MOST_KEPT_BYTES, RUNS)).toBeLessThanOrEqual(MOST_KEPT_BYTES);
    },
  );

  it.each(SHAPES)('of 100,000 levels is read where no class says what it is: %s', async (_what, open, close, depth) => {
    const body = open.repeat(depth) + '1' + close.repeat(depth);
    expect(await send('/any', body)).toEqual([201, { type: 'object', polluted: false }]);
    expect(await keptBytes(async () => void (await send('/any', body)), MOST_KEPT_BYTES, RUNS)).toBeLessThanOrEqual(
      MOST_KEPT_BYTES,
    );
  });

  it.each([
    '{"__proto__":{"polluted":true}}',
    String.raw`{"\u005f_proto__":{"polluted":true}}`,
    String.raw`{"__pr\u006Fto__":{"polluted":true}}`,
    '{"__proto__":null}',
    '{"constructor":{"prototype":{"polluted":true}}}',
    String.raw`{"c\u006fnstructor":{"\u0070rototype":{"polluted":true}}}`,
  ])('with a key that reaches prototypes is refused wherever it is: %s', async (value) => {
    for (const path of ['/tree', '/any']) {
      for (const body of [...placesOf(value), `{"free":[1,{"a":${value}}]}`]) {
        const [status, { code }] = await send(path, body);
        expect([path, body, status, code]).toEqual([path, body, 400, 'BODY_MALFORMED']);
      }
    }
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  it('with a key that reaches prototypes is refused below 100,000 levels, at the cost of its length', async () => {
    const [open, close] = ['{"a":'.repeat(DEPTH), '}'.repeat(DEPTH)];
    const refuse = async (body: string): Promise<void> => {
      for (const path of ['/tree', '/any']) expect((await send(path, body))[1].code).toBe('BODY_MALFORMED');
    };
    const read = await leastCpuMs(async () => void (await send('/any', `${open}1${close}`)));
    const enough = 20 * read + 200;
    for (const key of ['{"__proto__":1}', '{"constructor":{"prototype":1}}']) {
      expect(await leastCpuMs(() => refuse(open + key + close), { enough })).toBeLessThan(enough);
    }
  });

  it.each(['constructor', 'prototype', 'toString', 'hasOwnProperty', '__defineGetter__', 'then'])(
    'with the name %s is refused by a class that does not have it, and read where none says what it is',
    async (name) => {
      const [status, { errors }] = await send('/tree', `{"${name}":{"a":1}}`);
      expect([status, errors?.map(({ path, code }) => [path, code])]).toEqual([400, [[name, 'whitelistValidation']]]);
      expect(await send('/any', `{"${name}":{"a":1}}`)).toEqual([201, { type: 'object', polluted: false }]);
      expect((await send('/tree', `{"free":{"${name}":1}}`))[0]).toBe(201);
    },
  );

  it('with names as long as a body is refused by a class, read where none says what it is, and never sent back', async () => {
    const name = 'k'.repeat(1_000_000);
    const ask = async (): Promise<void> => {
      expect((await send('/tree', `{"${name}":1}`))[1].errors?.map(({ code }) => code)).toEqual(['whitelistValidation']);
      expect((await send('/tree', `{"children":[{"${name}":1}]}`))[1].errors?.map(({ code }) => code)).toEqual([
        'whitelistValidation',
      ]);
      expect((await send('/tree', `{"free":{"${name}":1}}`))[0]).toBe(201);
      expect((await send('/tree', `{"free":{"${name}":{"__proto__":1}}}`))[1].code).toBe('BODY_MALFORMED');
      expect((await send('/any', `{"${name}":1}`))[0]).toBe(201);
      expect((await send('/any', `{"${name}`))[1].code).toBe('BODY_MALFORMED');
    };
    expect(await keptBytes(ask, MOST_KEPT_BYTES, RUNS)).toBeLessThanOrEqual(MOST_KEPT_BYTES);
  });
});

describe('JSON of a client of a WebSocket', () => {
  it('is refused as that of a body is, and the socket stays', async () => {
    const app = await createTestApp(moduleOf([Gateway]), { logger: false });
    const url = await app.app.listen(0);
    const [client, other] = [await WsClient.connect(new URL('/ws', url)), await WsClient.connect(new URL('/ws', url))];
    const send = async (message: string): Promise<unknown> => {
      client.send(message);
      other.send('{"type":"tree","name":"meanwhile"}');
      expect(await other.next()).toMatchObject({ name: 'meanwhile' });
      const { code, errors } = (await client.next()) as Problem;
      return [code, errors?.length];
    };
    for (const [, open, close, depth] of SHAPES) {
      const value = open.repeat(depth) + '1' + close.repeat(depth);
      expect(await send(`{"type":"tree","free":${value}}`)).toEqual(['VALIDATION_FAILED', 1]);
      expect(await send(value)).toEqual([expect.stringMatching(/^MESSAGE_/), 1]);
    }
    for (const key of ['{"__proto__":{"polluted":true}}', '{"constructor":{"prototype":{"polluted":true}}}']) {
      expect(await send(`{"type":"tree","free":${key}}`)).toEqual(['MESSAGE_MALFORMED', 1]);
    }
    expect(await send(`{"type":"tree","${'k'.repeat(1_000_000)}":1}`)).toEqual(['VALIDATION_FAILED', 1]);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    await client.leave();
    await other.leave();
    await soon(() => expect(app.leaks()).toEqual([]));
    await app.close();
  });
});
