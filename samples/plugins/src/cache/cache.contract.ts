import { serviceRef } from 'rockstar-web';

export interface CacheService1 {
  get(key: string): string | undefined;
  set(key: string, value: string): void;
}

export interface CacheService2 {
  get(key: string): unknown;
  set(key: string, value: unknown, lifeMs: number): void;
  forget(key: string): void;
}

export const CACHE_1 = serviceRef<CacheService1>('cache-plugin', 'cache', { contract: ['get', 'set'] });
export const CACHE_2 = serviceRef<CacheService2>('cache-plugin', 'cache', { contract: ['get', 'set', 'forget'] });
