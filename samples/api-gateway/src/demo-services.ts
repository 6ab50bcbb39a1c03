import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Injectable, type OnInitialize, type OnShutdown } from 'rockstar-web';

const ANSWERS: Readonly<Record<string, unknown>> = {
  '/api/user': { id: 1, name: 'Ada Lovelace' },
  '/api/orders': [{ id: 'o1', item: 'Engine', price: 100 }],
};

/** The two services, small, on a port of their own, so that there is something to ask. */
@Injectable()
export class DemoServices implements OnInitialize, OnShutdown {
  private server: Server | undefined;
  url = '';

  async initialize(): Promise<void> {
    this.server = createServer((request, response) => {
      const answer = ANSWERS[request.url ?? '/'];
      response.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(answer ?? { error: 'there is nothing here' }));
    });
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    this.url = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  shutdown(): void {
    this.server?.close();
    this.server?.closeAllConnections();
  }
}
