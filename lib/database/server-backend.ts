import { once } from 'node:events';
import { Socket } from 'node:net';
import type { ClientBase, Pool, PoolClient, PoolConfig } from 'pg';
import type { Backend } from './backend';
import { sendCancelRequest } from './cancel-request';
import type { DatabaseOptions } from './database-options';
import { driver } from './driver';

const CONNECT_TIMEOUT_MS = 5_000;
const IDLE_TIMEOUT_MS = 30_000;

/** What is said over the connection for stopping is short. */
const CONTROL_TIMEOUT_MS = 2_000;

/** How often a server looks, while it runs a query, whether the process that asked is still there. */
const CHECK_INTERVAL_MS = 2_000;

/** What is known of a connection: the driver's types leave it out. */
interface Connected {
  readonly processID: number;
  /** Somebody between (PgBouncer and the like) gave a number that is no process of the server's. */
  isPooled?: boolean;
}

/** A real PostgreSQL server. */
export class ServerBackend implements Backend {
  readonly kind = 'server';
  readonly connection: PoolConfig;
  readonly mostConnections = undefined;
  readonly interrupts = true;
  readonly starting = undefined;
  readonly #base: PoolConfig;
  readonly #sockets = new Set<Socket>();
  #control: Pool | undefined;
  #isCut = false;

  constructor(url: string, { ssl, connectTimeoutMs = CONNECT_TIMEOUT_MS }: DatabaseOptions) {
    this.#base = {
      connectionString: url,
      keepAlive: true,
      fallback_application_name: 'rockstar-web',
      connectionTimeoutMillis: connectTimeoutMs,
      idleTimeoutMillis: IDLE_TIMEOUT_MS,
      allowExitOnIdle: true,
      stream: () => this.#openSocket(),
      ...(ssl === undefined ? {} : { ssl }),
    };
    // eslint-disable-next-line @typescript-eslint/no-misused-promises -- the driver waits for it, though its types do not say
    this.connection = { ...this.#base, onConnect: (client) => this.#greet(client) };
  }

  /**
   * Over a connection of its own that is kept open: those of the queries may all be taken by what is to be stopped. Where
   * that cannot be had, and behind a pooler, by the protocol's own request, which needs a new connection each time.
   */
  async cancel(client: PoolClient): Promise<void> {
    const { processID, isPooled } = client as PoolClient & Connected;
    const told = isPooled === true ? false : await this.#signal(processID);
    if (!told && !this.#isCut) await sendCancelRequest(client, this.#base);
  }

  async probe(): Promise<void> {
    await this.#openControl().query('SELECT 1');
  }

  destroyConnections(): void {
    this.#isCut = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    await this.#control?.end();
    // The driver has said good-bye; the server closes.
    await Promise.all([...this.#sockets].map((socket) => once(socket, 'close')));
  }

  async #signal(processId: number): Promise<boolean> {
    try {
      await this.#openControl().query('SELECT pg_cancel_backend($1)', [processId]);
      return true;
    } catch {
      return false;
    }
  }

  /** Asked of each new connection: whether it leads to a process of the server's, which then looks whether we live. */
  async #greet(client: ClientBase): Promise<void> {
    const known = client as ClientBase & Connected;
    const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    known.isPooled = rows[0]?.pid !== known.processID;
    if (known.isPooled) return;
    // Before it is needed: to connect takes longer than to stop a query.
    if (this.#control === undefined) this.probe().catch(() => undefined);
    // PostgreSQL 14 and newer, on systems that can tell.
    await client.query(`SET client_connection_check_interval = ${CHECK_INTERVAL_MS}`).catch(() => undefined);
  }

  #openControl(): Pool {
    if (this.#control !== undefined) return this.#control;
    const { Pool: DriverPool } = driver();
    this.#control = new DriverPool({ ...this.#base, max: 2, min: 1, query_timeout: CONTROL_TIMEOUT_MS });
    // One that breaks while nobody uses it is replaced by the next.
    this.#control.on('error', () => undefined);
    return this.#control;
  }

  #openSocket(): Socket {
    const socket = new Socket();
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    return socket;
  }
}
