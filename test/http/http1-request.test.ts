import type { IncomingMessage } from 'node:http';
import type { Exchange } from '../../lib/http/exchange';
import type { NodeWire } from '../../lib/http/node-wire';
import { parserOf } from '../../lib/http/parser-hook';
import { readBody } from '../../lib/http/request-body';
import { Kernel, type Run } from '../support/kernel';
import { RawClient, request } from '../support/raw-client';
import { soon, turns } from '../support/soon';

let kernel: Kernel;
let client: RawClient;

async function open(run: Run): Promise<void> {
  kernel = await Kernel.open({ 'GET /': run, 'POST /': run });
  client = await RawClient.connect(kernel.url);
}

async function bodyOf(text: string): Promise<string> {
  client.write(text);
  return (await client.response()).body.toString();
}

const post = (text: string): string =>
  `POST / HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: ${text.length}\r\n\r\n${text}`;

async function readAll(input: AsyncIterable<unknown>): Promise<string> {
  let text = '';
  for await (const chunk of input) text += String(chunk);
  return `all of ${text === '' ? 'nothing' : text}`;
}

function requestOf({ wire }: Exchange): IncomingMessage {
  return (wire as NodeWire).request;
}

afterEach(async () => {
  client.close();
  await kernel.close();
});

describe('a request over HTTP/1.1', () => {
  it('comes to its end for who asks for it in the tick it came', async () => {
    await open((exchange) => readAll(exchange.toNode().request));
    expect(await bodyOf(request('GET', '/'))).toBe('all of nothing');
    expect(await bodyOf(post('[1]'))).toBe('all of [1]');
  });

  it('comes to its end for who asks for it long after it came', async () => {
    await open(async (exchange) => {
      await turns();
      return readAll(exchange.toNode().request);
    });
    expect(await bodyOf(request('GET', '/'))).toBe('all of nothing');
    expect(await bodyOf(post('[1]'))).toBe('all of [1]');
  });

  it('comes to its end where its body is read as a stream long after it came', async () => {
    await open(async (exchange) => {
      await turns();
      return readAll(exchange.wire.input);
    });
    expect(await bodyOf(request('GET', '/'))).toBe('all of nothing');
    expect(await bodyOf(post('[1]'))).toBe('all of [1]');
  });

  it('comes to its end, with nothing more, where its body was read before', async () => {
    await open(async (exchange) => {
      const body = JSON.stringify(await readBody(exchange, 'json'));
      return `${body}, ${await readAll(exchange.toNode().request)}`;
    });
    expect(await bodyOf(post('[1]'))).toBe('[1], all of nothing');
  });

  it('comes to its end for who asks for it behind its answer', async () => {
    let late: Exchange | undefined;
    await open((exchange) => {
      late = exchange;
      return 'answered';
    });
    expect(await bodyOf(request('GET', '/'))).toBe('answered');
    await turns();
    expect(await readAll((late as Exchange).wire.input)).toBe('all of nothing');
  });

  it('is no stream, and has no end, where nobody asks for it', async () => {
    const seen: IncomingMessage[] = [];
    await open((exchange) => {
      seen.push(requestOf(exchange));
      return seen.length % 2 === 0 ? Promise.resolve('later') : 'at once';
    });
    for (let i = 0; i < 4; i++) await bodyOf(request('GET', '/'));
    await turns();
    expect(seen.map(({ complete, readableEnded, destroyed }) => ({ complete, readableEnded, destroyed }))).toEqual(
      Array.from({ length: 4 }, () => ({ complete: true, readableEnded: false, destroyed: false })),
    );
    expect(seen.map((each) => each.listenerCount('end'))).toEqual([0, 0, 0, 0]);
  });

  it('is let go of by its parser once it is answered, read or not', async () => {
    let held: () => unknown = () => 'unknown';
    await open((exchange) => {
      const parser = parserOf(exchange.connection.socket) as unknown as { readonly incoming: unknown };
      held = () => parser.incoming;
      return exchange.wire.method === 'POST' ? readAll(exchange.wire.input) : 'answered';
    });
    expect(await bodyOf(request('GET', '/'))).toBe('answered');
    await soon(() => expect(held()).toBeNull());
    expect(await bodyOf(post('[1]'))).toBe('all of [1]');
    await soon(() => expect(held()).toBeNull());
  });

  it('is followed by the next of its connection, answered in their order', async () => {
    await open(async (exchange) => {
      await turns();
      return exchange.wire.method;
    });
    client.write(request('GET', '/') + post('[1]') + request('GET', '/'));
    const bodies = [];
    for (let i = 0; i < 3; i++) bodies.push((await client.response()).body.toString());
    expect(bodies).toEqual(['GET', 'POST', 'GET']);
  });
});
