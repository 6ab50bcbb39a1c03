import fc from 'fast-check';
import { Deadline, Deadlines, type Expiring } from '../../lib/lifetime/deadline';
import { heapGrowth } from './heap-growth';
import { ManualClock } from '../../lib/testing/manual-clock';

const LATEST_MS = 5;

/** A few deadlines with names on a clock set by hand; `reached` says which and when. */
class Watch {
  readonly clock = new ManualClock(1000);
  readonly deadlines = new Deadlines(this.clock);
  readonly reached: string[] = [];

  make(name: string, then?: () => void): Deadline {
    return new Deadline({
      deadlineReached: () => {
        this.reached.push(`${name} at ${this.clock.now() - 1000}`);
        then?.();
      },
    });
  }

  /** In: how long ago it began, and how long it may take. */
  arm(deadline: Deadline, durationMs: number, begunMsAgo = 0): void {
    this.deadlines.arm(deadline, this.clock.now() - begunMsAgo, durationMs);
  }
}

describe('deadlines', () => {
  it('are reached in order, each when its time is up', async () => {
    const watch = new Watch();
    watch.arm(watch.make('long'), 300);
    watch.arm(watch.make('short'), 20);
    watch.arm(watch.make('middle'), 100);
    await watch.clock.advance(19);
    expect(watch.reached).toEqual([]);
    await watch.clock.advance(1000);
    expect(watch.reached).toEqual(['short at 20', 'middle at 100', 'long at 300']);
    expect(watch.clock.pending).toBe(0);
  });

  it('are reached in order also where one wake-up is for several of different durations', async () => {
    const watch = new Watch();
    watch.arm(watch.make('c'), 3);
    watch.arm(watch.make('a'), 1);
    watch.arm(watch.make('d'), 3);
    watch.arm(watch.make('b'), 2);
    await watch.clock.advance(5);
    expect(watch.reached).toEqual(['a at 5', 'b at 5', 'c at 5', 'd at 5']);
  });

  it('are reached in order of their time where the one armed later began earlier', async () => {
    const watch = new Watch();
    await watch.clock.advance(100);
    watch.arm(watch.make('second'), 50, 10);
    watch.arm(watch.make('fourth'), 50);
    watch.arm(watch.make('third'), 50, 5);
    watch.arm(watch.make('first'), 50, 40);
    await watch.clock.advance(100);
    expect(watch.reached).toEqual(['first at 110', 'second at 140', 'third at 145', 'fourth at 150']);
  });

  it('are reached soon when armed with a beginning so long ago that the time is up', async () => {
    const watch = new Watch();
    watch.arm(watch.make('overdue'), 50, 80);
    expect(watch.reached).toEqual([]);
    await watch.clock.advance(5);
    expect(watch.reached).toEqual(['overdue at 5']);
  });

  it('are not put off by others that keep coming with an earlier time', async () => {
    const watch = new Watch();
    watch.arm(watch.make('waiting'), 6);
    for (let begunMsAgo = 1; begunMsAgo <= 10; begunMsAgo++) {
      watch.arm(watch.make('overdue'), 1, 10 * begunMsAgo);
      await watch.clock.advance(2);
    }
    expect(watch.reached.find((line) => line.startsWith('waiting'))).toBe('waiting at 10');
  });

  it('are never reached once disarmed, wherever they stand', async () => {
    const watch = new Watch();
    const all = ['a', 'b', 'c', 'd', 'e'].map((name) => watch.make(name));
    for (const deadline of all) watch.arm(deadline, 10);
    for (const at of [0, 2, 4, 2]) all[at].disarm();
    await watch.clock.advance(20);
    expect(watch.reached).toEqual(['b at 10', 'd at 10']);
    expect(watch.clock.pending).toBe(0);
  });

  it('are never reached when one before them disarms them', async () => {
    const watch = new Watch();
    const victim = watch.make('victim');
    watch.arm(
      watch.make('first', () => victim.disarm()),
      10,
    );
    watch.arm(victim, 10);
    await watch.clock.advance(20);
    expect(watch.reached).toEqual(['first at 10']);
  });

  it('start again when armed anew', async () => {
    const watch = new Watch();
    const deadline = watch.make('again');
    watch.arm(deadline, 50);
    await watch.clock.advance(40);
    watch.arm(deadline, 50);
    await watch.clock.advance(49);
    expect(watch.reached).toEqual([]);
    watch.arm(deadline, 10);
    await watch.clock.advance(100);
    expect(watch.reached).toEqual(['again at 99']);
  });

  it('may be armed when one is reached, also the same and with no time left', async () => {
    const watch = new Watch();
    let rounds = 0;
    const again: Deadline = watch.make('again', () => {
      watch.arm(watch.make(`other ${++rounds}`), 3);
      if (rounds < 3) watch.arm(again, 0);
    });
    watch.arm(again, 0);
    await watch.clock.advance(100);
    expect(watch.reached).toEqual([
      'again at 5',
      'again at 10',
      'other 1 at 10',
      'again at 15',
      'other 2 at 15',
      'other 3 at 20',
    ]);
    expect(watch.clock.pending).toBe(0);
  });

  it('go on when reaching one throws', () => {
    const reached: string[] = [];
    // Timers of this clock are fired by hand: the error comes out of the timer.
    const timers: (() => void)[] = [];
    let nowMs = 0;
    const clock = { now: () => nowMs, setTimer: (fn: () => void) => (timers.push(fn), () => {}) };
    const deadlines = new Deadlines(clock);
    const failing: Expiring = {
      deadlineReached: () => {
        throw new Error('broken');
      },
    };
    deadlines.arm(new Deadline(failing), 0, 10);
    deadlines.arm(new Deadline({ deadlineReached: () => reached.push('next') }), 0, 10);
    nowMs = 10;
    expect(() => timers.shift()!()).toThrow('broken');
    nowMs = 15;
    timers.shift()!();
    expect(reached).toEqual(['next']);
  });

  it('need one timer, however many durations there are, and none once all have been reached', async () => {
    const watch = new Watch();
    for (let durationMs = 100; durationMs > 0; durationMs--) {
      watch.arm(watch.make(String(durationMs)), durationMs);
      expect(watch.clock.pending).toBe(1);
    }
    await watch.clock.advance(100);
    expect(watch.reached.map((line) => parseInt(line, 10))).toEqual(Array.from({ length: 100 }, (_, at) => at + 1));
    expect(watch.clock.pending).toBe(0);
  });

  it('leave nothing behind of durations that were used once', () => {
    let durationMs = 1;
    const clock = { now: () => 0, setTimer: (fn: () => void) => (timers.push(fn), () => {}) };
    const timers: (() => void)[] = [];
    const deadlines = new Deadlines(clock);
    const grown = heapGrowth(() => {
      for (let i = 0; i < 50_000; i++) {
        const deadline = new Deadline({ deadlineReached: () => {} });
        deadlines.arm(deadline, 0, (durationMs += 0.5));
        deadline.disarm();
      }
      for (const fire of timers.splice(0)) fire();
    });
    expect(grown).toBeLessThan(2_000_000);
  });

  it('may last for ever', async () => {
    const watch = new Watch();
    watch.arm(watch.make('never'), Infinity);
    watch.arm(watch.make('some time'), 10);
    await watch.clock.advance(1e9);
    expect(watch.reached).toEqual(['some time at 10']);
    expect(watch.clock.pending).toBe(0);
  });

  it('are reached no more after close, and leave no timer, also when reaching one closes', async () => {
    const watch = new Watch();
    const closing = watch.make('closing', () => watch.deadlines.close());
    const late = watch.make('late');
    watch.arm(closing, 10);
    watch.arm(late, 10);
    watch.arm(watch.make('later'), 20);
    await watch.clock.advance(15);
    watch.arm(late, 1);
    watch.arm(closing, 1);
    late.disarm();
    expect(watch.clock.pending).toBe(0);
    await watch.clock.advance(100);
    expect(watch.reached).toEqual(['closing at 10']);
  });
});

type Action =
  | { readonly do: 'arm'; readonly which: number; readonly durationMs: number; readonly begunMsAgo: number }
  | { readonly do: 'disarm'; readonly which: number };
type Event = Action | { readonly do: 'advance'; readonly ms: number };

const HOW_MANY = 8;
const which = fc.nat(HOW_MANY - 1);
const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('arm'),
      which,
      durationMs: fc.oneof(fc.constantFrom(0, 1, 10, 30), fc.nat(60)),
      begunMsAgo: fc.oneof(fc.constant(0), fc.nat(40)),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('disarm'), which }) },
);
const event: fc.Arbitrary<Event> = fc.oneof(
  { weight: 3, arbitrary: action },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('advance'), ms: fc.nat(25) }) },
);

interface Due {
  readonly atMs: number;
  readonly armedMs: number;
  readonly armedAs: number;
}

/** What is armed, in a list; what is reached is held against it. */
class Ledger {
  readonly clock = new ManualClock(500);
  readonly deadlines = new Deadlines(this.clock);
  readonly mistakes: string[] = [];
  private readonly due = new Map<number, Due>();
  private readonly all: Deadline[];
  private armings = 0;
  private last = { atMs: -Infinity, awaitedMs: -Infinity, armings: 0 };

  constructor(private readonly replies: readonly (Action | undefined)[]) {
    this.all = Array.from({ length: HOW_MANY }, (_, number) => new Deadline({ deadlineReached: () => this.reached(number) }));
  }

  perform(action: Action): void {
    const deadline = this.all[action.which];
    if (action.do === 'disarm') {
      deadline.disarm();
      this.due.delete(action.which);
      return;
    }
    const armedMs = this.clock.now();
    const startMs = armedMs - action.begunMsAgo;
    this.deadlines.arm(deadline, startMs, action.durationMs);
    this.due.set(action.which, { atMs: startMs + action.durationMs, armedMs, armedAs: this.armings++ });
  }

  check(): void {
    const now = this.clock.now();
    if (this.clock.pending > 1) this.mistakes.push(`${this.clock.pending} timers`);
    for (const [number, { atMs, armedMs }] of this.due) {
      if (Math.max(atMs, armedMs) + LATEST_MS < now)
        this.mistakes.push(`${number} is still not reached at ${now}, was due at ${atMs}`);
    }
  }

  private reached(number: number): void {
    const now = this.clock.now();
    const due = this.due.get(number);
    this.due.delete(number);
    if (due === undefined) this.mistakes.push(`${number} is reached and not armed`);
    else this.checkTime(number, now, due);
    const reply = this.replies[number];
    if (reply !== undefined) this.perform(reply);
  }

  private checkTime(number: number, now: number, { atMs, armedMs, armedAs }: Due): void {
    // One whose time was up when it was armed can be awaited only from then on.
    const awaitedMs = Math.max(atMs, armedMs);
    if (now < atMs) this.mistakes.push(`${number} is early at ${now}, due at ${atMs}`);
    if (now > awaitedMs + LATEST_MS) this.mistakes.push(`${number} is late at ${now}, due at ${atMs}`);
    const { last } = this;
    if (armedAs < last.armings && atMs < last.atMs && awaitedMs < last.awaitedMs) this.mistakes.push(`${number} is out of order`);
    this.last = { atMs, awaitedMs, armings: this.armings };
  }
}

describe('any deadlines', () => {
  it('agree with a list: each is reached once, in order, never early, at most 5 ms late, on one timer', async () => {
    const replies = fc.array(fc.option(action, { nil: undefined }), { minLength: HOW_MANY, maxLength: HOW_MANY });
    await fc.assert(
      fc.asyncProperty(fc.array(event, { maxLength: 60, size: 'max' }), replies, async (events, answers) => {
        const ledger = new Ledger(answers);
        for (const one of events) {
          if (one.do === 'advance') await ledger.clock.advance(one.ms);
          else ledger.perform(one);
          ledger.check();
        }
        await ledger.clock.advance(150);
        ledger.check();
        expect(ledger.mistakes).toEqual([]);
        ledger.deadlines.close();
        expect(ledger.clock.pending).toBe(0);
      }),
      { numRuns: 200 },
    );
  });

  it('are not early by fractions of a millisecond', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.double({ min: 0, max: 40, noNaN: true }), { minLength: 1, maxLength: 20 }),
        async (durations) => {
          const clock = new ManualClock(0.4);
          const deadlines = new Deadlines(clock);
          let reached = 0;
          for (const durationMs of durations) {
            const deadline: Deadline = new Deadline({
              deadlineReached: () => {
                reached++;
                expect(clock.now() - deadline.atMs).toBeGreaterThanOrEqual(0);
                expect(clock.now() - deadline.atMs).toBeLessThanOrEqual(LATEST_MS);
              },
            });
            deadlines.arm(deadline, 0.4, durationMs);
          }
          await clock.advance(50);
          expect(reached).toBe(durations.length);
        },
      ),
      { numRuns: 50 },
    );
  });
});
