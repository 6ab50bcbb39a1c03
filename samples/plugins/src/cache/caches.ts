import { CLOCK, type Clock, Inject, Injectable } from 'rockstar-web';
import type { CacheService1, CacheService2 } from './cache.contract';

const MOST_ENTRIES = 10_000;
const LIFE_MS = 60_000;

interface Entry {
  readonly value: unknown;
  readonly untilMs: number;
}

@Injectable()
export class Cache implements CacheService2 {
  private readonly entries = new Map<string, Entry>();

  constructor(@Inject(CLOCK) private readonly clock: Clock) {}

  get(key: string): unknown {
    const entry = this.entries.get(key);
    if (entry === undefined || entry.untilMs > this.clock.now()) return entry?.value;
    this.entries.delete(key);
    return undefined;
  }

  getMulti(keys: readonly string[]): ReadonlyMap<string, unknown> {
    const found = keys.map((key) => [key, this.get(key)] as const);
    return new Map(found.filter(([, value]) => value !== undefined));
  }

  setWithTtl(key: string, value: unknown, ttlMs: number): void {
    this.entries.delete(key);
    if (this.entries.size >= MOST_ENTRIES) this.forgetOldest();
    this.entries.set(key, { value, untilMs: this.clock.now() + ttlMs });
  }

  forget(key: string): void {
    this.entries.delete(key);
  }

  health(): 'up' | 'degraded' {
    return this.entries.size < MOST_ENTRIES ? 'up' : 'degraded';
  }

  private forgetOldest(): void {
    for (const key of this.entries.keys()) return this.forget(key);
  }
}

/** The cache as it was in 1.x, over that of 2.x: who migrates later shares its entries. */
@Injectable()
export class OldCache implements CacheService1 {
  constructor(private readonly cache: Cache) {}

  get(key: string): string | undefined {
    const value = this.cache.get(key);
    return typeof value === 'string' ? value : undefined;
  }

  set(key: string, value: string): void {
    this.cache.setWithTtl(key, value, LIFE_MS);
  }
}
