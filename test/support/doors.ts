import type { ClientHttp2Session } from 'node:http2';
import { H2Client, type H2Request } from './h2-client';
import { type KernelOptions } from './kernel';
import { RawClient } from './raw-client';
import { turns } from './soon';

/** A request for any protocol. */
export interface Ask {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent with its length told (`content-length`). */
  readonly body?: string | Uint8Array;
}

/** A response of any protocol. Header values of one name are joined with `, `. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
  readonly interim: readonly number[];
}

/** A request under way. */
export interface Pending {
  /** Fails when the response breaks off. */
  readonly answer: Promise<Answer>;
  /** Sends more of the body. */
  write(bytes: string | Uint8Array): void;
  /** Ends the body. */
  end(): void;
  /** The client gives this request up: its connection is closed, over HTTP/2 its stream is cancelled. */
  leave(): void;
  /** Waits until the body, so far, contains `text`. */
  until(text: string): Promise<void>;
}

/** A client that keeps its connection. */
export interface Client {
  ask(ask: Ask): Promise<Answer>;
  /** Begins a request. With `streaming`, a body follows by `write` and `end`, of a length that is not told. */
  begin(ask: Ask, options?: { readonly streaming?: boolean }): Pending;
  close(): Promise<void>;
}

/** One of the ways into the kernel. */
export interface Door {
  readonly name: string;
  readonly protocol: '1.1' | '2.0';
  readonly options: KernelOptions;
  connect(url: URL): Promise<Client>;
}

/** Every way in: the same journeys go through each. */
export const doors: readonly Door[] = [
  { name: 'HTTP/1.1', protocol: '1.1', options: { http2: false }, connect: connectHttp1 },
  { name: 'HTTP/1.1 over TLS', protocol: '1.1', options: { http2: true, tls: 'self-signed' }, connect: connectHttp1 },
  { name: 'HTTP/2 over TLS', protocol: '2.0', options: { http2: true, tls: 'self-signed' }, connect: connectHttp2 },
  { name: 'h2c', protocol: '2.0', options: { http2: 'h2c' }, connect: connectHttp2 },
];

async function connectHttp1(url: URL): Promise<Client> {
  return new Http1Client(url, await RawClient.connect(url));
}

/** One connection, and another one when the server closed the first. */
class Http1Client implements Client {
  readonly #all: RawClient[];

  constructor(
    readonly url: URL,
    first: RawClient,
  ) {
    this.#all = [first];
  }

  get #current(): RawClient {
    return this.#all.at(-1)!;
  }

  async ask(ask: Ask): Promise<Answer> {
    if (this.#current.ended) this.#all.push(await RawClient.connect(this.url));
    const answer = await this.begin(ask).answer;
    // A connection that the server closes behind its answer is known to be closed before the next request.
    if (answer.headers.connection?.includes('close')) await this.#current.closed();
    return answer;
  }

  begin(ask: Ask, options: { readonly streaming?: boolean } = {}): Pending {
    const client = this.#current;
    const { method = 'GET', path, headers = {}, body } = ask;
    const all: Record<string, string> = { host: 'kernel.test', ...headers };
    if (body !== undefined) all['content-length'] = String(Buffer.byteLength(body));
    if (options.streaming === true) all['transfer-encoding'] = 'chunked';
    const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
    client.write(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`);
    if (body !== undefined) client.write(Buffer.from(body as string));
    const answer = client.response(method).then((response) => ({
      ...response,
      headers: Object.fromEntries([...response.headers].map(([name, values]) => [name, values.join(', ')])),
    }));
    answer.catch(() => undefined);
    return {
      answer,
      write: (bytes) => void client.write(`${Buffer.byteLength(bytes).toString(16)}\r\n`, Buffer.from(bytes as string), '\r\n'),
      end: () => void client.write('0\r\n\r\n'),
      leave: () => client.close(),
      until: (text) => client.until(text),
    };
  }

  async close(): Promise<void> {
    for (const client of this.#all) client.close();
    await turns(2);
  }
}

async function connectHttp2(url: URL): Promise<Client> {
  return new Http2Client(await H2Client.connect(url));
}

class Http2Client implements Client {
  constructor(readonly client: H2Client) {}

  get session(): ClientHttp2Session {
    return this.client.session;
  }

  ask(ask: Ask): Promise<Answer> {
    return this.begin(ask).answer;
  }

  begin(ask: Ask, options: { readonly streaming?: boolean } = {}): Pending {
    const { method = 'GET', path, headers = {}, body } = ask;
    const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) };
    const endStream = body === undefined && options.streaming !== true;
    const request = this.client.begin({ ':method': method, ':path': path, ...headers, ...length }, { endStream });
    if (body !== undefined) request.stream.end(body);
    return {
      answer: toAnswer(request),
      write: (bytes) => void request.stream.write(bytes),
      end: () => void request.stream.end(),
      leave: () => request.cancel(),
      until: (text) => untilContains(request, text),
    };
  }

  close(): Promise<void> {
    return this.client.close();
  }
}

function toAnswer(request: H2Request): Promise<Answer> {
  const answer = request.response.then(({ status, headers, body, interim }) => ({
    status,
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)])),
    body,
    interim,
  }));
  answer.catch(() => undefined);
  return answer;
}

function untilContains(request: H2Request, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const look = (): void => {
      if (!Buffer.concat(request.chunks).includes(text)) return;
      // What comes later is not put together again with each of its packets.
      request.stream.off('data', look);
      resolve();
    };
    request.stream.on('data', look).once('close', () => reject(new Error(`the stream ended before ${JSON.stringify(text)}`)));
    look();
  });
}

/** The members of a failure's body (RFC 9457). */
export function problemOf(answer: { readonly body: Buffer }): Record<string, unknown> {
  return JSON.parse(answer.body.toString('utf8')) as Record<string, unknown>;
}
