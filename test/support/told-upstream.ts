import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** How an upstream answers one request, if it does. */
export type Behaviour = (request: IncomingMessage, response: ServerResponse) => void;

export const ok: Behaviour = (_request, response) => {
  response.writeHead(200, { 'content-type': 'application/json' }).end('{"works":true}');
};

export const status =
  (code: number): Behaviour =>
  (_request, response) =>
    void response.writeHead(code).end('a secret of the upstream');

export const hang: Behaviour = () => undefined;

export const reset: Behaviour = ({ socket }) => void socket.resetAndDestroy();

export const slow =
  (ms: number): Behaviour =>
  (request, response) => {
    const timer = setTimeout(() => ok(request, response), ms);
    response.once('close', () => clearTimeout(timer));
  };

/** An upstream on a port of its own that does as it is told, and counts. */
export class ToldUpstream {
  behave: Behaviour = ok;
  asked = 0;
  readonly #sockets = new Set<Socket>();
  readonly #server: Server = createServer((asking, response) => {
    this.asked++;
    response.shouldKeepAlive = false;
    this.behave(asking, response);
  });

  constructor() {
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
  }

  async open(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Cuts all that is still connected, and waits until it is. */
  async cut(): Promise<void> {
    const sockets = [...this.#sockets];
    await Promise.all(sockets.map((socket) => once(socket.destroy(), 'close')));
  }

  async close(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }
}
