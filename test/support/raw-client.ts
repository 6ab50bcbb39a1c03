import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { takeResponse, type WireResponse } from './response-parser';

const PATIENCE_MS = 10_000;

/** One connection on which bytes are written as they are, and responses are read strictly. */
export class RawClient {
  readonly socket: Socket;
  /** What carries it: under TLS the bare connection. */
  readonly #transport: Socket;
  /** The server said it sends no more, or the connection is gone. */
  ended = false;
  /** Grows by doubling: a large body would else be copied again with each of its packets. */
  #buffer = Buffer.alloc(4096);
  #length = 0;
  #changed: (() => void)[] = [];

  private constructor(socket: Socket, transport: Socket) {
    this.socket = socket;
    this.#transport = transport;
    socket.on('data', (chunk: Buffer) => {
      this.#keep(chunk);
      this.#wake();
    });
    const end = (): void => {
      this.ended = true;
      this.#wake();
    };
    socket.on('end', end).on('close', end).on('error', end);
  }

  /** In: the server's address; `alpn` for TLS (default `http/1.1`). Half-open: the end of the server's side is not answered. */
  static async connect(
    url: URL,
    options: { readonly alpn?: string[]; readonly highWaterMark?: number } = {},
  ): Promise<RawClient> {
    const { hostname: host } = url;
    const port = Number(url.port);
    const isTls = url.protocol === 'https:';
    const transport = connectTcp({ host, port, allowHalfOpen: true, noDelay: true });
    const socket = isTls
      ? connectTls({
          socket: transport,
          rejectUnauthorized: false,
          ALPNProtocols: options.alpn ?? ['http/1.1'],
          servername: 'localhost',
        })
      : transport;
    await once(socket, isTls ? 'secureConnect' : 'connect');
    return new RawClient(socket, transport);
  }

  /** What came and was not taken as a response yet. */
  get unread(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  write(...parts: readonly (string | Uint8Array)[]): this {
    for (const part of parts) this.socket.write(typeof part === 'string' ? Buffer.from(part, 'latin1') : part);
    return this;
  }

  /** Takes the next response. In: the method it answers. Fails when the connection ends before it is complete. */
  async response(method = 'GET'): Promise<WireResponse> {
    for (;;) {
      const taken = takeResponse(this.unread, method, this.ended);
      if (taken !== undefined) {
        const { body, ...head } = taken.response;
        const response = { ...head, body: Buffer.from(body) };
        this.#buffer.copy(this.#buffer, 0, taken.length, this.#length);
        this.#length -= taken.length;
        return response;
      }
      if (this.ended)
        throw new Error(`the connection ended within a response: ${JSON.stringify(this.unread.toString('latin1'))}`);
      await this.#change();
    }
  }

  /** Waits until what came contains `text`. */
  async until(text: string): Promise<void> {
    while (!this.unread.includes(text)) {
      if (this.ended) throw new Error(`the connection ended before ${JSON.stringify(text)}`);
      await this.#change();
    }
  }

  /** Settles when the server sends no more, with what was not taken. */
  async closed(): Promise<string> {
    while (!this.ended) await this.#change();
    return this.unread.toString('latin1');
  }

  /** Sends a request's bytes and takes its response. */
  ask(bytes: string, method = /^[A-Z]+/.exec(bytes)?.[0] ?? 'GET'): Promise<WireResponse> {
    return this.write(bytes).response(method);
  }

  /** Half-closes: no more will be sent. */
  end(): this {
    this.socket.end();
    return this;
  }

  /** Closes with a FIN. */
  close(): void {
    this.socket.destroy();
  }

  /** Closes with a RST. */
  reset(): void {
    this.#transport.resetAndDestroy();
  }

  #keep(chunk: Buffer): void {
    if (this.#length + chunk.length > this.#buffer.length) {
      const larger = Buffer.alloc((this.#length + chunk.length) * 2);
      this.#buffer.copy(larger, 0, 0, this.#length);
      this.#buffer = larger;
    }
    chunk.copy(this.#buffer, this.#length);
    this.#length += chunk.length;
  }

  /** Waits for more bytes or the end; a server that owes them and stays silent fails the test by name. */
  #change(): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`nothing came within ${PATIENCE_MS} ms`)), PATIENCE_MS);
      this.#changed.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  #wake(): void {
    const waiting = this.#changed;
    this.#changed = [];
    for (const go of waiting) go();
  }
}

/** The bytes of a request with a host. */
export function request(
  method: string,
  path: string,
  headers: Readonly<Record<string, string | number>> = {},
  body: string | Uint8Array = '',
): string {
  const lines = Object.entries({ host: 'kernel.test', ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  const text = typeof body === 'string' ? Buffer.from(body, 'utf8').toString('latin1') : Buffer.from(body).toString('latin1');
  return `${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${text}`;
}

/** A request with its body and length. */
export function post(path: string, body: string | Uint8Array, headers: Readonly<Record<string, string | number>> = {}): string {
  return request('POST', path, { 'content-length': Buffer.byteLength(body), ...headers }, body);
}

/** A body in chunks (RFC 9112 §7.1). */
export function chunked(...chunks: readonly string[]): string {
  return [...chunks, '']
    .map((chunk) => `${Buffer.byteLength(chunk).toString(16)}\r\n${Buffer.from(chunk).toString('latin1')}\r\n`)
    .join('');
}
