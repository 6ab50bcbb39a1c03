import fc from 'fast-check';
import { IsInt, IsString } from 'class-validator';
import {
  type Application,
  type ApplicationOptions,
  Body,
  Catch,
  Controller,
  createApp,
  Ctx,
  type Filter,
  Module,
  Param,
  Post,
  type RequestContext,
  UseFilters,
  UseGuards,
} from 'rockstar-web';
import { ManualClock } from 'rockstar-web/testing';
import { RawClient } from '../support/raw-client';
import { soon, turns } from '../support/soon';

class Pet {
  @IsString() name!: string;
  @IsInt() age!: number;
}

const codes: string[] = [];

@Catch()
class Keep implements Filter {
  catch(error: unknown): never {
    codes.push((error as { code: string }).code);
    throw error;
  }
}

let underWay: number[] = [];
let guarded = 0;

@Controller('/pets')
@UseFilters(Keep)
class Pets {
  @Post('/:id') take(@Param('id') id: number, @Body() pet: Pet, @Ctx() context: RequestContext) {
    underWay.push(context.signal.aborted ? 1 : 0);
    return { id, ...pet };
  }

  @Post('/again/:id') async again(@Body() pet: Pet, @Ctx() context: RequestContext) {
    await context.body();
    return pet;
  }

  @Post('/guarded/:id')
  @UseGuards({ canActivate: () => ++guarded > 0 })
  behindGuard(@Body() pet: Pet) {
    return pet;
  }
}

const BODY = '{"name":"Rex","age":7}';
const head = (path: string, length: number = BODY.length, fields = '') =>
  `POST /pets/${path} HTTP/1.1\r\nHost: a.test\r\nContent-Type: application/json\r\n${fields}Content-Length: ${length}\r\n\r\n`;

@Module({ controllers: [Pets] })
class Shop {}

let app: Application | undefined;

async function open(options?: ApplicationOptions) {
  codes.length = 0;
  underWay = [];
  const opened = await createApp(Shop, { logger: false, ...options });
  app = opened;
  return { app: opened, client: await RawClient.connect(await opened.listen(0)) };
}

afterEach(() => app?.close());

describe('a route that begins with its body', () => {
  it('is answered with the packet of its head, one behind the other', async () => {
    const { client } = await open();
    client.write(head('1') + BODY + head('2') + BODY + head('3', 2) + '{}' + head('x') + BODY);
    const answers = [await client.response(), await client.response(), await client.response(), await client.response()];
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 400, 400]);
    expect(JSON.parse(answers[1].body.toString())).toEqual({ id: 2, name: 'Rex', age: 7 });
    expect(codes).toEqual(['VALIDATION_FAILED', 'VALIDATION_FAILED']);
    client.close();
  });

  it('is the same however its bytes are cut', async () => {
    const { client } = await open();
    const bytes = Buffer.from(head('7') + BODY + head('8') + BODY);
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(fc.nat(bytes.length), { maxLength: 5 }), async (cuts) => {
        let from = 0;
        for (const to of [...cuts.sort((a, b) => a - b), bytes.length]) {
          client.write(bytes.subarray(from, to));
          from = to;
          await turns(2);
        }
        const answers = [await client.response(), await client.response()];
        expect(answers.map(({ body }) => (JSON.parse(body.toString()) as { id: number }).id)).toEqual([7, 8]);
      }),
      { numRuns: 60, seed: 1 },
    );
    client.close();
  });

  it('waits for a late body within its time, and lets filters see that it did not come', async () => {
    const clock = new ManualClock();
    const { app, client } = await open({ clock, requestTimeoutMs: 5_000 });
    client.write(head('1') + BODY.slice(0, 5));
    await soon(() => expect(app.requests.list()).toHaveLength(1));
    expect(codes).toEqual([]);
    await clock.advance(5_010);
    expect((await client.response()).status).toBe(408);
    expect(codes).toEqual(['REQUEST_TIMEOUT']);
    client.close();
  });

  it('takes what came late with its signal alive', async () => {
    const { app, client } = await open();
    client.write(head('1') + BODY.slice(0, 5));
    await soon(() => expect(app.requests.list()).toHaveLength(1));
    client.write(BODY.slice(5, 9));
    await turns(3);
    client.write(BODY.slice(9));
    expect((await client.response()).status).toBe(201);
    expect(underWay).toEqual([0]);
    expect(app.requests.list()).toEqual([]);
    client.close();
  });

  it.each([
    ['FIN', (client: RawClient) => client.end()],
    ['RST', (client: RawClient) => client.reset()],
  ])('ends when its client leaves before its body came: %s', async (_name, leave) => {
    const { app, client } = await open();
    client.write(head('1') + BODY.slice(0, 5));
    leave(client);
    await soon(() => expect(app.requests.cancellations()).toMatchObject([{ reason: 'client', count: 1 }]));
    expect([underWay, app.requests.list()]).toEqual([[], []]);
    client.close();
  });

  it('ends when its client leaves long before its body came', async () => {
    const { app, client } = await open();
    client.write(head('1') + BODY.slice(0, 5));
    await soon(() => expect(app.requests.list()).toHaveLength(1));
    client.reset();
    await soon(() => expect(app.requests.cancellations()).toMatchObject([{ reason: 'client', count: 1 }]));
    expect([underWay, app.requests.list()]).toEqual([[], []]);
  });

  it('gives its body once', async () => {
    const { client } = await open();
    const answer = await client.ask(head('again/1') + BODY);
    expect([answer.status, codes]).toEqual([500, ['BODY_TAKEN']]);
    client.close();
  });

  it.each([
    ['longer than allowed', head('1', 100) + ' '.repeat(100), 413, 'BODY_TOO_LARGE'],
    ['compressed in an unknown way', head('1', BODY.length, 'Content-Encoding: x\r\n') + BODY, 415, 'BODY_ENCODING_UNSUPPORTED'],
    ['no JSON', head('1', 2) + '{]', 400, 'BODY_MALFORMED'],
    ['no UTF-8', head('1', 3) + '"\xff"', 400, 'BODY_MALFORMED'],
  ])('is refused when its body is %s', async (_name, bytes, status, code) => {
    const { client } = await open({ bodyLimitBytes: 64 });
    const answer = await client.ask(bytes);
    expect([answer.status, codes]).toEqual([status, [code]]);
    client.close();
  });

  it('is refused by its guards before its body came', async () => {
    const { client } = await open();
    guarded = 0;
    client.write(head('guarded/1') + BODY.slice(0, 3));
    await soon(() => expect(guarded).toBe(1));
    client.write(BODY.slice(3));
    expect((await client.response()).status).toBe(201);
    client.close();
  });
});
