import { type ClientHttp2Session, connect, constants } from 'node:http2';
import { Agent, get, type RequestOptions } from 'node:https';
import { WebSocket } from 'ws';

type Headers = Readonly<Record<string, string>>;

/** What ends with the demo. */
export interface Client {
  close(): void;
}

/** A client of HTTP/2, such as a service that calls another. */
export class Http2Client implements Client {
  private readonly session: ClientHttp2Session;
  isLeaving = false;
  private pushed = 0;

  /** In: `enablePush`, whether it takes what is pushed; `refuseEach`, every how many it turns down. */
  constructor(
    url: URL,
    private readonly headers: Headers,
    { enablePush, refuseEach = Infinity }: { readonly enablePush: boolean; readonly refuseEach?: number },
  ) {
    this.session = connect(url, { rejectUnauthorized: false, settings: { enablePush } });
    this.session.on('error', () => this.leave()).on('goaway', () => this.leave()).on('close', () => this.leave()); // prettier-ignore
    this.session.on('stream', (stream) => {
      stream.on('error', () => undefined);
      if (++this.pushed % refuseEach === 0) stream.close(constants.NGHTTP2_REFUSED_STREAM);
      else stream.resume();
    });
  }

  /** Asks for a path. In: `leaveAfterMs`, after which it waits no more. */
  ask(path: string, leaveAfterMs?: number): void {
    if (this.isLeaving) return;
    const signal = leaveAfterMs === undefined ? undefined : AbortSignal.timeout(leaveAfterMs);
    const stream = this.session.request({ ':path': path, ...this.headers }, { signal });
    stream.on('error', () => undefined).resume();
  }

  close(): void {
    this.session.destroy();
  }

  private leave(): void {
    this.isLeaving = true;
  }
}

/** A client of HTTP/1.1 that keeps its connections. */
export class Http1Client implements Client {
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 4, rejectUnauthorized: false });

  constructor(
    private readonly url: URL,
    private readonly headers: Headers,
  ) {}

  ask(path: string): void {
    const options: RequestOptions = { agent: this.agent, headers: this.headers };
    get(new URL(path, this.url), options, (response) => response.resume()).on('error', () => undefined);
  }

  close(): void {
    this.agent.destroy();
  }
}

/** Somebody at a terminal: `curl /tail`. */
export function openTail(url: URL, headers: Headers): Client {
  const request = get(new URL('/tail', url), { agent: false, headers, rejectUnauthorized: false }, (response) =>
    response.resume(),
  );
  request.on('error', () => undefined);
  return { close: () => request.destroy() };
}

/** Somebody with the page open. */
export function openViewer(url: URL, headers: Headers): Client {
  const socket = new WebSocket(new URL('/ws/metrics', url.href.replace(/^http/, 'ws')), { headers, rejectUnauthorized: false });
  socket.on('error', () => undefined);
  return { close: () => socket.terminate() };
}
