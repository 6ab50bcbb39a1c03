import { ImportService, Injectable, Plugin, serviceRef } from 'rockstar-web';

interface StorageService {
  write(name: string, bytes: Buffer): Promise<void>;
}
const STORAGE = serviceRef<StorageService>('storage-plugin', 'storage');

/** Cannot do without a plugin that nobody loads. */
@Injectable()
class Backups {
  constructor(@ImportService(STORAGE) readonly storage: StorageService) {}
}

@Plugin({ name: 'backup-plugin', version: '1.0.0', providers: [Backups] })
export class BackupPlugin {}
