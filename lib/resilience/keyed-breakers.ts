// Hot: each call by key looks here.
import { createHash } from 'node:crypto';
import type { Clock } from '../lifetime/clock';
import type { Breaker } from './breaker';

interface Entry {
  readonly breaker: Breaker;
  /** Whether it was asked for since it was last looked at for being dropped. */
  wasAskedFor: boolean;
}

/** Longer keys are kept as a digest of them, so that keys made of what users send stay small. */
const LONGEST_KEY = 200;

/** How long nothing is looked for again where nothing was found. */
const FULL_FOR_MS = 100;

/**
 * Breakers by key, at most so many. When there are as many, one goes for each that comes: one that is closed and idle, rather
 * those not asked for of late; else one that is closed; never one that is open. Where all are open, the new one is not kept.
 */
export class KeyedBreakers {
  private readonly entries: Map<string, Entry>;
  private fullUntilMs: number;
  private hasWarned: boolean;

  constructor(
    private readonly name: string,
    private readonly maxKeys: number,
    private readonly clock: Clock,
    private readonly make: (key: string) => Breaker,
  ) {
    this.entries = new Map();
    this.fullUntilMs = -Infinity;
    this.hasWarned = false;
  }

  get(key: string): Breaker {
    const kept = shorten(key);
    const entry = this.entries.get(kept);
    if (entry !== undefined) {
      entry.wasAskedFor = true;
      return entry.breaker;
    }
    const breaker = this.make(kept);
    if (this.entries.size < this.maxKeys || this.makeRoom()) this.entries.set(kept, { breaker, wasAskedFor: false });
    return breaker;
  }

  find(key: string): Breaker | undefined {
    return this.entries.get(shorten(key))?.breaker;
  }

  all(): Breaker[] {
    return [...this.entries.values()].map(({ breaker }) => breaker);
  }

  private makeRoom(): boolean {
    const nowMs = this.clock.now();
    if (nowMs < this.fullUntilMs) return false;
    const key = this.findDispensable();
    if (key !== undefined) return this.entries.delete(key);
    this.fullUntilMs = nowMs + FULL_FOR_MS;
    this.warn();
    return false;
  }

  /** The first that is idle and was not asked for; those that were get a second chance behind all others. */
  private findDispensable(): string | undefined {
    let inUse: string | undefined;
    for (const [key, entry] of this.entries) {
      const { use } = entry.breaker;
      if (use === 'some') inUse ??= key;
      if (use !== 'none') continue;
      if (!entry.wasAskedFor) return key;
      entry.wasAskedFor = false;
      this.entries.delete(key);
      this.entries.set(key, entry);
    }
    return inUse;
  }

  private warn(): void {
    if (this.hasWarned) return;
    this.hasWarned = true;
    process.emitWarning(
      `Breaker "${this.name}" has ${this.maxKeys} keys, and all of them are open: calls of further keys are not guarded. Raise maxKeys, or use keys of which there are fewer`,
      { type: 'BreakerKeysWarning' },
    );
  }
}

/** In: any key, also one that is no text after all. */
function shorten(given: unknown): string {
  const key = String(given);
  return key.length <= LONGEST_KEY ? key : `sha256:${createHash('sha256').update(key).digest('base64url')}`;
}
