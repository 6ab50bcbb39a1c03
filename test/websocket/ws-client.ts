import { once } from 'node:events';
import { type ClientOptions, WebSocket } from 'ws';

const PATIENCE_MS = 10_000;

export interface WsClientOptions extends ClientOptions {
  readonly protocols?: readonly string[];
}

/** A client by `ws` that keeps what it was sent. */
export class WsClient {
  readonly socket: WebSocket;
  readonly #received: (string | Buffer)[] = [];
  #changed: (() => void)[] = [];
  /** The code and reason of its close, once it is. */
  closedWith: { readonly code: number; readonly reason: string } | undefined;

  constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', (data: Buffer, isBinary) => {
      this.#received.push(isBinary ? data : data.toString('utf8'));
      this.#wake();
    });
    socket.on('close', (code, reason) => {
      this.closedWith = { code, reason: reason.toString('utf8') };
      this.#wake();
    });
    socket.on('error', () => undefined);
  }

  static async connect(url: URL, { protocols = [], ...options }: WsClientOptions = {}): Promise<WsClient> {
    const address = url.href.replace(/^http/, 'ws');
    const socket = new WebSocket(address, [...protocols], { rejectUnauthorized: false, ...options });
    const client = new WsClient(socket);
    const opened = once(socket, 'open');
    const refused = once(socket, 'unexpected-response').then(([, response]) => {
      throw Object.assign(new Error(`refused with ${(response as { statusCode: number }).statusCode}`), { response });
    });
    await Promise.race([opened, refused]);
    refused.catch(() => undefined);
    return client;
  }

  send(message: unknown): void {
    this.socket.send(typeof message === 'string' || Buffer.isBuffer(message) ? message : JSON.stringify(message));
  }

  /** The next message, as it came. */
  async nextRaw(): Promise<string | Buffer> {
    await this.#until(() => this.#received.length > 0 || this.closedWith !== undefined, 'a message');
    const next = this.#received.shift();
    if (next === undefined) throw new Error(`closed with ${JSON.stringify(this.closedWith)} instead of a message`);
    return next;
  }

  /** The next message, as the value that its JSON says. */
  async next(): Promise<unknown> {
    return JSON.parse((await this.nextRaw()).toString()) as unknown;
  }

  /** So many messages. */
  async take(count: number): Promise<unknown[]> {
    const all: unknown[] = [];
    while (all.length < count) all.push(await this.next());
    return all;
  }

  /** How many came that were not taken. */
  get waiting(): number {
    return this.#received.length;
  }

  /** Waits for its close. */
  async closed(): Promise<{ readonly code: number; readonly reason: string }> {
    await this.#until(() => this.closedWith !== undefined, 'the close');
    return this.closedWith as { code: number; reason: string };
  }

  /** Its connection is cut, if it is not over. */
  async leave(): Promise<void> {
    this.socket.terminate();
    await this.closed();
  }

  async #until(holds: () => boolean, what: string): Promise<void> {
    while (!holds()) {
      await new Promise<void>((resolve, reject) => {
        const late = setTimeout(() => reject(new Error(`waited too long for ${what}`)), PATIENCE_MS);
        this.#changed.push(() => {
          clearTimeout(late);
          resolve();
        });
      });
    }
  }

  #wake(): void {
    const changed = this.#changed;
    this.#changed = [];
    for (const tell of changed) tell();
  }
}

/** What a failed upgrade was answered with. */
export interface Refusal {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Record<string, unknown>;
}

/** The answer to an upgrade that is refused. Fails when it is not. */
export async function refusalOf(url: URL, { protocols = [], ...options }: WsClientOptions = {}): Promise<Refusal> {
  const socket = new WebSocket(url.href.replace(/^http/, 'ws'), [...protocols], options);
  socket.on('error', () => undefined);
  const opened = once(socket, 'open').then(() => {
    socket.terminate();
    throw new Error('it was not refused');
  });
  opened.catch(() => undefined);
  const [, response] = (await Promise.race([once(socket, 'unexpected-response'), opened])) as [
    unknown,
    NodeJS.ReadableStream & { statusCode: number; headers: Refusal['headers']; destroy(): void },
  ];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(Buffer.from(chunk));
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.terminate();
  await closed;
  const text = Buffer.concat(chunks).toString('utf8');
  return { status: response.statusCode, headers: response.headers, body: JSON.parse(text) as Record<string, unknown> };
}
