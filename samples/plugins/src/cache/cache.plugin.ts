import { exportService, Plugin } from 'rockstar-web';
import { CACHE_1, CACHE_2 } from './cache.contract';
import { Cache, OldCache } from './caches';

/** One plugin, two versions of its service: the other way to let importers migrate one by one. */
@Plugin({
  name: 'cache-plugin',
  version: '2.0.0',
  description: 'Keeps values in memory for a while',
  providers: [Cache, OldCache],
  exports: [
    exportService(CACHE_1, OldCache, { version: '1.0.0', description: 'Texts, for a minute' }),
    exportService(CACHE_2, Cache, { version: '2.0.0', description: 'Values, as long as is said', health: (it) => it.health() }),
  ],
})
export class CachePlugin {}
