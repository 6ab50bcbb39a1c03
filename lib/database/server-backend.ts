import type { ClientConfig, Pool, PoolClient } from 'pg';
import type { Backend } from './backend';
import { driver } from './driver';

const CONNECT_TIMEOUT_MS = 5_000;

/** A real PostgreSQL server. */
export class ServerBackend implements Backend {
  readonly connection: ClientConfig;
  readonly mostConnections = undefined;
  readonly holdsCursors = false;
  readonly connectTimeoutMs = CONNECT_TIMEOUT_MS;
  #control: Pool | undefined;

  constructor(url: string) {
    this.connection = { connectionString: url, keepAlive: true };
  }

  /**
   * Over connections of its own: those of the queries may all be taken by what is to be stopped. The protocol's own
   * CancelRequest would need a new connection each time, and goes without TLS in this driver.
   */
  async cancel(client: PoolClient): Promise<void> {
    const { processID } = client as PoolClient & { processID?: number };
    await this.#openControl().query('SELECT pg_cancel_backend($1)', [processID]);
  }

  async close(): Promise<void> {
    await this.#control?.end();
  }

  #openControl(): Pool {
    if (this.#control === undefined) {
      const { Pool } = driver();
      this.#control = new Pool({
        ...this.connection,
        max: 2,
        connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
        allowExitOnIdle: true,
      });
      // One that breaks while nobody uses it is replaced by the next.
      this.#control.on('error', () => undefined);
    }
    return this.#control;
  }
}
