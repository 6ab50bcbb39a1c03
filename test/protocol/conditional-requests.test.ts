import type { Exchange } from '../../lib/http/exchange';
import { type Answer, type Client, doors, problemOf } from '../support/doors';
import { Kernel } from '../support/kernel';

const MODIFIED = 'Wed, 21 Oct 2015 07:28:00 GMT';
const EARLIER = 'Wed, 21 Oct 2015 07:27:59 GMT';
const LATER = 'Wed, 21 Oct 2015 07:28:01 GMT';

describe.each(doors)('a conditional request over $name (RFC 9110 §13)', (door) => {
  let kernel: Kernel;
  let client: Client;

  beforeAll(async () => {
    const tagged =
      (etag: string | undefined, modified?: string) =>
      (exchange: Exchange): string => {
        if (etag !== undefined) exchange.setField('etag', etag);
        if (modified !== undefined) exchange.setField('last-modified', modified);
        exchange.setField('cache-control', 'max-age=60');
        return 'content';
      };
    kernel = await Kernel.open(
      {
        'GET /strong': tagged('"one"'),
        'GET /weak': tagged('W/"one"'),
        'GET /dated': tagged(undefined, MODIFIED),
        'GET /both': tagged('"one"', MODIFIED),
        'GET /plain': tagged(undefined),
        'GET /json': (exchange) => {
          exchange.setField('etag', '"one"');
          return { a: 1 };
        },
        'GET /missing': { status: 404, statusDeclared: true, run: tagged('"one"') },
        'POST /strong': tagged('"one"', MODIFIED),
      },
      door.options,
    );
    client = await door.connect(kernel.url);
  });
  afterAll(async () => {
    await client.close();
    await kernel.close();
  });

  const ask = (path: string, headers: Record<string, string>, method = 'GET'): Promise<Answer> =>
    client.ask({ method, path, headers });

  it.each<[string, Record<string, string>, number]>([
    // §13.1.2 If-None-Match: weak comparison
    ['/strong', { 'if-none-match': '"one"' }, 304],
    ['/strong', { 'if-none-match': 'W/"one"' }, 304],
    ['/weak', { 'if-none-match': '"one"' }, 304],
    ['/weak', { 'if-none-match': 'W/"one"' }, 304],
    ['/strong', { 'if-none-match': '"other"' }, 200],
    ['/strong', { 'if-none-match': '"other", W/"one" , "third"' }, 304],
    ['/strong', { 'if-none-match': '"other","third"' }, 200],
    ['/strong', { 'if-none-match': '*' }, 304],
    ['/strong', { 'if-none-match': 'one' }, 200],
    ['/strong', { 'if-none-match': '' }, 200],
    ['/json', { 'if-none-match': '"one"' }, 304],
    ['/plain', { 'if-none-match': '"one"' }, 200],
    // §13.1.3 If-Modified-Since
    ['/dated', { 'if-modified-since': MODIFIED }, 304],
    ['/dated', { 'if-modified-since': LATER }, 304],
    ['/dated', { 'if-modified-since': EARLIER }, 200],
    ['/dated', { 'if-modified-since': 'Wednesday, 21-Oct-15 07:28:00 GMT' }, 304],
    ['/dated', { 'if-modified-since': 'no date' }, 200],
    ['/strong', { 'if-modified-since': LATER }, 200],
    // §13.2.2: If-None-Match goes before If-Modified-Since
    ['/both', { 'if-none-match': '"other"', 'if-modified-since': LATER }, 200],
    ['/both', { 'if-none-match': '"one"', 'if-modified-since': EARLIER }, 304],
    // §13.1.1 If-Match: strong comparison
    ['/strong', { 'if-match': '"one"' }, 200],
    ['/strong', { 'if-match': '"other", "one"' }, 200],
    ['/strong', { 'if-match': '*' }, 200],
    ['/strong', { 'if-match': 'W/"one"' }, 412],
    ['/weak', { 'if-match': 'W/"one"' }, 412],
    ['/strong', { 'if-match': '"other"' }, 412],
    // §13.1.4 If-Unmodified-Since
    ['/dated', { 'if-unmodified-since': MODIFIED }, 200],
    ['/dated', { 'if-unmodified-since': LATER }, 200],
    ['/dated', { 'if-unmodified-since': EARLIER }, 412],
    ['/dated', { 'if-unmodified-since': 'no date' }, 200],
    // §13.2.2: If-Match goes before If-Unmodified-Since, and both before the others
    ['/both', { 'if-match': '"one"', 'if-unmodified-since': EARLIER }, 200],
    ['/both', { 'if-match': '"other"', 'if-none-match': '"one"' }, 412],
    ['/both', { 'if-match': '"one"', 'if-none-match': '"one"' }, 304],
    // §13.2.1: only what would be answered with 200
    ['/missing', { 'if-none-match': '"one"' }, 404],
  ])('to %s with %p is answered %d', async (path, headers, status) => {
    for (const method of ['GET', 'HEAD']) {
      const answer = await ask(path, headers, method);
      expect([method, answer.status]).toEqual([method, status]);
      if (status === 304) {
        expect(answer.headers).toMatchObject(
          path === '/dated' ? { 'last-modified': MODIFIED } : { etag: expect.stringContaining('"one"') as string },
        );
        expect([answer.body.length, answer.headers['content-type'], answer.headers['content-length']]).toEqual([
          0,
          undefined,
          undefined,
        ]);
      }
      if (status === 412 && method === 'GET') expect(problemOf(answer).code).toBe('PRECONDITION_FAILED');
    }
  });

  it('of another method is left to its handler', async () => {
    expect((await ask('/strong', { 'if-none-match': '"one"' }, 'POST')).status).toBe(200);
    expect((await ask('/strong', { 'if-modified-since': LATER }, 'POST')).status).toBe(200);
  });

  it('answered with 304 keeps the fields that update a stored response (§15.4.5)', async () => {
    const answer = await ask('/both', { 'if-none-match': '"one"' });
    expect(answer.headers).toMatchObject({ etag: '"one"', 'last-modified': MODIFIED, 'cache-control': 'max-age=60' });
  });
});
