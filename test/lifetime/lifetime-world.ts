import fc from 'fast-check';
import type { CancelledError, CancelReason, EndReason } from '../../lib/lifetime/end-reason';
import type { Lifetime, LifetimeState, Release, Teardown, Undo } from '../../lib/lifetime/lifetime';
import type { ReferenceLifetime } from './reference-lifetime';

/** What the real lifetime and the reference have in common. */
export interface Living<Self> {
  readonly reason: EndReason | undefined;
  readonly state: LifetimeState;
  readonly subject: unknown;
  open(subject: unknown): Self;
  openScope(subject: unknown): Self;
  inside(): Iterable<Self>;
  defer(teardown: Teardown): Undo;
  hold(): Release;
  keep(): void;
  letGo(): void;
  finish(graceMs?: number): void;
  end(reason: EndReason): void;
}

/** How one hears of what happens to it, which is where the two differ. */
export interface Ears<L> {
  cut(lifetime: L, heard: (reason: CancelReason) => void): void;
  finishing(lifetime: L, heard: () => void): void;
  closed(lifetime: L, heard: () => void): void;
}

export const realEars: Ears<Lifetime> = {
  cut({ signal }, heard) {
    const tell = (): void => heard((signal.reason as CancelledError).reason);
    if (signal.aborted) tell();
    else signal.addEventListener('abort', tell);
  },
  finishing({ finishing }, heard) {
    if (finishing.aborted) heard();
    else finishing.addEventListener('abort', () => heard());
  },
  closed(lifetime, heard) {
    void lifetime.closed.then(heard);
  },
};

export const referenceEars: Ears<ReferenceLifetime> = {
  cut(lifetime, heard) {
    lifetime.defer((reason) => {
      if (reason !== 'finished') heard(reason);
    });
  },
  finishing(lifetime, heard) {
    if (lifetime.isFinishing) heard();
    else lifetime.onFinishing.push(heard);
  },
  closed(lifetime, heard) {
    if (lifetime.state === 'closed') heard();
    else lifetime.onClosed.push(heard);
  },
};

/** One step of a story. `at` picks a lifetime, a teardown or a hold by its number; a teardown has a story of its own. */
export type Step =
  | {
      readonly do: 'open' | 'openScope' | 'hold' | 'keep' | 'release' | 'undo' | 'watchSignal' | 'watchFinishing';
      readonly at: number;
    }
  | { readonly do: 'defer'; readonly at: number; readonly story: readonly Step[]; readonly throws: boolean }
  | { readonly do: 'finish'; readonly at: number; readonly graceMs: number | undefined }
  | { readonly do: 'end'; readonly at: number; readonly reason: EndReason }
  | { readonly do: 'advance'; readonly ms: number };

const LARGEST_PICK = 24;

const at = fc.nat(LARGEST_PICK);
const plainStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constantFrom('open', 'openScope', 'open', 'hold', 'keep', 'release', 'undo'), at }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('watchSignal', 'watchFinishing'), at }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('finish'), at, graceMs: fc.option(fc.nat(50), { nil: undefined }) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('end'),
      at,
      reason: fc.constantFrom<EndReason>('finished', 'client', 'deadline', 'shutdown', 'parent', 'manual'),
    }),
  },
);

function deferring(story: fc.Arbitrary<readonly Step[]>): fc.Arbitrary<Step> {
  return fc.record({ do: fc.constant('defer'), at, story, throws: fc.boolean() });
}

const quiet = deferring(fc.constant([]));
const shallow = fc.oneof({ weight: 3, arbitrary: plainStep }, { weight: 1, arbitrary: quiet });
const deep = fc.oneof(
  { weight: 4, arbitrary: plainStep },
  { weight: 1, arbitrary: deferring(fc.array(shallow, { maxLength: 3 })) },
);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: plainStep },
  { weight: 2, arbitrary: quiet },
  { weight: 5, arbitrary: deferring(fc.array(deep, { minLength: 1, maxLength: 4 })) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('advance'), ms: fc.nat(40) }) },
);

/** Stories long enough that everything meets everything, also inside teardowns. */
export const stories: fc.Arbitrary<readonly Step[]> = fc.array(step, { maxLength: 40, size: 'max' });

interface Registered<L> {
  readonly lifetime: L;
  readonly undo: Undo;
  state: 'waiting' | 'ran' | 'undone';
}

interface Held<L> {
  readonly lifetime: L;
  readonly release: Release;
  released: boolean;
}

/** Plays a story on lifetimes of one kind, and writes down all that can be seen of it. */
export class LifetimeWorld<L extends Living<L>> {
  readonly trace: string[] = [];
  readonly closings: string[] = [];
  readonly mistakes: string[] = [];
  readonly all: L[] = [];
  /** How many teardowns threw. */
  thrown = 0;
  private readonly owners = new Map<L, L>();
  private readonly teardowns: Registered<L>[] = [];
  private readonly holds: Held<L>[] = [];
  private readonly watched = new Set<string>();

  constructor(
    root: L,
    private readonly ears: Ears<L>,
  ) {
    this.add(root);
    this.perform({ do: 'openScope', at: 0 });
    this.perform({ do: 'openScope', at: 0 });
    for (const at of [1, 1, 1, 2]) this.perform({ do: 'open', at });
  }

  perform(step: Exclude<Step, { do: 'advance' }>): void {
    switch (step.do) {
      case 'open':
      case 'openScope':
        return this.open(this.any(step.at), step.do === 'openScope');
      case 'defer':
        return this.defer(this.any(step.at), step.story, step.throws);
      case 'undo':
        return this.undo(step.at);
      case 'hold':
        return this.hold(this.any(step.at));
      case 'keep':
        return this.keep(this.any(step.at));
      case 'release':
        return this.release(step.at);
      case 'watchSignal':
        return this.watch('cut', this.any(step.at));
      case 'watchFinishing':
        return this.watch('finishing', this.any(step.at));
      case 'finish':
        return this.mostlyNotRoot(step.at).finish(step.graceMs);
      case 'end':
        return this.mostlyNotRoot(step.at).end(step.reason);
    }
  }

  /** Lets go of all that was held, and cuts the rest. */
  windUp(): void {
    this.releaseAll();
    this.all[0].end('shutdown');
    this.releaseAll();
  }

  /** All that can be seen just now. */
  seen(): string {
    return this.all
      .map((one) => {
        const inside = [...one.inside()].map((child) => String(child.subject)).join(',');
        return `${String(one.subject)}:${one.state}:${one.reason ?? ''}[${inside}]`;
      })
      .join(' ');
  }

  /** What must hold whatever the reference says. */
  check(): void {
    for (const one of this.all.filter(({ state }) => state === 'closed')) {
      if (one.reason === undefined) this.mistakes.push(`${this.name(one)} is closed without a reason`);
      if (this.holds.some((held) => held.lifetime === one && !held.released))
        this.mistakes.push(`${this.name(one)} is closed and held`);
      if (this.teardowns.some((entry) => entry.lifetime === one && entry.state === 'waiting')) {
        this.mistakes.push(`${this.name(one)} is closed with a teardown left`);
      }
      for (const [inner, owner] of this.owners) {
        if (owner === one && inner.state !== 'closed')
          this.mistakes.push(`${this.name(one)} is closed before ${this.name(inner)} inside`);
      }
    }
  }

  private any(at: number): L {
    return this.all[at % this.all.length];
  }

  /** A story in which the root ends at once tells little. */
  private mostlyNotRoot(at: number): L {
    return at === LARGEST_PICK ? this.all[0] : this.all[1 + (at % (this.all.length - 1))];
  }

  private name(lifetime: L): string {
    return String(lifetime.subject);
  }

  private add(lifetime: L): void {
    this.all.push(lifetime);
    this.ears.closed(lifetime, () => this.closings.push(this.name(lifetime)));
  }

  private open(owner: L, isScope: boolean): void {
    const subject = `${isScope ? 'scope' : 'task'}${this.all.length}`;
    const inner = isScope ? owner.openScope(subject) : owner.open(subject);
    this.owners.set(inner, owner);
    this.add(inner);
  }

  private defer(lifetime: L, story: readonly Step[], throws: boolean): void {
    const number = this.teardowns.length;
    const isLate = lifetime.reason !== undefined;
    const entry: Registered<L> = { lifetime, undo: () => undo(), state: 'waiting' };
    this.teardowns.push(entry);
    const undo = lifetime.defer((reason) => {
      this.trace.push(`${this.name(lifetime)} teardown ${number} ${reason} | ${this.seen()}`);
      if (entry.state !== 'waiting') this.mistakes.push(`teardown ${number} runs though it ${entry.state}`);
      entry.state = 'ran';
      if (!isLate) this.checkOrder(lifetime, number);
      for (const step of story) if (step.do !== 'advance') this.perform(step);
      if (!throws) return;
      this.thrown++;
      throw new Error(`teardown ${number}`);
    });
  }

  private checkOrder(lifetime: L, number: number): void {
    this.teardowns.forEach((other, otherNumber) => {
      if (other.state !== 'waiting') return;
      if (other.lifetime === lifetime && otherNumber > number)
        this.mistakes.push(`teardown ${number} runs before the newer ${otherNumber}`);
      if (this.isInside(other.lifetime, lifetime)) this.mistakes.push(`teardown ${number} runs before ${otherNumber} inside`);
    });
  }

  private isInside(inner: L, outer: L): boolean {
    for (let owner = this.owners.get(inner); owner !== undefined; owner = this.owners.get(owner))
      if (owner === outer) return true;
    return false;
  }

  private undo(at: number): void {
    const entry = this.teardowns[at % this.teardowns.length];
    if (entry === undefined || entry.state === 'ran') return;
    entry.undo();
    entry.state = 'undone';
  }

  private hold(lifetime: L): void {
    this.holds.push({ lifetime, release: lifetime.hold(), released: lifetime.state === 'closed' });
  }

  private keep(lifetime: L): void {
    if (lifetime.state === 'closed') return;
    lifetime.keep();
    let kept = true;
    const letGoOnce = (): void => {
      if (!kept) return;
      kept = false;
      lifetime.letGo();
    };
    this.holds.push({ lifetime, release: letGoOnce, released: false });
  }

  private release(at: number): void {
    const held = this.holds[at % this.holds.length];
    if (held === undefined) return;
    held.released = true;
    held.release();
  }

  /** Also of what teardowns hold that run meanwhile. */
  private releaseAll(): void {
    for (let at = 0; at < this.holds.length; at++) this.release(at);
  }

  private watch(what: 'cut' | 'finishing', lifetime: L): void {
    const key = `${what} ${this.name(lifetime)}`;
    if (this.watched.has(key)) return;
    this.watched.add(key);
    this.ears[what](lifetime, (reason?: unknown) => this.trace.push(`${key} ${String(reason)} | ${this.seen()}`));
  }
}
