import { Controller, Get, ImportService, serviceRef } from 'rockstar-web';
import { AUTH_2, type AuthService2 } from '../auth/auth-2.contract';
import { CACHE_2, type CacheService2 } from '../cache/cache.contract';

interface StorageService {
  read(name: string): Promise<Buffer>;
}
const STORAGE = serviceRef<StorageService>('storage-plugin', 'storage');

/** Does with what there is. A service that is missing is one line in the log; when it comes, this is made anew with it. */
@Controller('/api/discovery')
export class DiscoveryController {
  private readonly wanted: ReadonlyMap<string, unknown>;

  constructor(
    @ImportService(AUTH_2, { optional: true }) auth: AuthService2 | undefined,
    @ImportService(CACHE_2, { optional: true }) cache: CacheService2 | undefined,
    @ImportService(STORAGE, { optional: true }) storage: StorageService | undefined,
  ) {
    this.wanted = new Map<string, unknown>([
      [AUTH_2.name, auth],
      [CACHE_2.name, cache],
      [STORAGE.name, storage],
    ]);
  }

  @Get('/')
  discover() {
    const names = [...this.wanted.keys()];
    return {
      found: names.filter((name) => this.wanted.get(name) !== undefined),
      missing: names.filter((name) => this.wanted.get(name) === undefined),
    };
  }
}
