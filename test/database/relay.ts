import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { SERVER_URL } from './servers';

const { hostname, port: serverPort } = new URL(SERVER_URL);

/** Stands between the driver and a real server, and can go away, fall silent, or play a pooler. */
export class Relay {
  readonly #isPooler: boolean;
  readonly #sockets = new Set<Socket>();
  /** What clients were told their process is → what it is. */
  readonly #keys = new Map<string, Buffer>();
  #server: Server | undefined;
  #port = 0;
  /** How many requests to stop something came by the protocol. */
  cancelRequests = 0;
  /** From now on nothing goes through. */
  isSilent = false;

  /** In: whether clients are told another process and key than the server's own, as poolers do. */
  constructor(options: { readonly isPooler?: boolean } = {}) {
    this.#isPooler = options.isPooler ?? false;
  }

  /** The server's address, by way of this. */
  get url(): string {
    const url = new URL(SERVER_URL);
    url.hostname = '127.0.0.1';
    url.port = String(this.#port);
    return url.href;
  }

  /** The same port each time. */
  async open(): Promise<this> {
    const server = createServer((client) => this.#relay(client));
    this.#server = server;
    server.listen(this.#port, '127.0.0.1');
    await once(server, 'listening');
    this.#port = (server.address() as AddressInfo).port;
    return this;
  }

  /** Cuts all connections, and takes no more. */
  async close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    server.close();
    for (const socket of this.#sockets) socket.destroy();
    await once(server, 'close');
  }

  #relay(client: Socket): void {
    if (this.isSilent) return this.#keep(client);
    const server = connect(Number(serverPort === '' ? 5432 : serverPort), hostname);
    this.#keep(client);
    this.#keep(server);
    client.on('data', (bytes: Buffer) => this.isSilent || server.write(this.#isPooler ? this.#toServer(bytes) : bytes));
    server.on('data', (bytes: Buffer) => this.isSilent || client.write(this.#isPooler ? this.#toClient(bytes) : bytes));
    client.on('close', () => server.end());
    server.on('close', () => client.end());
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => this.#sockets.delete(socket));
  }

  /** CancelRequest: its length, 80877102, process and key. */
  #toServer(bytes: Buffer): Buffer {
    if (bytes.length !== 16 || bytes.readInt32BE(4) !== 80_877_102) return bytes;
    this.cancelRequests++;
    const known = this.#keys.get(bytes.toString('hex', 8));
    return known === undefined ? bytes : Buffer.concat([bytes.subarray(0, 8), known]);
  }

  /** BackendKeyData: `K`, 12, process and key. It comes in one piece with what stands around it. */
  #toClient(bytes: Buffer): Buffer {
    const at = bytes.indexOf(Buffer.from([0x4b, 0, 0, 0, 12]));
    if (at < 0) return bytes;
    const told = Buffer.from(bytes);
    told.writeInt32BE(7_000_000 + this.#keys.size, at + 5);
    this.#keys.set(told.toString('hex', at + 5, at + 13), Buffer.from(bytes.subarray(at + 5, at + 13)));
    return told;
  }
}
