import { serviceRef } from 'rockstar-web';

/** Texts, each for a minute. */
export interface CacheService1 {
  get(key: string): string | undefined;
  set(key: string, value: string): void;
}

/** Any value, each for as long as is said, several at once. */
export interface CacheService2 {
  get(key: string): unknown;
  /** Those that are there, by their keys. */
  getMulti(keys: readonly string[]): ReadonlyMap<string, unknown>;
  setWithTtl(key: string, value: unknown, ttlMs: number): void;
  forget(key: string): void;
}

export const CACHE_1 = serviceRef<CacheService1>('cache-plugin', 'cache', { contract: ['get', 'set'] });
export const CACHE_2 = serviceRef<CacheService2>('cache-plugin', 'cache', {
  contract: ['get', 'getMulti', 'setWithTtl', 'forget'],
});
