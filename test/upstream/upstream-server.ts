import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { gate, type Gate } from '../support/soon';

/** A request that reached the other service. */
export interface Arrived {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Settles when its connection is closed. */
  readonly gone: Promise<void>;
}

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** Another service, on a port of its own, that answers as a test says. */
export class UpstreamServer {
  answer: Answer;
  readonly arrived: Arrived[] = [];
  readonly sockets = new Set<Socket>();
  /** How many connections were ever made. */
  connections = 0;
  readonly #server: Server;
  #next: Gate<Arrived> = gate();

  private constructor(answer: Answer) {
    this.answer = answer;
    this.#server = createServer((request, response) => {
      const arrived = { request, response, gone: new Promise<void>((resolve) => request.socket.once('close', () => resolve())) };
      this.arrived.push(arrived);
      const next = this.#next;
      this.#next = gate();
      next.open(arrived);
      this.answer(request, response);
    });
    this.#server.on('connection', (socket) => {
      this.connections++;
      // One for each request that comes on it.
      socket.setMaxListeners(0);
      this.sockets.add(socket);
      socket.once('close', () => this.sockets.delete(socket));
    });
  }

  /** In: how it answers; the port, by default any free one. */
  static async open(answer: Answer = (_request, response) => void response.end('ok'), port = 0): Promise<UpstreamServer> {
    const upstream = new UpstreamServer(answer);
    await new Promise<void>((resolve) => upstream.#server.listen(port, '127.0.0.1', resolve));
    return upstream;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The request that comes next. */
  get next(): Promise<Arrived> {
    return this.#next.promise;
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}

/** Answers with a value as JSON. */
export function json(response: ServerResponse, value: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

/** The body of what arrived. */
export async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
}
