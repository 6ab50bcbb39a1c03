import type { Clock } from '../lifetime/clock';
import { Deadline, type Deadlines, type Expiring } from '../lifetime/deadline';

/** Who is asked for a sign of life. */
interface Beating {
  /** Whether a sign of life could not be read, since no more is read from the client for now. */
  readonly isDeaf: boolean;
  ping(): void;
  /** It did not answer often enough, or did not answer the closing. */
  giveUp(): void;
}

/** Where all sessions have their time from: one timer for all of them. */
export interface HeartbeatRooms {
  readonly clock: Clock;
  readonly deadlines: Deadlines;
}

/** Asks one client for signs of life, and gives up on it when there are none. */
export class Heartbeat implements Expiring {
  readonly #beating: Beating;
  readonly #rooms: HeartbeatRooms;
  readonly #intervalMs: number;
  readonly #most: number;
  readonly #deadline: Deadline;
  /** Pings since the last sign of life. */
  #unanswered: number;
  /** When it was told to end; there are no more pings then. */
  #endingMs: number | undefined;

  /** In: milliseconds between two pings (0: none), how many in a row may stay without an answer. */
  constructor(beating: Beating, rooms: HeartbeatRooms, intervalMs: number, most: number) {
    this.#beating = beating;
    this.#rooms = rooms;
    this.#intervalMs = intervalMs;
    this.#most = most;
    this.#deadline = new Deadline(this);
    this.#unanswered = 0;
    this.#endingMs = undefined;
    if (intervalMs > 0) this.#arm(intervalMs);
  }

  /** The client is there. */
  heard(): void {
    this.#unanswered = 0;
  }

  /** No more pings; gives up after so many milliseconds. */
  endWithin(ms: number): void {
    this.#endingMs = this.#rooms.clock.now();
    this.#arm(ms);
  }

  /** Has it end within so many milliseconds of when it was told to: at once, where they have passed. */
  hurry(ms: number): void {
    const { clock, deadlines } = this.#rooms;
    const endingMs = this.#endingMs;
    if (endingMs !== undefined && endingMs + ms > clock.now()) {
      deadlines.arm(this.#deadline, endingMs, ms);
    } else {
      this.stop();
      this.#beating.giveUp();
    }
  }

  stop(): void {
    this.#deadline.disarm();
  }

  deadlineReached(): void {
    if (this.#endingMs !== undefined || (this.#unanswered >= this.#most && !this.#beating.isDeaf)) {
      this.#beating.giveUp();
      return;
    }
    this.#unanswered++;
    this.#arm(this.#intervalMs);
    this.#beating.ping();
  }

  #arm(ms: number): void {
    this.#rooms.deadlines.arm(this.#deadline, this.#rooms.clock.now(), ms);
  }
}
