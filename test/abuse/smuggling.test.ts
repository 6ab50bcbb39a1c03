import { readBody } from '../../lib/http/request-body';
import { Kernel, type Routes } from '../support/kernel';
import { RawClient, request } from '../support/raw-client';
import { soon } from '../support/soon';

const seen: string[] = [];

const routes: Routes = {
  'GET /': () => 'here',
  'POST /': (exchange) => readBody(exchange, 'text'),
  'POST /deaf': { body: 'none', run: () => 'deaf' },
  'GET /smuggled': ({ wire }) => {
    seen.push(wire.url);
    return 'smuggled';
  },
};

const INNER = 'GET /smuggled HTTP/1.1\r\nhost: a\r\n\r\n';

/** Ways to say in a head of one body how long it is that two readers may understand differently: a proxy in front and this server. */
const HEADS: readonly (readonly [what: string, lines: string, body: string])[] = [
  ['a length and chunks', `content-length: ${INNER.length + 5}\r\ntransfer-encoding: chunked`, `0\r\n\r\n${INNER}`],
  ['chunks and a length', 'transfer-encoding: chunked\r\ncontent-length: 5', `0\r\n\r\n${INNER}`],
  ['chunks and a length of nothing', 'content-length: 0\r\ntransfer-encoding: chunked', `0\r\n\r\n${INNER}`],
  ['two lengths', `content-length: 0\r\ncontent-length: ${INNER.length}`, INNER],
  ['the same length twice', 'content-length: 0\r\ncontent-length: 0', INNER],
  ['a list of lengths', `content-length: 0, ${INNER.length}`, INNER],
  ['a length in hexadecimal', 'content-length: 0x0', INNER],
  ['a length with a sign', 'content-length: +0', INNER],
  ['a length with a minus', 'content-length: -0', INNER],
  ['a length with a point', 'content-length: 0.0', INNER],
  ['a length with an exponent', 'content-length: 0e1', INNER],
  ['a length with an underscore', 'content-length: 0_0', INNER],
  ['an empty length', 'content-length:', INNER],
  ['a length with a blank in it', 'content-length: 0 0', INNER],
  ['a length beyond 64 bits', 'content-length: 18446744073709551616', INNER],
  ['a length with a vertical tab', 'content-length: \x0b0', INNER],
  ['a length with a NUL', 'content-length: 0\0', INNER],
  ['a length behind a blank before the colon', `content-length : ${INNER.length}`, INNER],
  ['a length behind a tab before the colon', `content-length\t: ${INNER.length}`, INNER],
  ['a length on a folded line', `x: y\r\n content-length: ${INNER.length}`, INNER],
  ['a length folded', `content-length:\r\n ${INNER.length}`, INNER],
  ['a length behind a bare carriage return', `x: y\rcontent-length: ${INNER.length}`, INNER],
  ['a length behind a bare line feed', `x: y\ncontent-length: ${INNER.length}`, INNER],
  ['chunks behind a bare line feed', 'x: y\ntransfer-encoding: chunked', `0\r\n\r\n${INNER}`],
  ['chunks with a blank before the colon', 'transfer-encoding : chunked', `0\r\n\r\n${INNER}`],
  ['chunks that are no word', 'transfer-encoding: xchunked', `0\r\n\r\n${INNER}`],
  ['chunks in quotes', 'transfer-encoding: "chunked"', `0\r\n\r\n${INNER}`],
  ['chunks behind a vertical tab', 'transfer-encoding: \x0bchunked', `0\r\n\r\n${INNER}`],
  ['chunks with a parameter', 'transfer-encoding: chunked;q=1', `0\r\n\r\n${INNER}`],
  ['chunks not last', 'transfer-encoding: chunked, identity', `0\r\n\r\n${INNER}`],
  ['chunks not last on lines of their own', 'transfer-encoding: chunked\r\ntransfer-encoding: identity', `0\r\n\r\n${INNER}`],
  ['chunks that are none', 'transfer-encoding: identity', INNER],
  ['a coding that is empty', 'transfer-encoding:', INNER],
  ['chunks with HTTP/1.0', 'transfer-encoding: chunked\r\nx-version: 1.0', `0\r\n\r\n${INNER}`],
];

/** And in its chunks. */
const CHUNKS: readonly (readonly [what: string, body: string])[] = [
  ['a chunk size with 0x', `0x0\r\n\r\n${INNER}`],
  ['a chunk size with a sign', `+0\r\n\r\n${INNER}`],
  ['a chunk size with an underscore', `0_0\r\n\r\n${INNER}`],
  ['a chunk size beyond 64 bits', `10000000000000000\r\n\r\n${INNER}`],
  ['an empty chunk size', `\r\n\r\n${INNER}`],
  ['a chunk that ends in a line feed', `1\r\nx\n0\r\n\r\n${INNER}`],
  ['a chunk size that ends in a line feed', `1\nx\r\n0\r\n\r\n${INNER}`],
  ['a chunk extension with a line feed', `1;a\nx\r\n0\r\n\r\n${INNER}`],
  ['a chunk extension with a carriage return', `1;a\rb\r\nx\r\n0\r\n\r\n${INNER}`],
];

describe('a request whose end two readers may see at different places (RFC 9112 §11.2)', () => {
  let kernel: Kernel;

  beforeAll(async () => {
    kernel = await Kernel.open(routes);
  });
  beforeEach(() => {
    seen.length = 0;
    kernel.instruments.records.length = 0;
  });
  afterEach(() => soon(() => expect([kernel.underWay, kernel.server.connections]).toEqual([0, 0])));
  afterAll(() => kernel.close());

  /** Sends it, and what it hides. Out: the statuses that came until the connection was closed. */
  async function smuggle(path: string, lines: string, body: string): Promise<string[]> {
    const version = lines.includes('x-version: 1.0') ? '1.0' : '1.1';
    const client = await RawClient.connect(kernel.url);
    client.write(`POST ${path} HTTP/${version}\r\nhost: a\r\n${lines}\r\n\r\n${body}`);
    const all = await client.closed();
    client.close();
    return (all.match(/HTTP\/1\.1 \d{3}/g) ?? []).map((line) => line.slice(9));
  }

  afterEach(async () => {
    expect(seen).toEqual([]);
    const next = await RawClient.connect(kernel.url);
    expect((await next.ask(request('GET', '/'))).body.toString()).toBe('here');
    next.close();
  });

  it.each(HEADS)('is refused with one answer, and what it hides is no request: %s', async (_what, lines, body) => {
    for (const path of ['/', '/deaf']) expect([path, await smuggle(path, lines, body)]).toEqual([path, ['400']]);
    expect(kernel.instruments.statuses).toEqual([400, 400]);
  });

  it.each(CHUNKS)('is read no further than its mistake, and what it hides is no request: %s', async (_what, body) => {
    expect(await smuggle('/', 'transfer-encoding: chunked', body)).toEqual(['400']);
    // Who does not want the body may have answered before it came.
    expect(await smuggle('/deaf', 'transfer-encoding: chunked', body)).toEqual(['200']);
  });

  it('has nothing behind it that is begun, when its answer closes the connection', async () => {
    const client = await RawClient.connect(kernel.url);
    client.write(`GET / HTTP/1.1\r\n\r\n${INNER}`, INNER);
    expect((await client.response()).status).toBe(400);
    expect(await client.closed()).toBe('');
    client.close();
  });
});
