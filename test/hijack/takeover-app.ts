import type { Exchange } from '../../lib/http/exchange';
import { readBody } from '../../lib/http/request-body';
import { takeOver, type Takeover } from '../../lib/http/takeover';
import type { Routes } from '../support/kernel';
import { chunked, post, request } from '../support/raw-client';
import { type Gate, gate, turns } from '../support/soon';

/** What the handler writes when the connection is its own. */
export const TAKEN = 'TAKEN\r\n';

/** What goes to the client again as it came, until the client ends its side. */
export async function echo(taken: Takeover): Promise<void> {
  const { stream } = taken;
  stream.write(TAKEN);
  if (!stream.readableEnded)
    await new Promise((resolve) => stream.pipe(stream, { end: false }).once('end', resolve).once('close', resolve));
  taken.close();
}

async function takeAndEcho(exchange: Exchange): Promise<void> {
  await echo(await takeOver(exchange));
}

/** The body is read before the connection is taken over. */
async function readThenEcho(exchange: Exchange): Promise<void> {
  const reading = readBody(exchange, 'bytes');
  // It fails with the take-over, which is waited for.
  reading.catch(() => undefined);
  const taken = await takeOver(exchange);
  taken.stream.write(`${((await reading) as Buffer).toString('latin1')}|`);
  await echo(taken);
}

/** The connection is taken over first; the body waits. */
async function echoWithBody(exchange: Exchange): Promise<void> {
  const taken = await takeOver(exchange);
  const body = (await readBody(exchange, 'bytes')) as Buffer;
  taken.stream.write(`${body.toString('latin1')}|`);
  await echo(taken);
}

async function afterAWhile(exchange: Exchange): Promise<void> {
  await turns(3);
  await takeAndEcho(exchange);
}

/** Opened by tests. */
export let held: Gate<void> = gate();

export function holdAgain(): void {
  held = gate();
}

const declared = { takesOver: true, timeoutMs: 30_000 };

/** Routes that take their connections over, declared and not, and ordinary ones. */
export const routes: Routes = {
  'GET /hello/:id': (exchange) => `hello ${exchange.params.id}`,
  'GET /late/:id': async (exchange) => {
    await turns(4);
    return `hello ${exchange.params.id}`;
  },
  'GET /held': async () => {
    await held.promise;
    return 'held';
  },
  'GET /declared': { ...declared, run: takeAndEcho },
  'GET /declared-late': { ...declared, run: afterAWhile },
  'GET /any': takeAndEcho,
  'GET /too-late': afterAWhile,
  'POST /declared': { ...declared, run: readThenEcho },
  'POST /declared-unread': { ...declared, run: echoWithBody },
  'POST /any': readThenEcho,
  'POST /any-unread': echoWithBody,
  'CONNECT a.test:443': { ...declared, run: takeAndEcho },
  'CONNECT *.b.test:*': { ...declared, run: afterAWhile },
};

/** A way in which a client asks for the connection, and what comes back before its bytes do. */
export interface Asking {
  readonly name: string;
  readonly bytes: string;
  readonly before: string;
}

const UPGRADE = { connection: 'Upgrade', upgrade: 'something' };
/** It looks like the end of a head, and like a chunk. */
const TRICKY = 'a\r\n\r\n0\r\n\r\nb';
const CHUNKS = { 'transfer-encoding': 'chunked' };
const WITH_TRAILERS = `${chunked(TRICKY, 'more').slice(0, -2)}x-sum: 1\r\nx-other: 2\r\n\r\n`;

function gets(path: string): Asking[] {
  return [
    { name: `GET ${path}`, bytes: request('GET', path), before: '' },
    { name: `GET ${path} with Upgrade`, bytes: request('GET', path, UPGRADE), before: '' },
    { name: `GET ${path} that expects 100-continue`, bytes: request('GET', path, { expect: '100-continue' }), before: '' },
  ];
}

function posts(path: string): Asking[] {
  return [
    { name: `POST ${path} with a length`, bytes: post(path, TRICKY), before: `${TRICKY}|` },
    { name: `POST ${path} with a length of 0`, bytes: post(path, ''), before: '|' },
    { name: `POST ${path} in chunks`, bytes: request('POST', path, CHUNKS) + chunked(TRICKY, 'more'), before: `${TRICKY}more|` },
    { name: `POST ${path} with trailers`, bytes: request('POST', path, CHUNKS) + WITH_TRAILERS, before: `${TRICKY}more|` },
    { name: `POST ${path} with Upgrade`, bytes: post(path, TRICKY, UPGRADE), before: `${TRICKY}|` },
    {
      name: `POST ${path} in chunks, with Upgrade`,
      bytes: request('POST', path, { ...CHUNKS, ...UPGRADE }) + chunked('x'.repeat(70_000), TRICKY),
      before: `${'x'.repeat(70_000)}${TRICKY}|`,
    },
  ];
}

/** Every way to ask for a connection. */
export const askings: readonly Asking[] = [
  ...['/declared', '/declared-late', '/any'].flatMap(gets),
  ...['/declared', '/declared-unread', '/any', '/any-unread'].flatMap(posts),
  { name: 'HTTP/1.0', bytes: 'GET /declared HTTP/1.0\r\n\r\n', before: '' },
  { name: 'CONNECT', bytes: 'CONNECT a.test:443 HTTP/1.1\r\nhost: a.test:443\r\n\r\n', before: '' },
  { name: 'CONNECT, later', bytes: 'CONNECT x.b.test:1 HTTP/1.1\r\nhost: x.b.test:1\r\n\r\n', before: '' },
];
