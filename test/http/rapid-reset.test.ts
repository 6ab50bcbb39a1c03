import { constants } from 'node:http2';
import { ManualClock } from 'rockstar-web/testing';
import { H2Client } from '../support/h2-client';
import {
  END_HEADERS,
  END_STREAM,
  FRAME,
  frame,
  headerBlock,
  PREFACE,
  readFrames,
  requestFields,
  settings,
} from '../support/h2-frames';
import { Kernel, type Routes } from '../support/kernel';
import { RawClient } from '../support/raw-client';
import { soon, turns } from '../support/soon';

const routes: Routes = {
  'GET /': () => 'here',
  'GET /soon': () => Promise.resolve('here'),
  'GET /waits': (exchange) => new Promise((resolve) => exchange.lifetime.signal.addEventListener('abort', resolve)),
};
const CANCEL = Buffer.of(0, 0, 0, constants.NGHTTP2_CANCEL);
const block = headerBlock(requestFields({ ':path': '/waits' }));

/** Begins requests and takes each back at once; `turns` in between let the server see them. */
async function takeBack(client: RawClient, from: number, count: number, head = block): Promise<void> {
  for (let at = from; at < from + count && !client.ended; at++) {
    const stream = 2 * at + 1;
    client.write(
      Buffer.concat([frame(FRAME.HEADERS, END_HEADERS | END_STREAM, stream, head), frame(FRAME.RST_STREAM, 0, stream, CANCEL)]),
    );
    if (at % 50 === 49) await turns(2);
  }
  await turns(5);
}

function goneAway(client: RawClient): number[] {
  return readFrames(client.unread).flatMap(({ type, payload }) => (type === FRAME.GOAWAY ? [payload.readUInt32BE(4)] : []));
}

describe('a client that takes its requests back as fast as it makes them (CVE-2023-44487)', () => {
  let kernel: Kernel;
  let clock: ManualClock;
  let client: RawClient;

  beforeEach(async () => {
    clock = new ManualClock();
    kernel = await Kernel.open(routes, { http2: 'h2c', clock });
    client = await RawClient.connect(kernel.url);
    client.write(PREFACE, settings);
  });
  afterEach(async () => {
    client.close();
    await kernel.close();
  });

  it('has its connection closed with ENHANCE_YOUR_CALM and one line in the log; others are answered meanwhile', async () => {
    const other = await H2Client.connect(kernel.url);
    const flood = takeBack(client, 0, 900);
    for (let i = 0; i < 5; i++) expect((await other.ask({ ':path': '/' })).status).toBe(200);
    await flood;
    await client.closed();
    expect(goneAway(client)).toEqual([constants.NGHTTP2_ENHANCE_YOUR_CALM]);
    expect(kernel.log.lines.filter(({ level }) => level === 'warn').map(({ message }) => message)).toEqual([
      'a connection was closed: its client takes its requests back as fast as it makes them',
    ]);
    expect((await other.ask({ ':path': '/' })).status).toBe(200);
    await other.close();
    await soon(() => expect(kernel.underWay).toBe(0));
    expect(kernel.instruments.cancellations.length).toBeLessThan(600);
  });

  it('is sent away likewise when the whole of each answer is on its way', async () => {
    await takeBack(client, 0, 900, headerBlock(requestFields({ ':path': '/soon' })));
    await client.closed();
    expect(goneAway(client)).toEqual([constants.NGHTTP2_ENHANCE_YOUR_CALM]);
    expect(kernel.instruments.cancellations).toEqual([]);
    await soon(() => expect(kernel.underWay).toBe(0));
  });

  it('keeps its connection when it takes back what a page was loading, again and again', async () => {
    for (let page = 0; page < 4; page++) {
      await takeBack(client, page * 200, 200);
      await clock.advance(7_000);
    }
    expect([client.ended, goneAway(client)]).toEqual([false, []]);
    await soon(() => expect(kernel.underWay).toBe(0));
  });
});
