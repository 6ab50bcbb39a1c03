import { exportService, Injectable, Plugin, serviceRef } from 'rockstar-web';

interface ArchiveService {
  put(name: string): void;
  take(name: string): string | undefined;
}
const ARCHIVE = serviceRef<ArchiveService>('archive-plugin', 'archive', { contract: ['put', 'take'] });

/** Things go in, and never come out. */
@Injectable()
class Archive {
  private readonly names = new Set<string>();
  put(name: string): void {
    this.names.add(name);
  }
}

@Plugin({
  name: 'archive-plugin',
  version: '1.0.0',
  providers: [Archive],
  // @ts-expect-error TypeScript finds this one first; what comes as JavaScript, it does not see
  exports: [exportService(ARCHIVE, Archive)],
})
export class ArchivePlugin {}
