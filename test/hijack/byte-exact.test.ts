import fc from 'fast-check';
import { Kernel } from '../support/kernel';
import { RawClient, request } from '../support/raw-client';
import { soon, turn } from '../support/soon';
import { type Asking, askings, routes, TAKEN } from './takeover-app';

const doors = [
  { name: 'TCP', options: {} },
  { name: 'TLS', options: { http2: true, tls: 'self-signed' } },
] as const;

/** Bytes that anybody who reads HTTP would take for some. */
const LIKE_HTTP = 'GET /hello/9 HTTP/1.1\r\nhost: kernel.test\r\n\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n';

/** What comes back of `data`, with what the handler says before. */
function echoed({ before }: Asking, data: Buffer): Buffer {
  return Buffer.concat([Buffer.from(before + TAKEN, 'latin1'), data]);
}

async function rest(client: RawClient): Promise<Buffer> {
  return Buffer.from(await client.closed(), 'latin1');
}

describe.each(doors)('a connection taken over, over $name', ({ options }) => {
  let kernel: Kernel;
  beforeAll(async () => {
    kernel = await Kernel.open(routes, options);
  });
  afterAll(() => kernel.close());
  afterEach(async () => {
    await soon(() => expect([kernel.underWay, kernel.server.connections]).toEqual([0, 0]));
  });

  const ask = async (asking: Asking, data: Buffer, write: (client: RawClient, bytes: Buffer) => Promise<void> | void) => {
    const client = await RawClient.connect(kernel.url);
    await write(client, Buffer.concat([Buffer.from(asking.bytes, 'latin1'), data]));
    client.end();
    const got = await rest(client);
    client.close();
    // An expectation that failed would print a megabyte.
    expect(got.equals(echoed(asking, data)) || got.subarray(0, 2_000).toString('latin1')).toBe(true);
  };

  it.each(askings)('gives what was sent right behind it, in the same packet with the end of it: $name', async (asking) => {
    await ask(asking, Buffer.from(LIKE_HTTP), (client, bytes) => void client.write(bytes));
  });

  it.each(askings)('gives what comes byte by byte: $name', async (asking) => {
    // A long body is cut at its ends alone.
    const isLong = asking.bytes.length > 2_000;
    await ask(asking, Buffer.from(LIKE_HTTP), async (client, bytes) => {
      const from = isLong ? bytes.length - LIKE_HTTP.length - 40 : 0;
      client.write(bytes.subarray(0, from));
      for (let at = from; at < bytes.length; at++) {
        client.write(bytes.subarray(at, at + 1));
        await turn();
      }
    });
  });

  it.each(askings)('gives back a megabyte as it was sent: $name', async (asking) => {
    const data = Buffer.alloc(1024 * 1024);
    for (let at = 0, value = 7; at < data.length; at++) data[at] = value = (value * 1_103_515_245 + 12_345) & 0xff;
    await ask(asking, data, async (client, bytes) => {
      const head = asking.bytes.length;
      for (let from = 0, size = head + 3_000; from < bytes.length; from += size, size = 1 + ((from * 31) % 65_537)) {
        client.write(bytes.subarray(from, from + size));
        if (from % 5 === 0) await turn();
      }
    });
  });

  it('gives it back whatever stands before it, and however it is cut', async () => {
    const earlier = fc.constantFrom('/hello/', '/late/');
    const scene = fc.record({
      asking: fc.constantFrom(...askings),
      earlier: fc.array(earlier, { maxLength: 4 }),
      data: fc.uint8Array({ maxLength: 600 }),
      looksLikeHttp: fc.boolean(),
      cuts: fc.array(fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), turns: fc.nat(3) }), { maxLength: 10 }),
    });
    await fc.assert(
      fc.asyncProperty(scene, async (one) => {
        const data = Buffer.concat([Buffer.from(one.looksLikeHttp ? LIKE_HTTP : ''), one.data]);
        const before = one.earlier.map((path, id) => request('GET', `${path}${id}`)).join('');
        const whole = Buffer.concat([Buffer.from(before + one.asking.bytes, 'latin1'), data]);
        const client = await RawClient.connect(kernel.url);
        let from = 0;
        for (const { at, turns } of [...one.cuts].sort((a, b) => a.at - b.at)) {
          client.write(whole.subarray(from, (from = Math.floor(at * whole.length))));
          for (let i = 0; i < turns; i++) await turn();
        }
        client.write(whole.subarray(from)).end();
        for (let id = 0; id < one.earlier.length; id++) {
          expect((await client.response()).body.toString()).toBe(`hello ${id}`);
        }
        expect((await rest(client)).toString('latin1')).toBe(echoed(one.asking, data).toString('latin1'));
        client.close();
      }),
      { seed: 20_260_301, numRuns: 150 },
    );
    await soon(() => expect(kernel.underWay).toBe(0));
    expect(kernel.instruments.cancellations).toEqual([]);
  });
});
