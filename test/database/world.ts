import { Connections } from '../../lib/database/connections';
import { Database } from '../../lib/database/database';
import type { DatabaseOptions } from '../../lib/database/database-options';
import type { AskedQuery } from '../../lib/database/report';
import { toLogger } from '../../lib/diagnostics/to-logger';
import { type Clock, systemClock } from '../../lib/lifetime/clock';
import { Deadlines } from '../../lib/lifetime/deadline';
import { Lifetime } from '../../lib/lifetime/lifetime';
import { keepLines } from '../context/lines';
import { expectNothingLeft } from '../support/expect-nothing-left';

/** A database as an application has it, and what it tells. */
export class World {
  readonly root: Lifetime;
  readonly deadlines: Deadlines;
  readonly asked: AskedQuery[] = [];
  readonly waits: { readonly ms: number; readonly inVain: boolean }[] = [];
  readonly log = keepLines();
  readonly connections: Connections;
  readonly database: Database;

  constructor(options: DatabaseOptions, clock: Clock = systemClock) {
    this.root = Lifetime.root({ clock });
    this.deadlines = new Deadlines(clock);
    const { finishing: stopping } = this.root;
    const rooms = { owner: this.root, stopping, clock, deadlines: this.deadlines, logger: toLogger(this.log.logger) };
    this.connections = new Connections(options, rooms, {
      asked: (query) => void this.asked.push(query),
      waited: (ms, inVain) => void this.waits.push({ ms, inVain }),
    });
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

/** What a promise fails with; `answered` when it does not. */
export function failureOf(going: Promise<unknown>): Promise<unknown> {
  return going.then(
    () => 'answered',
    (error: unknown) => error,
  );
}
