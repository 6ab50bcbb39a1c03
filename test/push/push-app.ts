import type { ApplicationOptions } from 'rockstar-web';
import { serveOn, type Served, moduleOf } from '../journeys/doors';
import type { ConcreteClass } from '../../lib/metadata/slot';
import { RecordingLogger } from '../support/kernel';
import type { LogLine } from '../support/kernel';
import { newFolder } from '../views/folder';
import { PushClient } from './push-client';

/** Static files that pages of the tests push. */
export function assets(): { root: string; write(name: string, contents: string | Buffer, changedS?: number): void } {
  const folder = newFolder();
  folder.write('app.css', 'body{color:teal}');
  folder.write('app.js', 'document.title="app"');
  folder.write('font.woff2', Buffer.alloc(300, 7));
  folder.write('logo.svg', '<svg xmlns="http://www.w3.org/2000/svg"/>');
  folder.write('large.js', Buffer.alloc(100 * 1024 + 1, 0x20));
  folder.write('just.js', Buffer.alloc(100 * 1024, 0x20));
  folder.write('more.js', Buffer.alloc(60 * 1024, 0x20));
  return { root: folder.path, write: (name, contents, changedS) => void folder.write(name, contents, changedS) };
}

/** An application that pushes, on a port, with its log. */
export interface PushApp extends Served {
  readonly log: RecordingLogger;
  /** The lines about one push each. */
  pushes(): LogLine['fields'][];
  warnings(): LogLine[];
  connect(settings?: Parameters<typeof PushClient.connect>[1]): Promise<PushClient>;
  close(): Promise<void>;
}

export async function openPushApp(controllers: readonly ConcreteClass[], options: ApplicationOptions = {}): Promise<PushApp> {
  const log = new RecordingLogger();
  const served = await serveOn(moduleOf(controllers), { logger: log, ...options });
  const clients: PushClient[] = [];
  return {
    ...served,
    log,
    pushes: () => log.lines.filter(({ message }) => message === 'push').map(({ fields }) => fields),
    warnings: () => log.lines.filter(({ level }) => level === 'warn' || level === 'error'),
    async connect(settings) {
      const client = await PushClient.connect(served.url, settings);
      clients.push(client);
      return client;
    },
    async close() {
      for (const client of clients) await client.close();
      await served.app.close();
    },
  };
}
