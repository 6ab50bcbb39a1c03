import {
  Controller,
  CurrentRequest,
  exportService,
  Get,
  ImportService,
  Injectable,
  Module,
  Plugin,
  PluginContext,
  type PluginDependency,
  serviceRef,
  Timeout,
} from 'rockstar-web';
import { ManualClock } from 'rockstar-web/testing';
import type { ConcreteClass } from '../../lib/metadata/slot';
import { soon } from '../support/soon';
import { doors, withClient } from './doors';

interface Search {
  find(term: string): Promise<string>;
}
const SEARCH = serviceRef<Search>('search-plugin', 'search', { contract: ['find'] });
const INDEX = serviceRef<Search>('index-plugin', 'index', { contract: ['find'] });

let ended: string[] = [];

beforeEach(() => {
  ended = [];
});

/** Works until its caller does not want the answer any more. */
@Injectable()
class Index implements Search {
  constructor(private readonly current: CurrentRequest) {}
  find(term: string) {
    const { signal } = this.current;
    return new Promise<string>((_, reject) => {
      const end = (): void => {
        ended.push(`${term}: ${(signal.reason as { reason: string }).reason}`);
        reject(signal.reason as Error);
      };
      if (signal.aborted) end();
      else signal.addEventListener('abort', end, { once: true });
    });
  }
}
@Plugin({ name: 'index-plugin', version: '1.0.0', providers: [Index], exports: [exportService(INDEX, Index)] })
class IndexPlugin {}

/** Passes on to a third plugin, and knows nothing of requests. */
@Injectable()
class Searching implements Search {
  constructor(@ImportService(INDEX) private readonly index: Search) {}
  async find(term: string) {
    await Promise.resolve();
    return this.index.find(term.toUpperCase());
  }
}
@Plugin({ name: 'search-plugin', version: '1.0.0', providers: [Searching], exports: [exportService(SEARCH, Searching)] })
class SearchPlugin {}

@Controller('/injected')
class Injected {
  constructor(@ImportService(SEARCH) private readonly search: Search) {}
  @Get('/')
  find() {
    return this.search.find('injected');
  }
  @Get('/timed')
  @Timeout(20)
  timed() {
    return this.search.find('timed');
  }
}
@Plugin({ name: 'injected-plugin', version: '1.0.0', controllers: [Injected] })
class InjectedPlugin {}

/** Asks for the service by its context, as a plugin that finds others while it runs does. */
@Controller('/asked')
class Asked {
  constructor(private readonly context: PluginContext) {}
  @Get('/')
  find() {
    return this.context.importService(SEARCH).find('asked');
  }
}

function appAsking(dependencies: readonly PluginDependency[]): ConcreteClass {
  @Plugin({ name: 'asked-plugin', version: '1.0.0', controllers: [Asked], dependencies })
  class AskedPlugin {}
  @Module({ imports: [AskedPlugin, InjectedPlugin, SearchPlugin, IndexPlugin] })
  class App {}
  return App;
}

describe.each(doors)('over $name, a request', (door) => {
  it.each([
    ['injected', [SEARCH]],
    ['asked', [SEARCH]],
    ['asked', ['search-plugin']],
  ] as const)('that is left ends what services of other plugins do for it, %s, whatever lies between', async (path, needs) => {
    await withClient(door, appAsking(needs), {}, async (_, { app, url }) => {
      const leaving = await door.connect(url);
      const staying = await door.connect(url);
      const asked = leaving.begin({ path: `/${path}` });
      const other = staying.begin({ path: `/${path}` });
      await soon(() => expect(app.requests.list()).toHaveLength(2));
      asked.leave();
      await soon(() => expect(ended).toEqual([`${path.toUpperCase()}: client`]));
      await soon(() => expect(app.requests.list()).toHaveLength(1));
      other.leave();
      await soon(() => expect(ended).toHaveLength(2));
      await leaving.close();
      await staying.close();
    });
  });

  it('that takes too long ends it as well, and so does the end of the application', async () => {
    const clock = new ManualClock();
    await withClient(door, appAsking([SEARCH]), { clock }, async (client, { app, url }) => {
      const timed = client.begin({ path: '/injected/timed' });
      await soon(() => expect(app.requests.list()).toHaveLength(1));
      await clock.advance(20);
      expect((await timed.answer).status).toBe(504);
      expect(ended).toEqual(['TIMED: deadline']);
      const second = await door.connect(url);
      const last = second.begin({ path: '/injected' });
      await soon(() => expect(app.requests.list()).toHaveLength(1));
      const closed = app.close();
      await soon(async () => {
        await clock.advance(60_000);
        expect(ended).toHaveLength(2);
      });
      expect(ended[1]).toBe('INJECTED: shutdown');
      await last.answer.catch(() => undefined);
      await closed;
      await second.close();
    });
  });
});
