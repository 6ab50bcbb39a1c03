// Hot: one deadline is armed for each request that is not answered in the tick it began.
import type { CancelTimer, Clock } from './clock';

/** Something whose time can run out. Links and times are the queue's; `deadlineReached` is called once, unless disarmed before. */
export interface Expiring {
  deadlineReached(): void;
}

/** A place in a queue: made once per thing that expires, armed and disarmed without allocating. */
export class Deadline {
  atMs = 0;
  queue: DeadlineQueue | undefined = undefined;
  earlier: Deadline | undefined = undefined;
  later: Deadline | undefined = undefined;

  constructor(readonly expiring: Expiring) {}

  /** Takes it back; without effect when it is not armed. */
  disarm(): void {
    this.queue?.remove(this);
  }
}

/** In the order of their time. Those of one duration are armed nearly in that order, so a list is enough (as in Node's own timers). */
class DeadlineQueue {
  first: Deadline | undefined = undefined;
  last: Deadline | undefined = undefined;

  /** Looks for the place from the end: what began earlier and is armed later stands only a little before it. */
  insert(deadline: Deadline): void {
    let earlier = this.last;
    while (earlier !== undefined && earlier.atMs > deadline.atMs) earlier = earlier.earlier;
    const later = earlier === undefined ? this.first : earlier.later;
    deadline.queue = this;
    deadline.earlier = earlier;
    deadline.later = later;
    if (earlier === undefined) this.first = deadline;
    else earlier.later = deadline;
    if (later === undefined) this.last = deadline;
    else later.earlier = deadline;
  }

  remove(deadline: Deadline): void {
    if (deadline.earlier === undefined) this.first = deadline.later;
    else deadline.earlier.later = deadline.later;
    if (deadline.later === undefined) this.last = deadline.earlier;
    else deadline.later.earlier = deadline.earlier;
    deadline.earlier = undefined;
    deadline.later = undefined;
    deadline.queue = undefined;
  }
}

/** Timers are set no closer than this, so that a stream of deadlines wakes the process at most so often. */
const COARSE_MS = 5;

/** More lists than this are looked through for empty ones. */
const FEW_DURATIONS = 64;

/**
 * All deadlines of an application, on one timer of its clock. They are reached in order, never early, up to 5 ms late.
 *
 * Arming and disarming are O(1). Each duration has a list of its own, so that they are meant to be few: what routes declare.
 */
export class Deadlines {
  private readonly queues = new Map<number, DeadlineQueue>();
  /** Those whose time is up and whose turn is next, of all durations. */
  private readonly overdue = new DeadlineQueue();
  private cancelTimer: CancelTimer | undefined = undefined;
  /** When the timer fires; infinite while there is none. */
  private timerAtMs = Infinity;
  private isClosed = false;
  private sweepAt = FEW_DURATIONS;

  constructor(private readonly clock: Clock) {}

  /** Arms `deadline` to be reached `durationMs` after `startMs` (a reading of the clock, not later than now). */
  arm(deadline: Deadline, startMs: number, durationMs: number): void {
    deadline.disarm();
    if (this.isClosed) return;
    let queue = this.queues.get(durationMs);
    if (queue === undefined) {
      if (this.queues.size >= this.sweepAt) this.sweep();
      queue = new DeadlineQueue();
      this.queues.set(durationMs, queue);
    }
    deadline.atMs = startMs + durationMs;
    queue.insert(deadline);
    if (deadline.atMs < this.timerAtMs) this.wakeFor(deadline.atMs);
  }

  /** Durations that are computed and not declared would leave an empty list behind each, until the timer fires. */
  private sweep(): void {
    for (const [durationMs, queue] of this.queues) if (queue.first === undefined) this.queues.delete(durationMs);
    this.sweepAt = Math.max(FEW_DURATIONS, this.queues.size * 2);
  }

  /** Lets go of the timer; what is armed now or later is never reached. */
  close(): void {
    this.isClosed = true;
    this.cancelTimer?.();
    this.cancelTimer = undefined;
    this.queues.clear();
  }

  /** The timer is only ever moved to an earlier time: else deadlines that keep coming would put it off again and again. */
  private wakeFor(atMs: number): void {
    const now = this.clock.now();
    const delayMs = Math.max(COARSE_MS, Math.ceil(atMs - now));
    if (now + delayMs >= this.timerAtMs) return;
    this.cancelTimer?.();
    this.timerAtMs = now + delayMs;
    this.cancelTimer = this.clock.setTimer(this.wake, delayMs);
  }

  private readonly wake = (): void => {
    this.cancelTimer = undefined;
    this.timerAtMs = Infinity;
    this.gatherOverdue(this.clock.now());
    try {
      for (let { first } = this.overdue; first !== undefined && !this.isClosed; first = this.overdue.first) {
        first.disarm();
        first.expiring.deadlineReached();
      }
    } finally {
      this.wakeForNext();
    }
  };

  /** All at once, so that what is armed meanwhile waits for the next time: else no time left, armed anew, would never come to an end. */
  private gatherOverdue(now: number): void {
    const due: Deadline[] = [];
    for (const queue of this.queues.values()) {
      for (let { first } = queue; first !== undefined && first.atMs <= now; first = queue.first) {
        first.disarm();
        due.push(first);
      }
    }
    // Sorted here, each has its place at the end of the list, which it finds at once.
    due.sort((one, other) => one.atMs - other.atMs);
    for (const deadline of due) this.overdue.insert(deadline);
  }

  private wakeForNext(): void {
    if (this.isClosed) return;
    // One is left there when reaching another threw.
    let next = this.overdue.first?.atMs ?? Infinity;
    for (const [durationMs, queue] of this.queues) {
      if (queue.first === undefined) this.queues.delete(durationMs);
      else next = Math.min(next, queue.first.atMs);
    }
    if (next < this.timerAtMs) this.wakeFor(next);
  }
}
