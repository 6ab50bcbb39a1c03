import { IsEmail, IsISO8601, IsString, IsUrl, IsUUID } from 'class-validator';
import { Body, Controller, Get, Param, Post, RequestContext } from 'rockstar-web';
import { moduleOf, serveOn, type Served } from '../journeys/doors';
import { post, RawClient, request } from '../support/raw-client';
import { leastCpuMs } from './cost';

class Contact {
  @IsEmail() email!: string;
  @IsUrl() url!: string;
  @IsUUID() id!: string;
  @IsISO8601() since!: string;
  @IsString() name!: string;
}

@Controller()
class Routes {
  @Get('/query')
  query(ctx: RequestContext) {
    return { names: Object.keys(ctx.query).length };
  }

  @Get('/report/:name(^[a-z\\d-]+\\.pdf$)')
  report(@Param('name') name: string) {
    return { name };
  }

  @Get('/at/:hour(^\\d{2})h:minute(^\\d{2})m')
  at() {
    return {};
  }

  @Post('/any')
  async any(ctx: RequestContext) {
    return { names: Object.keys((await ctx.body()) as object).length };
  }

  @Post('/contact')
  contact(@Body() contact: Contact) {
    return { name: contact.name.length };
  }
}

const JSON_TYPE = { 'content-type': 'application/json' };
const KEYS = 30_000;
/** As text, whole numbers are their own hash in V8 unless it is seeded: multiples of a power of two would meet in one place. */
const meeting = (at: number): string => String(at * 2 ** 17);
const scattered = (at: number): string => String((at * 2_654_435_761) % 2 ** 32);
const named = (at: number): string => `key${at}`;

function objectOf(key: (at: number) => string): string {
  return `{${Array.from({ length: KEYS }, (_, at) => `"${key(at)}":1`).join(',')}}`;
}

describe('values of a client that are large', () => {
  let served: Served;
  let client: RawClient;

  beforeAll(async () => {
    served = await serveOn(moduleOf([Routes]));
  });
  beforeEach(async () => {
    client = await RawClient.connect(served.url);
  });
  afterEach(() => client.close());
  afterAll(() => served.app.close());

  it('cost what their length is, however the names of JSON were chosen (hash flooding)', async () => {
    const costOf = (key: (at: number) => string, enough?: number): Promise<number> => {
      const body = objectOf(key);
      return leastCpuMs(
        async () => {
          const answer = await client.ask(post('/any', body, JSON_TYPE));
          expect([answer.status, answer.body.toString()]).toEqual([201, `{"names":${KEYS}}`]);
        },
        { enough },
      );
    };
    const ordinary = Math.max(await costOf(scattered), await costOf(named));
    // Were each compared with all before it, that were 450,000,000 comparisons: seconds.
    const enough = 5 * ordinary + 100;
    expect(await costOf(meeting, enough)).toBeLessThan(enough);
  });

  it('cost what their length is, however the names of a query were chosen', async () => {
    const ask = async (key: (at: number) => string): Promise<void> => {
      const names = Array.from({ length: 600 }, (_, at) => key(at));
      const answer = await client.ask(request('GET', `/query?${names.join('&')}`));
      expect(answer.body.toString()).toBe('{"names":600}');
    };
    const enough = 5 * (await leastCpuMs(() => ask(scattered))) + 50;
    expect(await leastCpuMs(() => ask(meeting), { enough })).toBeLessThan(enough);
  });

  it.each(['a', '0', '-', '.', '.pdf', 'a.pdf.', '00h', '00h00m', '%61', '/'])(
    'are matched with the expressions of routes in time that grows with their length alone: %j',
    async (run) => {
      const costOf = (length: number, enough?: number): Promise<number> => {
        const text = run.repeat(Math.floor(length / run.length));
        return leastCpuMs(
          async () => {
            for (const path of ['/report/', '/at/']) {
              for (let i = 0; i < 10; i++) expect((await client.ask(request('GET', `${path}${text}!`))).status).toBe(404);
            }
          },
          { enough },
        );
      };
      expect((await client.ask(request('GET', '/report/a-1.pdf'))).body.toString()).toBe('{"name":"a-1.pdf"}');
      expect((await client.ask(request('GET', '/at/12h30m'))).status).toBe(200);
      const short = await costOf(200);
      // As long as one parameter may be, and as a target may be.
      for (const [length, limit] of [
        [2_000, 20 * short + 50],
        [8_000, 80 * short + 50],
      ] as const) {
        expect(await costOf(length, limit)).toBeLessThan(limit);
      }
    },
  );

  it('are refused for a name of JSON as long as a body may be', async () => {
    const name = 'k'.repeat(1_000_000);
    const answer = await client.ask(post('/contact', `{"${name}":1}`, JSON_TYPE));
    expect(answer.status).toBe(400);
    // Nor is it repeated.
    expect(answer.body.length).toBeLessThan(5_000);
  });

  it.each(['a', '@', '.', 'a.', 'a@', ' ', '-', '0-', '/', 'http://', '"', '%', ':', '2020-'])(
    'are checked in time that grows with their length alone: %j',
    async (run) => {
      const costOf = (length: number, enough?: number): Promise<number> => {
        const text = run.repeat(Math.floor(length / run.length));
        const body = JSON.stringify({ email: text, url: `http://${text}`, id: text, since: `2020${text}`, name: text });
        return leastCpuMs(async () => expect((await client.ask(post('/contact', body, JSON_TYPE))).status).toBe(400), { enough });
      };
      const limit = 20 * (await costOf(10_000)) + 50;
      expect(await costOf(100_000, limit)).toBeLessThan(limit);
    },
  );
});
