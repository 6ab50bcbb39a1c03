import { Injectable, NotFoundError, Plugins } from 'rockstar-web';
import { GreetingPlugin as GreetingPlugin1 } from './greeting-1.plugin';
import { GreetingPlugin as GreetingPlugin2 } from './greeting-2.plugin';

const NAME = 'greeting-plugin';
const CLASSES = { '1.0.0': GreetingPlugin1, '2.0.0': GreetingPlugin2 } as const;

export type GreetingVersion = keyof typeof CLASSES;
export const GREETING_VERSIONS = Object.keys(CLASSES) as readonly GreetingVersion[];

/** Which version of greeting-plugin runs, if any: one change after the other. */
@Injectable()
export class GreetingVersions {
  private last: Promise<unknown> = Promise.resolve();

  constructor(private readonly plugins: Plugins) {}

  /** Lets this version answer from now on; what the other has begun comes to its end. */
  run(version: GreetingVersion) {
    return this.afterOthers(async () => {
      const plugin = CLASSES[version];
      const change = this.isRunning() ? this.plugins.replace(NAME, plugin) : this.plugins.add(plugin);
      const { started, ended } = await change;
      return { name: NAME, version, started, ended };
    });
  }

  remove(): Promise<void> {
    return this.afterOthers(async () => {
      if (!this.isRunning()) throw new NotFoundError({ code: 'PLUGIN_NOT_RUNNING', detail: `No ${NAME} is running.` });
      await this.plugins.remove(NAME);
    });
  }

  private isRunning(): boolean {
    return this.plugins.list().some(({ name }) => name === NAME);
  }

  private afterOthers<T>(change: () => Promise<T>): Promise<T> {
    const result = this.last.then(change);
    this.last = result.catch(() => undefined);
    return result;
  }
}
