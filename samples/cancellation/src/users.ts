import { Database, Injectable, type OnStart } from 'rockstar-web';

export interface User {
  readonly id: number;
  readonly name: string;
  readonly email: string;
}

const COUNT = 100_000;

/** A large table. */
@Injectable()
export class Users implements OnStart {
  constructor(private readonly database: Database) {}

  /** Made once, before the first request. Without DATABASE_URL this starts the embedded PostgreSQL, which takes a few seconds. */
  async start(): Promise<void> {
    await this.database.transaction(async (transaction) => {
      // Of several that start at once, one makes it.
      await transaction.query('SELECT pg_advisory_xact_lock(8085)');
      const [found] = await transaction.query<{ exists: boolean }>(
        "SELECT to_regclass('rockstar_sample_users') IS NOT NULL AS exists",
      );
      if (found?.exists === true) return;
      await transaction.execute('CREATE TABLE rockstar_sample_users (id integer PRIMARY KEY, name text, email text)');
      await transaction.execute(
        `INSERT INTO rockstar_sample_users
         SELECT n, 'User ' || n, 'user' || n || '@example.com' FROM generate_series(1, ${COUNT}) AS n`,
      );
    });
  }

  /** Row after row, no faster than somebody reads. The reading stops with the request it is a part of. */
  all(): AsyncIterable<User> {
    return this.database.stream<User>('SELECT id, name, email FROM rockstar_sample_users ORDER BY id');
  }
}
