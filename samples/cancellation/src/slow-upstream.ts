import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Injectable, type OnShutdown, type OnStart } from 'rockstar-web';
import { UPSTREAM_URL } from './settings';

/** The service behind this one: that of UPSTREAM_URL, else a small one that takes three seconds to answer. */
@Injectable()
export class SlowUpstream implements OnStart, OnShutdown {
  private server: Server | undefined;
  url = UPSTREAM_URL ?? '';

  async start(): Promise<void> {
    if (this.url !== '') return;
    this.server = createServer((request, response) => {
      const timer = setTimeout(() => {
        response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ path: request.url }));
      }, 3_000);
      response.once('close', () => clearTimeout(timer));
    });
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    this.url = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/slow`;
  }

  shutdown(): void {
    this.server?.close();
    this.server?.closeAllConnections();
  }
}
