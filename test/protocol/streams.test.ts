import { Readable } from 'node:stream';
import { ManualClock } from 'rockstar-web/testing';
import { concat, from, NEVER, Observable, of, Subject } from 'rxjs';
import { StreamedReply } from '../../lib/http/reply-writer';
import { type Client, type Door, doors } from '../support/doors';
import { H2Client } from '../support/h2-client';
import { Kernel, type KernelOptions, type Routes } from '../support/kernel';
import { RawClient, request } from '../support/raw-client';
import { gate, soon, turns } from '../support/soon';

const KIB = 'x'.repeat(1024);

describe.each(doors)('a stream over $name', (door: Door) => {
  let kernel: Kernel;
  let client: Client;

  async function open(routes: Routes, options: KernelOptions = {}): Promise<void> {
    kernel = await Kernel.open(routes, { ...door.options, ...options });
    client = await door.connect(kernel.url);
  }

  afterEach(async () => {
    await client.close();
    await kernel.close();
  });

  it('of an Observable that emits far more than the limit in one tick reaches a client that reads', async () => {
    await open(
      { 'GET /': () => new StreamedReply(from(Array.from({ length: 5_000 }, () => KIB)), 'plain') },
      // Whether it reads is seen by the clock, and on a busy machine it may wait for its turn.
      { clock: new ManualClock(), limits: { bufferLimitBytes: 50_000 } },
    );
    expect((await client.ask({ path: '/' })).body.length).toBe(5_000 * 1024);
    expect(kernel.log.told).toEqual([]);
    expect(kernel.instruments.statuses).toEqual([200]);
  });

  it('of bursts, each more than the limit, reaches a client that reads', async () => {
    const clock = new ManualClock();
    const source = new Subject<string>();
    await open({ 'GET /': () => new StreamedReply(source, 'plain') }, { clock, limits: { bufferLimitBytes: 50_000 } });
    const pending = client.begin({ path: '/' });
    await soon(() => expect(source.observed).toBe(true));
    for (let burst = 0; burst < 3; burst++) {
      for (let i = 0; i < 1_000; i++) source.next(KIB);
      source.next(`end ${burst}`);
      await pending.until(`end ${burst}`);
      await clock.advance(1_100);
    }
    source.complete();
    expect((await pending.answer).body.length).toBe(3 * (1_000 * 1024 + 5));
  });

  it('of events says that it is of now, and on HTTP/2 nothing of the connection', async () => {
    await open({
      'GET /': { fields: ['connection', 'keep-alive'], run: () => new StreamedReply(of('one'), 'events') },
      'GET /kept': { fields: ['cache-control', 'private'], run: () => new StreamedReply(of('one'), 'events') },
    });
    const { headers } = await client.ask({ path: '/' });
    expect(headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache',
      'x-accel-buffering': 'no',
    });
    if (door.protocol === '2.0') expect(headers).not.toHaveProperty('connection');
    expect((await client.ask({ path: '/kept' })).headers['cache-control']).toBe('private');
  });

  it('of events shows that it lives while nothing comes, and leaves no timer', async () => {
    const clock = new ManualClock();
    const source = new Subject<unknown>();
    await open({ 'GET /': () => new StreamedReply(source, 'events') }, { clock });
    const pending = client.begin({ path: '/' });
    await soon(() => expect(source.observed).toBe(true));
    source.next({ id: 7, data: 'one' });
    await pending.until('id: 7\ndata: one\n\n');
    await clock.advance(14_000);
    source.next('two');
    await pending.until('data: two\n\n');
    await clock.advance(14_900);
    await clock.advance(105);
    await pending.until(':\n\n');
    source.complete();
    expect((await pending.answer).body.toString()).toBe('id: 7\ndata: one\n\ndata: two\n\n:\n\n');
    await clock.advance(60_000);
    expect(kernel.underWay).toBe(0);
  });

  it('of bytes that are events already is left alone', async () => {
    const clock = new ManualClock();
    const bytes = new Subject<Buffer>();
    await open(
      {
        'GET /': () => new StreamedReply(Readable.from([Buffer.from('data: o')], { objectMode: false }), 'events'),
        'GET /plain': () => new StreamedReply(bytes, 'plain'),
      },
      { clock },
    );
    expect((await client.ask({ path: '/' })).body.toString()).toBe('data: o');
    const pending = client.begin({ path: '/plain' });
    await soon(() => expect(bytes.observed).toBe(true));
    bytes.next(Buffer.from('a'));
    await clock.advance(60_000);
    bytes.complete();
    expect((await pending.answer).body.toString()).toBe('a');
  });

  it('of lines stops reading its source when the client stops, and ends it when the client leaves', async () => {
    let made = 0;
    const closed = gate();
    await open({
      'GET /': async function* () {
        try {
          for (;;) yield { row: made++, text: KIB };
        } finally {
          closed.open();
        }
      },
    });
    const pending = client.begin({ path: '/' });
    await pending.until('{"row":0');
    pending.leave();
    await closed.promise;
    await soon(() => expect(kernel.underWay).toBe(0));
    const after = made;
    await turns(20);
    expect(made).toBe(after);
  });
});

describe('a client that reads no more', () => {
  const clock = new ManualClock();
  const limits = { bufferLimitBytes: 100_000 };
  let ended: boolean;
  let source: Subject<string>;
  let kernel: Kernel;

  async function open(http2: 'h2c' | false): Promise<void> {
    ended = false;
    source = new Subject();
    const run = () =>
      new StreamedReply(
        new Observable<string>((subscriber) => {
          subscriber.add(source.subscribe(subscriber));
          return () => (ended = true);
        }),
        'plain',
      );
    kernel = await Kernel.open({ 'GET /': run, 'GET /next': () => 'next' }, { http2, clock, limits });
  }

  /** Emits far more than what sockets hold. */
  async function flood(): Promise<void> {
    await soon(() => expect(source.observed).toBe(true));
    for (let i = 0; i < 300; i++) {
      source.next('x'.repeat(65_536));
      await turns(1);
    }
    expect(ended).toBe(false);
    await clock.advance(1_005);
    await soon(() => expect(ended).toBe(true));
    expect(kernel.log.told.map(({ fields }) => (fields.err as { code: string }).code)).toEqual(['REPLY_CLIENT_TOO_SLOW']);
    expect(kernel.instruments.statuses).toEqual([500]);
  }

  it('is cut from an Observable that has more than the limit waiting for it, over HTTP/1.1', async () => {
    await open(false);
    const client = await RawClient.connect(kernel.url);
    client.write(request('GET', '/'));
    client.socket.pause();
    await flood();
    client.socket.resume();
    await client.closed();
    client.close();
    await kernel.close();
  });

  it('is cut with INTERNAL_ERROR over HTTP/2, and its connection goes on', async () => {
    await open('h2c');
    const client = await H2Client.connect(kernel.url);
    const stream = client.session.request({ ':path': '/' });
    // Nobody reads it: no listener for data.
    stream.on('error', () => undefined);
    const closed = new Promise((resolve) => stream.once('close', () => resolve(stream.rstCode)));
    await flood();
    stream.resume();
    expect(await closed).toBe(2);
    expect((await client.ask({ ':path': '/next' })).body.toString()).toBe('next');
    await client.close();
    await kernel.close();
  });

  it('stops a generator and a file instead', async () => {
    let made = 0;
    kernel = await Kernel.open({
      'GET /': async function* () {
        for (;;) {
          made++;
          yield 'x'.repeat(65_536);
        }
      },
    });
    const client = await RawClient.connect(kernel.url);
    client.write(request('GET', '/'));
    client.socket.pause();
    let before = -1;
    while (made !== before) {
      before = made;
      await turns(50);
    }
    expect(made).toBeLessThan(500);
    client.reset();
    await soon(() => expect(kernel.underWay).toBe(0));
    await kernel.close();
  });

  it('gets no heartbeats on top', async () => {
    const manual = new ManualClock();
    kernel = await Kernel.open(
      { 'GET /': () => new StreamedReply(concat(of('x'.repeat(20_000_000)), NEVER), 'events') },
      { clock: manual, limits: { bufferLimitBytes: 50_000_000 } },
    );
    const client = await RawClient.connect(kernel.url);
    client.write(request('GET', '/'));
    client.socket.pause();
    await soon(() => expect(kernel.underWay).toBe(1));
    await turns(50);
    for (let i = 0; i < 3; i++) await manual.advance(15_005);
    client.socket.resume();
    await soon(() => expect(client.unread.length).toBeGreaterThan(20_000_000), 4_000);
    expect(client.unread.toString('latin1', client.unread.length - 40)).not.toContain(':\n\n');
    client.close();
    await soon(() => expect(kernel.underWay).toBe(0));
    await kernel.close();
  });
});
