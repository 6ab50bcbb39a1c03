import type { ClientConfig, PoolClient } from 'pg';

/** Where queries run: a real server, or the embedded one. Both speak PostgreSQL's protocol to the same driver. */
export interface Backend {
  /** How the driver reaches it. */
  readonly connection: ClientConfig;
  /** How many queries it can run at once; `undefined`: as many as are wanted. */
  readonly mostConnections: number | undefined;
  /** Whether a cursor must outlive its transaction, since one reader may not keep the others from asking. */
  readonly holdsCursors: boolean;
  /** Longest wait for the first answer of a new connection, in milliseconds. */
  readonly connectTimeoutMs: number;
  /**
   * Tells it to stop what runs on that connection; called again, with growing gaps, until that has settled.
   *
   * In: for how long it has been told already, in milliseconds.
   */
  cancel(client: PoolClient, toldForMs: number): Promise<void>;
  close(): Promise<void>;
}
