import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Injectable, type OnInitialize, type OnShutdown } from 'rockstar-web';
import { DEMO } from '../settings';

/** How a service answers: within which time, and in the demo for which part of each minute it is out of order. */
interface Service {
  readonly fastestMs: number;
  readonly slowestMs: number;
  readonly outageS?: readonly [from: number, to: number];
  readonly data: unknown;
}

const SERVICES: Readonly<Record<string, Service>> = {
  catalogue: { fastestMs: 4, slowestMs: 45, data: [{ sku: 'e-1', name: 'Engine' }, { sku: 'w-4', name: 'Wheel' }] }, // prettier-ignore
  payments: { fastestMs: 30, slowestMs: 180, data: { open: 3, settled: 128 } },
  recommendations: { fastestMs: 10, slowestMs: 90, outageS: [35, 50], data: ['w-4', 'e-1'] },
};

/** The services behind the gateway, small, on a port of their own. */
@Injectable()
export class Upstreams implements OnInitialize, OnShutdown {
  private server: Server | undefined;
  url = '';

  async initialize(): Promise<void> {
    this.server = createServer(answer);
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    this.url = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  shutdown(): void {
    this.server?.close();
    this.server?.closeAllConnections();
  }
}

function answer({ url = '/' }: IncomingMessage, response: ServerResponse): void {
  const { pathname, searchParams } = new URL(url, 'http://upstream');
  const name = pathname.slice(1);
  const service = SERVICES[name];
  if (name === 'report') return later(response, Number(searchParams.get('seconds')) * 1_000, 200, { pages: 12 });
  if (service === undefined) return later(response, 0, 404, {});
  const second = (Date.now() / 1_000) % 60;
  const [from, to] = service.outageS ?? [0, 0];
  const isOut = DEMO && second >= from && second < to;
  const { fastestMs, slowestMs } = service;
  // Mostly quick, now and then slow.
  const ms = fastestMs + (slowestMs - fastestMs) * Math.random() ** 3;
  later(response, ms, isOut ? 500 : 200, isOut ? { error: 'out of order' } : service.data);
}

function later(response: ServerResponse, ms: number, status: number, data: unknown): void {
  const timer = setTimeout(() => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(data));
  }, ms);
  response.once('close', () => clearTimeout(timer));
}
