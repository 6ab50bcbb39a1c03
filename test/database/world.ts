import { Connections } from '../../lib/database/connections';
import { Database } from '../../lib/database/database';
import type { DatabaseOptions } from '../../lib/database/database-options';
import type { AskedQuery } from '../../lib/database/report';
import { silentLogger } from '../../lib/diagnostics/logger';
import { systemClock } from '../../lib/lifetime/clock';
import { Deadlines } from '../../lib/lifetime/deadline';
import { Lifetime } from '../../lib/lifetime/lifetime';
import { expectNothingLeft } from '../support/expect-nothing-left';

/** A database as an application has it, and what it tells. */
export class World {
  readonly root = Lifetime.root();
  readonly deadlines = new Deadlines(systemClock);
  readonly asked: AskedQuery[] = [];
  readonly connections: Connections;
  readonly database: Database;

  constructor(options: DatabaseOptions) {
    const rooms = { owner: this.root, clock: systemClock, deadlines: this.deadlines, logger: silentLogger };
    const observer = { asked: (query: AskedQuery) => void this.asked.push(query), waited: () => undefined };
    this.connections = new Connections(options, rooms, observer);
    this.database = new Database(this.connections);
  }

  /** As an application does: what is under way is cut first. */
  async close(): Promise<void> {
    this.root.end('shutdown');
    await this.connections.close();
    this.deadlines.close();
    expectNothingLeft(this.root);
  }
}

/** What a promise fails with; fails itself when it does not. */
export async function failureOf(going: Promise<unknown>): Promise<unknown> {
  const answered = Symbol('answered');
  const outcome = await going.then(
    () => answered,
    (error: unknown) => error,
  );
  if (outcome === answered) throw new Error('it was answered');
  return outcome;
}
