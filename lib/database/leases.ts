import type { Pool, PoolClient } from 'pg';
import { Deadline, type Deadlines } from '../lifetime/deadline';
import type { Clock } from '../lifetime/clock';
import type { Undo } from '../lifetime/lifetime';
import { WaitsFor } from '../lifetime/waits-for';
import { databaseErrors, unavailable, untold } from './errors';
import type { Work } from './work';

const CONNECTION = new WaitsFor('connection');

export interface LeaseRooms {
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  /** Connections at most. */
  readonly most: number;
  readonly acquireTimeoutMs: number;
  /** Told how long somebody waited, and whether in vain. */
  readonly waited: (ms: number, inVain: boolean) => void;
}

/** Somebody in the queue. */
interface Waiter {
  grant(): void;
  refuse(error: Error | undefined): void;
}

/**
 * Lends connections, at most so many, in the order they were asked for. The driver's own queue cannot be left: who was
 * cut would stay in it, and its request with it, until its turn came.
 */
export class Leases {
  readonly #pool: Pool;
  readonly #rooms: LeaseRooms;
  readonly #waiters = new Set<Waiter>();
  /** Those whose connection is being opened. */
  readonly #openings = new Set<(failure: Error | undefined) => void>();
  #lent = 0;

  constructor(pool: Pool, rooms: LeaseRooms) {
    this.#pool = pool;
    this.#rooms = rooms;
  }

  get lent(): number {
    return this.#lent;
  }

  get waiting(): number {
    return this.#waiters.size;
  }

  /** Lends one for `work`, to be given back. Fails with: DATABASE_BUSY, DATABASE_UNAVAILABLE, DATABASE_CLOSED; what `work` was cut with. */
  async lend(work: Work): Promise<PoolClient> {
    const startedMs = this.#rooms.clock.now();
    const waiting = work.lifetime.open(CONNECTION);
    try {
      if (this.#lent < this.#rooms.most) this.#lent++;
      else await this.#queue(work);
      const client = await this.#connect(work);
      this.#rooms.waited(this.#rooms.clock.now() - startedMs, false);
      return client;
    } finally {
      waiting.end('finished');
    }
  }

  /** Takes one back. In: whether it is of no use any more. */
  takeBack(client: PoolClient, isBroken: boolean): void {
    client.release(isBroken);
    this.#free();
  }

  /** Refuses all who wait, for a free one or for one that is being opened; what comes of that nobody sees. */
  refuseAll(failure: Error): void {
    for (const waiter of [...this.#waiters]) waiter.refuse(failure);
    for (const refuse of [...this.#openings]) refuse(failure);
  }

  /** A place has come free: it is the next one's. */
  #free(): void {
    const [next] = this.#waiters;
    if (next === undefined) this.#lent--;
    else next.grant();
  }

  #queue(work: Work): Promise<void> {
    const { deadlines, clock, acquireTimeoutMs } = this.#rooms;
    return new Promise((resolve, reject) => {
      let undo: Undo = ignore;
      const over = (): void => {
        this.#waiters.delete(waiter);
        deadline.disarm();
        undo();
      };
      const waiter: Waiter = {
        grant: () => {
          over();
          resolve();
        },
        refuse: (error) => {
          over();
          reject(error);
        },
      };
      const deadline = new Deadline({ deadlineReached: () => this.#refuseLate(waiter) });
      this.#waiters.add(waiter);
      deadlines.arm(deadline, clock.now(), acquireTimeoutMs);
      undo = work.lifetime.defer(() => waiter.refuse(work.failure));
    });
  }

  #refuseLate(waiter: Waiter): void {
    const { acquireTimeoutMs: limit, waited } = this.#rooms;
    waited(limit, true);
    waiter.refuse(databaseErrors.DATABASE_BUSY({ limit }, untold('DATABASE_BUSY')));
  }

  /** Some options the driver only looks at here, and throws. */
  async #open(): Promise<PoolClient> {
    return await this.#pool.connect();
  }

  /** With a place. Who is cut meanwhile hears of it at once, and the connection is given back when it comes. */
  #connect(work: Work): Promise<PoolClient> {
    return new Promise((resolve, reject) => {
      let isCut = false;
      let undo: Undo = ignore;
      const over = (): void => {
        this.#openings.delete(refuse);
        undo();
      };
      const refuse = (failure: Error | undefined): void => {
        isCut = true;
        over();
        reject(failure);
      };
      this.#openings.add(refuse);
      undo = work.lifetime.defer(() => refuse(work.failure));
      this.#open().then(
        (client) => {
          over();
          if (isCut) this.takeBack(client, false);
          else resolve(client);
        },
        (error: unknown) => {
          over();
          this.#free();
          reject(unavailable(error));
        },
      );
    });
  }
}

function ignore(): void {
  // Nothing to take back yet.
}
