import { once } from 'node:events';
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type Settings,
} from 'node:http2';
import { soon } from '../support/soon';

/** What a client was promised, and what came of it. */
export interface Promised {
  readonly path: string;
  /** The head of the promised request. */
  readonly request: IncomingHttpHeaders;
  readonly stream: ClientHttp2Stream;
  readonly body: Buffer;
  response: IncomingHttpHeaders | undefined;
  /** Its stream is closed. */
  isClosed: boolean;
}

/** A page as its client saw it. */
export interface Page {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
  readonly text: string;
  /** Links of each 103, in the order they came. */
  readonly hints: readonly string[][];
  /** Links of the response itself. */
  readonly links: readonly string[];
}

class PromisedResponse implements Promised {
  readonly chunks: Buffer[] = [];
  response: IncomingHttpHeaders | undefined = undefined;
  isClosed = false;

  constructor(
    readonly stream: ClientHttp2Stream,
    readonly request: IncomingHttpHeaders,
  ) {
    stream.on('error', () => undefined);
    stream.on('push', (headers: IncomingHttpHeaders) => (this.response = headers));
    stream.on('data', (chunk: Buffer) => this.chunks.push(chunk));
    stream.on('close', () => (this.isClosed = true));
  }

  get path(): string {
    return this.request[':path'] ?? '';
  }

  get body(): Buffer {
    return Buffer.concat(this.chunks);
  }
}

/** A client of HTTP/2 that takes promises, or not. */
export class PushClient {
  readonly session: ClientHttp2Session;
  readonly promised: Promised[] = [];
  /** What came, in the order it came: `promise /path`, `103`, `head`, `data`, `end`, `pushed head /path`, `pushed data /path`. */
  readonly events: string[] = [];
  /** Called for each promise before anything else is done with it. */
  onPromise: ((promised: Promised) => void) | undefined;

  private constructor(session: ClientHttp2Session) {
    this.session = session;
    session.on('error', () => undefined);
    session.on('stream', (stream: ClientHttp2Stream, headers: IncomingHttpHeaders) => {
      const promised = new PromisedResponse(stream, headers);
      this.events.push(`promise ${promised.path}`);
      this.promised.push(promised);
      stream.on('push', () => this.events.push(`pushed head ${promised.path}`));
      stream.on('data', () => this.events.push(`pushed data ${promised.path}`));
      this.onPromise?.(promised);
    });
  }

  static async connect(url: URL, settings: Settings = {}): Promise<PushClient> {
    const session = connect(url, { rejectUnauthorized: false, servername: 'localhost', settings });
    const client = new PushClient(session);
    await once(session, 'remoteSettings');
    return client;
  }

  /** Asks for a page, whole. */
  async get(path: string, headers: OutgoingHttpHeaders = {}): Promise<Page> {
    const hints: string[][] = [];
    const stream = this.session.request({ ':path': path, ...headers }, { endStream: true });
    const chunks: Buffer[] = [];
    stream.on('headers', (head: IncomingHttpHeaders) => {
      this.events.push(String(head[':status']));
      hints.push(linksIn(head));
    });
    stream.on('data', (chunk: Buffer) => {
      this.events.push('data');
      chunks.push(chunk);
    });
    const [head] = (await once(stream, 'response')) as [IncomingHttpHeaders & { ':status': number }];
    this.events.push('head');
    if (!stream.closed) await once(stream, 'close');
    this.events.push('end');
    const bytes = Buffer.concat(chunks);
    return { status: head[':status'], headers: head, bytes, text: bytes.toString(), hints, links: linksIn(head) };
  }

  /** The paths promised so far. */
  get paths(): string[] {
    return this.promised.map(({ path }) => path);
  }

  /** Waits until every promise has come to its end. */
  async settled(): Promise<void> {
    await soon(() => expect(this.promised.filter(({ isClosed }) => !isClosed).map(({ path }) => path)).toEqual([]));
  }

  async close(): Promise<void> {
    if (this.session.destroyed) return;
    const closed = once(this.session, 'close');
    this.session.destroy();
    await closed;
  }
}

/** The values of `Link`, one by one. */
export function linksIn({ link }: IncomingHttpHeaders): string[] {
  const text = [link ?? []].flat().join(', ');
  return text === '' ? [] : text.split(/, (?=<)/);
}
