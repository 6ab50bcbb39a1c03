import { once } from 'node:events';
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect as connectHttp2,
  constants,
  type IncomingHttpHeaders,
  type IncomingHttpStatusHeader,
  type OutgoingHttpHeaders,
} from 'node:http2';

export interface H2Response {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly interim: readonly number[];
}

/** A request on its own stream; `response` fails when the stream is reset before it is complete. */
export class H2Request {
  readonly stream: ClientHttp2Stream;
  readonly response: Promise<H2Response>;
  /** The code the stream was closed with. */
  readonly closed: Promise<number>;
  readonly head: Promise<IncomingHttpHeaders & IncomingHttpStatusHeader>;
  readonly interim: number[] = [];
  readonly chunks: Buffer[] = [];

  readonly #controller: AbortController;

  constructor(stream: ClientHttp2Stream, controller: AbortController) {
    this.stream = stream;
    this.#controller = controller;
    stream.on('error', () => undefined);
    stream.on('headers', (headers: IncomingHttpHeaders & IncomingHttpStatusHeader) => this.interim.push(headers[':status'] ?? 0));
    stream.on('data', (chunk: Buffer) => this.chunks.push(chunk));
    this.closed = new Promise((resolve) => stream.once('close', () => resolve(stream.rstCode ?? constants.NGHTTP2_NO_ERROR)));
    this.head = new Promise((resolve, reject) => {
      stream.once('response', (headers) => resolve(headers));
      stream.once('close', () => reject(new Error(`the stream was closed without a response, code ${stream.rstCode}`)));
    });
    this.head.catch(() => undefined);
    this.response = this.#whole();
    this.response.catch(() => undefined);
  }

  /** Resets it with CANCEL, as browsers do; `stream.close(code)` would send the end of the body first. */
  cancel(): void {
    this.#controller.abort();
  }

  /** Resets it with another code, behind the end of the body. */
  reset(code: number): void {
    this.stream.close(code);
  }

  async #whole(): Promise<H2Response> {
    const head = await this.head;
    // The end of the data may be told before the reset that takes it back.
    const code = await this.closed;
    if (code !== constants.NGHTTP2_NO_ERROR || !this.stream.readableEnded) throw new Error(`the stream was reset, code ${code}`);
    return { status: head[':status'] ?? 0, headers: head, body: Buffer.concat(this.chunks), interim: this.interim };
  }
}

/** One HTTP/2 connection. */
export class H2Client {
  readonly session: ClientHttp2Session;
  goneAway: { readonly code: number; readonly lastStream: number } | undefined;

  private constructor(session: ClientHttp2Session) {
    this.session = session;
    session.on('error', () => undefined);
    session.on('goaway', (code: number, lastStream: number) => {
      this.goneAway = { code, lastStream };
    });
  }

  static async connect(url: URL): Promise<H2Client> {
    const session = connectHttp2(url, { rejectUnauthorized: false, servername: 'localhost' });
    // The server's settings, and not only its handshake: from here on both sides know of the session.
    await once(session, 'remoteSettings');
    return new H2Client(session);
  }

  /** Begins a request; write its body to `stream` and end it, or say `endStream: true`. */
  begin(headers: OutgoingHttpHeaders, options: { readonly endStream?: boolean } = {}): H2Request {
    const controller = new AbortController();
    return new H2Request(this.session.request(headers, { ...options, signal: controller.signal }), controller);
  }

  ask(headers: OutgoingHttpHeaders, body?: string | Uint8Array): Promise<H2Response> {
    const request = this.begin(headers, { endStream: body === undefined });
    if (body !== undefined) request.stream.end(body);
    return request.response;
  }

  /** Closes the connection under whatever runs on it. */
  destroy(): void {
    this.session.destroy();
  }

  async close(): Promise<void> {
    if (this.session.destroyed) return;
    const closed = once(this.session, 'close');
    this.session.destroy();
    await closed;
  }
}
