import type { PoolClient, PoolConfig } from 'pg';

/** Where queries run: a real server, or the embedded one. Both speak PostgreSQL's protocol to the same driver. */
export interface Backend {
  readonly kind: 'server' | 'embedded';
  /** How the driver reaches it. */
  readonly connection: PoolConfig;
  /** How many queries it can run at once; `undefined`: as many as are wanted. */
  readonly mostConnections: number | undefined;
  /**
   * Whether it stops a query when it is told to: then the query is a part of its request until it has. Else the request is
   * over at once, and the query comes to its end unseen.
   */
  readonly interrupts: boolean;
  /** Whether it is being started, for the first time or after its end, so that it can do nothing yet; a server never is. */
  readonly starting: 'first' | 'anew' | undefined;
  /**
   * Tells it to stop what runs on that connection; called again, with growing gaps, until that has settled. In: for how
   * long it has been told already, in milliseconds. Out: settles when what was told can hit nobody else any more.
   */
  cancel(client: PoolClient, toldForMs: number): Promise<void>;
  /** Whether it can be asked. Fails with: what is in the way. */
  probe(): Promise<void>;
  /** Cuts every connection at once, whatever runs on it. */
  destroyConnections(): void;
  /** Lets go of what is left, when the connections of queries are closed. */
  close(): Promise<void>;
}
