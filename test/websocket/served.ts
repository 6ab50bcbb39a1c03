import { Module, type Provider } from 'rockstar-web';
import type { ApplicationOptions } from '../../lib/application/configuration';
import { createAssembledApp } from '../../lib/application/application';
import type { Assembly } from '../../lib/application/assemble';
import type { ConcreteClass } from '../../lib/metadata/slot';
import { TestApplication } from '../../lib/testing/test-application';
import { RecordingLogger } from '../support/kernel';
import { soon } from '../support/soon';
import { WsClient, type WsClientOptions } from './ws-client';

export interface ServeOptions extends ApplicationOptions {
  readonly providers?: readonly Provider[];
}

/** An application with WebSockets on a port, and the clients that were connected to it. */
export class Served {
  readonly log: RecordingLogger;
  readonly app: TestApplication;
  readonly assembly: Assembly;
  readonly url: URL;
  readonly #clients: WsClient[] = [];

  private constructor(app: TestApplication, assembly: Assembly, url: URL, log: RecordingLogger) {
    this.app = app;
    this.assembly = assembly;
    this.url = url;
    this.log = log;
  }

  static async open(controllers: readonly ConcreteClass[], { providers = [], ...options }: ServeOptions = {}): Promise<Served> {
    @Module({ controllers, providers })
    class TheModule {}
    const log = new RecordingLogger();
    const { app, assembly } = await createAssembledApp(TheModule, { logger: log, ...options }, new Map());
    return new Served(new TestApplication(app, assembly), assembly, await app.listen(0), log);
  }

  /** Connects a client, and waits until it is. */
  async connect(path: string, options: WsClientOptions = {}): Promise<WsClient> {
    const client = await WsClient.connect(new URL(path, this.url), options);
    this.#clients.push(client);
    return client;
  }

  /** A metric as it is told, by its line without the value; `undefined`: there is none. */
  async metric(line: string): Promise<number | undefined> {
    const { request } = this.app;
    const text = (await request.call(this.app, { url: '/metrics' })).text();
    const found = text.split('\n').find((one) => one.startsWith(`${line} `));
    return found === undefined ? undefined : Number(found.slice(line.length + 1));
  }

  /** Lines of the log with this message. */
  lines(message: string): Readonly<Record<string, unknown>>[] {
    return this.log.lines.filter((line) => line.message === message).map(({ fields }) => fields);
  }

  /** Closes what is open, and fails when something is left. */
  async close(): Promise<void> {
    try {
      await Promise.all(this.#clients.map((client) => client.leave()));
      await soon(() => expect(this.app.leaks()).toEqual([]));
    } finally {
      await this.app.close();
    }
  }
}

/** Serves, and closes whatever happens in between. */
export async function withServed(
  controllers: readonly ConcreteClass[],
  options: ServeOptions,
  use: (served: Served) => Promise<void>,
): Promise<void> {
  const served = await Served.open(controllers, options);
  try {
    await use(served);
  } finally {
    await served.close();
  }
}
