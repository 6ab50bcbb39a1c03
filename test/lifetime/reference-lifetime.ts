import type { Clock } from '../../lib/lifetime/clock';
import type { EndReason } from '../../lib/lifetime/end-reason';
import type { LifetimeState, Release, Teardown, Undo } from '../../lib/lifetime/lifetime';

/** What a lifetime promises, in arrays and recursion: slow, short, and meant to be read as the definition. */
export class ReferenceLifetime {
  reason: EndReason | undefined;
  readonly onClosed: (() => void)[] = [];
  readonly onFinishing: (() => void)[] = [];
  isFinishing = false;
  private isClosed = false;
  private busy = 0;
  private holds = 0;
  private children: ReferenceLifetime[] = [];
  private teardowns: { readonly run: Teardown }[] = [];

  constructor(
    private readonly time: Clock,
    private readonly isScope: boolean,
    readonly subject: unknown,
    private readonly owner?: ReferenceLifetime,
  ) {
    if (owner === undefined) return;
    owner.children.push(this);
    this.isFinishing = owner.isFinishing;
    if (owner.reason !== undefined) this.end(owner.reason === 'finished' ? 'parent' : owner.reason);
    this.settle();
  }

  open(subject: unknown): ReferenceLifetime {
    return new ReferenceLifetime(this.time, false, subject, this);
  }

  openScope(subject: unknown): ReferenceLifetime {
    return new ReferenceLifetime(this.time, true, subject, this);
  }

  get state(): LifetimeState {
    if (this.isClosed) return 'closed';
    if (this.reason !== undefined) return 'ended';
    return this.isFinishing ? 'finishing' : 'open';
  }

  inside(): ReferenceLifetime[] {
    return this.children.toReversed();
  }

  defer(run: Teardown): Undo {
    const entry = { run };
    if (this.reason !== undefined) this.run(run);
    else this.teardowns.push(entry);
    return () => {
      this.teardowns = this.teardowns.filter((other) => other !== entry);
    };
  }

  hold(): Release {
    let held = true;
    this.keep();
    return () => {
      if (!held) return;
      held = false;
      this.letGo();
    };
  }

  keep(): void {
    this.holds++;
  }

  letGo(): void {
    this.holds--;
    this.settle();
  }

  finish(graceMs?: number): void {
    if (this.reason !== undefined) return;
    if (!this.isFinishing) {
      this.isFinishing = true;
      this.whileBusy(() => {
        for (const child of this.inside()) child.finish();
        for (const listener of this.onFinishing) listener();
      });
    }
    if (graceMs !== undefined) this.defer(this.time.setTimer(() => this.end('shutdown'), graceMs));
    this.settle();
  }

  end(reason: EndReason): void {
    if (this.reason !== undefined) return;
    this.reason = reason;
    this.whileBusy(() => this.tearDown(reason));
    this.settle();
  }

  /** Goes on with what is half torn down as well: a teardown inside may have ended what is around it. */
  private tearDown(reason: EndReason): void {
    for (const child of this.inside()) {
      child.end(reason === 'finished' ? 'parent' : reason);
      child.tearDown(child.reason!);
    }
    for (let last = this.teardowns.pop(); last !== undefined; last = this.teardowns.pop()) this.run(last.run);
  }

  private run(teardown: Teardown): void {
    try {
      teardown(this.reason!);
    } catch {
      // The others run all the same.
    }
  }

  private whileBusy(work: () => void): void {
    this.busy++;
    work();
    this.busy--;
  }

  private settle(): void {
    if (this.isClosed || this.busy > 0 || this.holds > 0 || this.children.length > 0) return;
    if (this.reason === undefined) {
      if (this.isFinishing && this.isScope) this.end('finished');
      return;
    }
    this.isClosed = true;
    if (this.owner !== undefined) this.owner.children = this.owner.children.filter((other) => other !== this);
    for (const listener of this.onClosed) listener();
    this.owner?.settle();
  }
}
