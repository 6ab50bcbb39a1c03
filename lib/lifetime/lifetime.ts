// Hot: one is made for each request that is not answered in the tick it began.
import { inspect } from 'node:util';
import { type Clock, systemClock } from './clock';
import { type CancelReason, cancelledBecause, type EndReason } from './end-reason';

/** Takes a registration back; calling it twice, or after the end, does nothing. */
export type Undo = () => void;
/** Lets go of a hold; calling it twice does nothing. */
export type Release = () => void;
/** What must happen at the end. Synchronous: asynchronous work takes a hold. */
export type Teardown = (reason: EndReason) => void;

/** `open` → `finishing` (asked to come to an end) → `ended` (cut, torn down) → `closed` (nothing holds it any more). */
export type LifetimeState = 'open' | 'finishing' | 'ended' | 'closed';

/** Linked both ways, so that taking one back leaves nothing behind, in whichever order they are taken back. */
interface TeardownEntry {
  /** Undefined once it ran or was taken back. */
  run: Teardown | undefined;
  older: TeardownEntry | undefined;
  newer: TeardownEntry | undefined;
}

export interface RootOptions {
  /** Default: the machine's. */
  readonly clock?: Clock;
  /** Told of an error that a teardown threw; the other teardowns run all the same. Default: a warning of the process. */
  readonly report?: (error: unknown) => void;
}

/**
 * When something is over, and what must happen then: one idea for application ⊃ plugin instance ⊃ request ⊃ query.
 *
 * `finish` asks and waits, `end` cuts, inner first. Both reach everything opened inside. A *scope* (made by
 * `openScope`) is over by itself once it was asked to finish and nothing is left in it; a *task* (made by `open`)
 * is over when the code that opened it calls `end`.
 *
 * Every method may be called from within a teardown, of this or of any other: what is inside is torn down before
 * what is around it even then, but for the teardown that is just running.
 */
export class Lifetime {
  /** Undefined for a root, and for what is closed. */
  owner: Lifetime | undefined;
  /** How it ended; undefined until then. */
  reason: EndReason | undefined;
  /** What this is the life of: a request, a plugin. For reports, and for `CurrentRequest`. */
  subject: unknown;

  private readonly root: RootOptions;
  private readonly isScope: boolean;
  private isFinishing: boolean;
  private isClosed: boolean;
  /** How many calls on the stack tear this down or ask what is inside to finish: the next state waits for them. */
  private busy: number;
  private holds: number;
  private older: Lifetime | undefined;
  private newer: Lifetime | undefined;
  private newest: Lifetime | undefined;
  private newestTeardown: TeardownEntry | undefined;
  private controller: AbortController | undefined;
  private finishingController: AbortController | undefined;
  private finishTells: Set<() => void> | undefined;
  private whenClosed: Promise<void> | undefined;
  private resolveClosed: (() => void) | undefined;
  private cause: unknown;

  private constructor(owner: Lifetime | undefined, root: RootOptions, isScope: boolean, subject: unknown) {
    this.owner = undefined;
    this.reason = undefined;
    this.subject = subject;
    this.root = root;
    this.isScope = isScope;
    this.isFinishing = false;
    this.isClosed = false;
    this.busy = 0;
    this.holds = 0;
    this.older = undefined;
    this.newer = undefined;
    this.newest = undefined;
    this.newestTeardown = undefined;
    this.controller = undefined;
    this.finishingController = undefined;
    this.finishTells = undefined;
    this.whenClosed = undefined;
    this.resolveClosed = undefined;
    this.cause = undefined;
    if (owner !== undefined) this.joinOwner(owner);
  }

  /** The outermost lifetime: an application's. It is a scope. */
  static root(options: RootOptions = {}): Lifetime {
    return new Lifetime(undefined, options, true, undefined);
  }

  /** Opens a task inside this: over when its opener calls `end`. Inside something already over, it is over at once. */
  open(subject?: unknown): Lifetime {
    return new Lifetime(this, this.root, false, subject);
  }

  /** Opens a scope inside this: over by itself once asked to finish and empty, so at once inside something that is finishing. */
  openScope(subject?: unknown): Lifetime {
    return new Lifetime(this, this.root, true, subject);
  }

  get state(): LifetimeState {
    if (this.isClosed) return 'closed';
    if (this.reason !== undefined) return 'ended';
    return this.isFinishing ? 'finishing' : 'open';
  }

  /** Whether it was cut or came to its end; what holds it may still be running. */
  get ended(): boolean {
    return this.reason !== undefined;
  }

  /** Whether something that outlived the end (a handler's unsettled promise) still holds it. */
  get held(): boolean {
    return this.holds > 0;
  }

  /** Whether something outlives the end: what holds it, or what was opened inside and is not closed. */
  get occupied(): boolean {
    return this.holds > 0 || this.newest !== undefined;
  }

  /** Aborted with a `CancelledError` when this is cut; a normal end leaves it quiet. Made on first read. */
  get signal(): AbortSignal {
    if (this.controller === undefined) {
      const controller = new AbortController();
      this.controller = controller;
      this.defer((reason) => {
        if (reason !== 'finished') controller.abort(cancelledBecause(reason, this.cause));
      });
    }
    return this.controller.signal;
  }

  /** Aborted at the soft moment: asked to finish, time is left to send what there is. Made on first read. */
  get finishing(): AbortSignal {
    if (this.finishingController === undefined) {
      this.finishingController = new AbortController();
      if (this.isFinishing) this.finishingController.abort(cancelledBecause('shutdown'));
    }
    return this.finishingController.signal;
  }

  /** Calls `tell` once at the soft moment, and at once when that is past. For who needs no signal: making one costs more than all this. */
  whenFinishing(tell: () => void): Undo {
    if (this.isFinishing) {
      tell();
      return doNothing;
    }
    const tells = (this.finishTells ??= new Set());
    tells.add(tell);
    return () => void tells.delete(tell);
  }

  /** Settles when it has ended, all inside is closed and nothing holds it. Never rejects. */
  get closed(): Promise<void> {
    this.whenClosed ??= this.isClosed
      ? Promise.resolve()
      : new Promise((resolve) => {
          this.resolveClosed = resolve;
        });
    return this.whenClosed;
  }

  /** What is inside and not yet closed, newest first. What is opened while this is read is left out. */
  *inside(): Generator<Lifetime> {
    const all: Lifetime[] = [];
    for (let child = this.newest; child !== undefined; child = child.older) all.push(child);
    for (const child of all) if (!child.isClosed) yield child;
  }

  /** Registers what must happen at the end: newest first, each once, also when another throws. After the end it runs at once. */
  defer(teardown: Teardown): Undo {
    if (this.reason !== undefined) {
      this.runTeardown(teardown);
      return doNothing;
    }
    const older = this.newestTeardown;
    const entry: TeardownEntry = { run: teardown, older, newer: undefined };
    if (older !== undefined) older.newer = entry;
    this.newestTeardown = entry;
    return () => {
      if (entry.run !== undefined) this.takeBack(entry);
    };
  }

  /** Keeps this from closing until released: an unsettled promise, a query whose cancelling is under way. */
  hold(): Release {
    if (this.isClosed) return doNothing;
    this.holds++;
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.letGo();
    };
  }

  /** `hold` without a release function of its own: whoever calls this calls `letGo` exactly once. */
  keep(): void {
    this.holds++;
  }

  /** The counterpart of `keep`. */
  letGo(): void {
    this.holds--;
    if (this.holds === 0) this.settle();
  }

  /**
   * Asks this and everything inside to come to an end, inner first. What is still there after `graceMs` is cut
   * with reason `shutdown`; without `graceMs` it may take as long as it takes.
   */
  finish(graceMs?: number): void {
    if (this.reason !== undefined) return;
    if (!this.isFinishing) this.announceFinish();
    if (graceMs !== undefined) this.defer(this.clock().setTimer(() => this.end('shutdown'), graceMs));
    this.settle();
  }

  /** Cuts it now: everything inside first, newest first, then its own teardowns. The first call wins. */
  end(reason: EndReason, cause?: unknown): void {
    if (this.reason !== undefined) return;
    this.reason = reason;
    this.cause = cause;
    this.busy++;
    this.tearDown(reason);
    this.busy--;
    this.settle();
  }

  /** Goes over to another owner, whose code it runs from now on. In something that is over it is over, too. */
  moveTo(owner: Lifetime): void {
    const { owner: before } = this;
    if (before === undefined || before === owner) return;
    this.leaveOwner(before);
    this.joinOwner(owner);
    before.settle();
  }

  /** The clock of the root. */
  clock(): Clock {
    return this.root.clock ?? systemClock;
  }

  private announceFinish(): void {
    this.isFinishing = true;
    this.busy++;
    for (let child = this.newest; child !== undefined;) {
      const { older } = child;
      child.finish();
      child = older?.isClosed === true ? this.newestNotFinishing() : older;
    }
    this.finishingController?.abort(cancelledBecause('shutdown'));
    for (const tell of this.finishTells ?? []) this.runTeardown(tell);
    this.finishTells = undefined;
    this.busy--;
  }

  private newestNotFinishing(): Lifetime | undefined {
    let child = this.newest;
    while (child?.isFinishing === true) child = child.older;
    return child;
  }

  /** Also goes on with what is being torn down further up the stack, whose teardown called this: inner before outer. */
  private tearDown(reason: EndReason): void {
    if (this.newest !== undefined) this.endInside(reason);
    for (let entry = this.newestTeardown; entry !== undefined; entry = this.newestTeardown) {
      const run = entry.run as Teardown;
      this.takeBack(entry);
      this.runTeardown(run);
    }
  }

  private endInside(reason: EndReason): void {
    const theirs = reasonInside(reason);
    for (let child = this.newest; child !== undefined;) {
      const { older } = child;
      if (child.reason === undefined) child.end(theirs, this.cause);
      else if (child.busy > 0) child.tearDown(child.reason);
      child = older?.isClosed === true ? this.newestNotTornDown() : older;
    }
  }

  private newestNotTornDown(): Lifetime | undefined {
    let child = this.newest;
    while (child !== undefined && child.reason !== undefined && child.busy === 0) child = child.older;
    return child;
  }

  private takeBack(entry: TeardownEntry): void {
    const { older, newer } = entry;
    if (newer === undefined) this.newestTeardown = older;
    else newer.older = older;
    if (older !== undefined) older.newer = newer;
    entry.run = undefined;
    entry.older = undefined;
    entry.newer = undefined;
  }

  private runTeardown(teardown: Teardown): void {
    try {
      teardown(this.reason ?? 'finished');
    } catch (error) {
      this.report(error);
    }
  }

  /** What cannot be reported may not keep the rest from being torn down either. */
  private report(error: unknown): void {
    const { report = warn } = this.root;
    try {
      report(error);
    } catch (failure) {
      warn(error);
      warn(failure);
    }
  }

  /** Looks whether the next state is reached: a finishing scope that is empty ends, an ended one that nothing holds closes. */
  private settle(): void {
    if (this.newest !== undefined || this.holds > 0 || this.busy > 0 || this.isClosed) return;
    if (this.reason !== undefined) this.close();
    else if (this.isFinishing && this.isScope) this.end('finished');
  }

  private close(): void {
    this.isClosed = true;
    const { owner } = this;
    if (owner !== undefined) this.leaveOwner(owner);
    this.resolveClosed?.();
    owner?.settle();
  }

  private joinOwner(owner: Lifetime): void {
    this.isFinishing = owner.isFinishing;
    if (!owner.isClosed) {
      this.owner = owner;
      this.older = owner.newest;
      if (owner.newest !== undefined) owner.newest.newer = this;
      owner.newest = this;
    }
    if (owner.reason !== undefined) this.end(reasonInside(owner.reason), owner.cause);
    else if (this.isFinishing) this.settle();
  }

  private leaveOwner(owner: Lifetime): void {
    if (this.newer !== undefined) this.newer.older = this.older;
    else owner.newest = this.older;
    if (this.older !== undefined) this.older.newer = this.newer;
    this.older = undefined;
    this.newer = undefined;
    this.owner = undefined;
  }
}

/** The root that a lifetime is inside of: the application's. */
export function outermost(lifetime: Lifetime): Lifetime {
  return lifetime.owner === undefined ? lifetime : outermost(lifetime.owner);
}

/** What ends inside something that ended: cut for the same reason, and a normal end outside cuts it too. */
function reasonInside(reason: EndReason): CancelReason {
  return reason === 'finished' ? 'parent' : reason;
}

function warn(error: unknown): void {
  process.emitWarning('A teardown threw', { type: 'TeardownWarning', detail: inspect(error) });
}

function doNothing(): void {
  // Taken back already, or nothing to take back.
}
