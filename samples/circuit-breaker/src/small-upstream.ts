import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Injectable, type OnShutdown, type OnStart } from 'rockstar-web';
import { UPSTREAM_URL } from './settings';

/** How the small upstream behaves. */
export const MODES = ['ok', 'fail', 'slow', 'hang', 'reset'] as const;
export type Mode = (typeof MODES)[number];

const SLOW_MS = 1_000;

/** The service behind this one: that of UPSTREAM_URL, else a small one whose behaviour can be set. */
@Injectable()
export class SmallUpstream implements OnStart, OnShutdown {
  private server: Server | undefined;
  mode: Mode = 'ok';
  url = UPSTREAM_URL ?? '';

  /** Whether it is this sample's own. */
  get isOwn(): boolean {
    return this.server !== undefined;
  }

  async start(): Promise<void> {
    if (this.url !== '') return;
    this.server = createServer((request, response) => this.answer(request, response));
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    this.url = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  shutdown(): void {
    this.server?.close();
    this.server?.closeAllConnections();
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    if (this.mode === 'hang') return;
    if (this.mode === 'reset') request.socket.resetAndDestroy();
    else if (this.mode === 'fail') send(response, 500, { message: 'out of order' });
    else if (this.mode === 'slow') {
      const timer = setTimeout(() => send(response, 200, dataOf(request)), SLOW_MS);
      response.once('close', () => clearTimeout(timer));
    } else send(response, 200, dataOf(request));
  }
}

function send(response: ServerResponse, status: number, data: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(data));
}

function dataOf({ url = '/' }: IncomingMessage): unknown {
  const [, what, key] = url.split('/');
  if (what === 'users') return [{ id: 1, name: 'Ada' }];
  return what === 'cache' ? { key: decodeURIComponent(key ?? ''), value: 42 } : { temperature: 21, unit: 'C' };
}
