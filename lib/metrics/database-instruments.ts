import { type Counter, type Histogram } from './instruments';
import type { Metrics } from './metrics';

/** One thing a database was asked. */
export interface DatabaseOperation {
  readonly operation: string;
  readonly durationMs: number;
  /** The SQLSTATE or code of its failure, or `cancelled`. */
  readonly error: string | undefined;
}

/** How the connections to a database are used. */
export interface DatabaseConnections {
  readonly used: number;
  readonly idle: number;
  readonly most: number;
  readonly waiting: number;
}

/** OpenTelemetry's bounds for the durations of database calls, in seconds. */
const BUCKETS_S: readonly number[] = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10];

/** What is recorded of one database, in OpenTelemetry's names. */
export class DatabaseInstruments {
  readonly #pool: { readonly 'db.client.connection.pool.name': string };
  readonly #durations: Histogram;
  readonly #waits: Histogram;
  readonly #timeouts: Counter;
  readonly #name: string;

  /** In: what it is called; `connections` is asked when metrics are read. */
  constructor(metrics: Metrics, name: string, connections: () => DatabaseConnections) {
    this.#name = name;
    this.#pool = { 'db.client.connection.pool.name': name };
    this.#durations = metrics.histogram('db.client.operation.duration', {
      description: 'Duration of database client operations.',
      unit: 's',
      buckets: BUCKETS_S,
    });
    this.#waits = metrics.histogram('db.client.connection.wait_time', {
      description: 'Time it took to get a connection to the database.',
      unit: 's',
      buckets: BUCKETS_S,
    });
    this.#timeouts = metrics.counter('db.client.connection.timeouts', {
      description: 'Waits for a connection to the database that were in vain.',
      unit: '{timeout}',
    });
    this.#observe(metrics, connections);
  }

  asked({ operation, durationMs, error }: DatabaseOperation): void {
    this.#durations.record(durationMs / 1_000, {
      'db.system.name': 'postgresql',
      'db.operation.name': operation,
      'db.client.connection.pool.name': this.#name,
      'error.type': error,
    });
  }

  waited(ms: number, inVain: boolean): void {
    if (inVain) this.#timeouts.add(1, this.#pool);
    else this.#waits.record(ms / 1_000, this.#pool);
  }

  #observe(metrics: Metrics, connections: () => DatabaseConnections): void {
    const state = (name: string) => ({ ...this.#pool, 'db.client.connection.state': name });
    const kind = 'upDownCounter';
    const observe = (name: string, description: string, unit: string, read: (now: DatabaseConnections) => number): void => {
      const ask = () => [{ value: read(connections()), attributes: this.#pool }];
      metrics.observe(`db.client.connection.${name}`, ask, { kind, description, unit });
    };
    // OpenTelemetry's `.count` would look like a part of a histogram in Prometheus' text.
    metrics.observe(
      'db.client.connection.usage',
      () => {
        const { used, idle } = connections();
        return [
          { value: used, attributes: state('used') },
          { value: idle, attributes: state('idle') },
        ];
      },
      { kind, description: 'Connections to the database, by state.', unit: '{connection}' },
    );
    observe('max', 'Connections to the database at most.', '{connection}', ({ most }) => most);
    observe('pending_requests', 'Who waits for a connection to the database.', '{request}', ({ waiting }) => waiting);
  }
}
