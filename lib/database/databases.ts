import type { ConnectionNumbers, Connections, DatabaseRooms } from './connections';
import type * as ConnectionsFile from './connections';
import { Database } from './database';
import type { DatabaseOptions } from './database-options';
import type { DatabaseObserver } from './report';

/** What an application lends to its databases, and who is told of them. */
export interface DatabasesRooms extends DatabaseRooms {
  /** Who is told what the database of that name does; `numbers` may be asked at any time. */
  readonly observe: (name: string, numbers: () => ConnectionNumbers) => DatabaseObserver;
  /** Who asks, now and then, whether it can be asked. */
  readonly watch: (name: string, probe: () => Promise<void>, required: boolean) => void;
}

/** The databases of an application. */
export class Databases {
  readonly #rooms: DatabasesRooms;
  readonly #options: DatabaseOptions;
  readonly #opened: Connections[] = [];
  #main: Database | undefined;

  /** In: the options of the application's own. */
  constructor(options: DatabaseOptions, rooms: DatabasesRooms) {
    this.#options = options;
    this.#rooms = rooms;
  }

  /** The application's own; known to metrics and health from when somebody first asks for it. Fails with: DATABASE_URL_INVALID. */
  get main(): Database {
    this.#main ??= this.open(this.#options);
    return this.#main;
  }

  /** One more. It connects when it is first asked something. Fails with: DATABASE_URL_INVALID. */
  open(options: DatabaseOptions): Database {
    const { name = 'database', required = false } = options;
    const observer = this.#rooms.observe(name, () => connections.numbers);
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- a static import would load it at start
    const { Connections: Opened } = require('./connections') as typeof ConnectionsFile;
    const connections: Connections = new Opened(options, this.#rooms, observer);
    this.#rooms.watch(name, () => connections.probe(), required);
    this.#opened.push(connections);
    return new Database(connections);
  }

  /** Closes all of them. */
  async close(): Promise<void> {
    await Promise.all(this.#opened.map((connections) => connections.close()));
  }
}
