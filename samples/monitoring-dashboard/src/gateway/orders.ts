import { CircuitBreaker, Database, Injectable } from 'rockstar-web';

const MAKE_ORDERS = `
  CREATE TABLE IF NOT EXISTS dashboard_orders AS
  SELECT n AS id, (ARRAY['open', 'paid', 'sent'])[1 + n % 3] AS state, 10 + n % 90 AS price
  FROM generate_series(1, 500) AS n`;

/** Orders in a table; with `DATABASE_URL` on a server, else in a PostgreSQL that is started when it is first asked. */
@Injectable()
export class Orders {
  private made: Promise<number> | undefined;

  constructor(private readonly db: Database) {}

  /** What each state of orders sums up to. */
  @CircuitBreaker('database')
  async summary(): Promise<readonly object[]> {
    await this.ready();
    return this.db.query('SELECT state, count(*)::int AS orders, sum(price)::int AS total FROM dashboard_orders GROUP BY state');
  }

  /** All wait for the first, and what it began is not cut with it. */
  private async ready(): Promise<void> {
    this.made ??= this.db.execute(MAKE_ORDERS, [], { detached: true });
    try {
      await this.made;
    } catch (error) {
      this.made = undefined;
      throw error;
    }
  }
}
