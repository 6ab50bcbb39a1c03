import {
  Controller,
  Get,
  type Guard,
  Injectable,
  Module,
  Plugin,
  PluginContext,
  type RequestContext,
  ServiceRegistry,
  serviceRef,
  Timeout,
  UseGuards,
} from 'rockstar-web';
import { createTestApp, ManualClock } from 'rockstar-web/testing';
import type { ConcreteClass } from '../../lib/metadata/slot';
import { keepLines } from './lines';

interface Cache {
  readonly version: string;
  get(key: string): string | undefined;
}
const CACHE = serviceRef<Cache>('cache-plugin', 'cache', { contract: ['get'] });

function cacheOf(version: string): Cache {
  return { version, get: (key) => `${key} of ${version}` };
}

/** A plugin that exports while it is initialised. */
function cachePlugin(version: string): ConcreteClass {
  @Plugin({ name: 'cache-plugin', version })
  class CachePlugin {
    initialize(context: PluginContext) {
      context.exportService(CACHE, cacheOf(version));
    }
  }
  return CachePlugin;
}

/** Any module, with the context of a plugin that asks. */
async function asking(...imports: readonly ConcreteClass[]) {
  const { logger, lines } = keepLines();
  let context!: PluginContext;
  @Plugin({ name: 'asking-plugin', version: '1.0.0', dependencies: [{ plugin: 'cache-plugin', optional: true }] })
  class AskingPlugin {
    initialize(given: PluginContext) {
      context = given;
    }
  }
  @Module({ imports: [AskingPlugin, ...imports] })
  class App {}
  const app = await createTestApp(App, { logger });
  return { app, context, lines };
}

describe('a service that a plugin asks for while it runs', () => {
  it('is the exported object itself, of the newest version within the range', async () => {
    const { app, context } = await asking(cachePlugin('1.4.0'), cachePlugin('10.0.0'), cachePlugin('2.0.0'));
    expect(context.importService(CACHE).version).toBe('10.0.0');
    expect(context.importService(CACHE, { version: '^1' }).version).toBe('1.4.0');
    expect(context.importService<Cache>('cache-plugin', 'cache', { version: '<3' }).version).toBe('2.0.0');
    expect(context.importService(CACHE, { version: '^1' })).toBe(context.importService(CACHE, { version: '^1' }));
    await app.close();
  });

  it('is looked for anew when another is exported', async () => {
    let cache!: PluginContext;
    @Plugin({ name: 'cache-plugin', version: '1.0.0' })
    class CachePlugin {
      initialize(context: PluginContext) {
        cache = context;
        context.exportService('cache', cacheOf('1.0.0'));
      }
    }
    const { app, context } = await asking(CachePlugin);
    const changes: string[] = [];
    const watching = context.services.changes$.subscribe(({ kind, service: it }) => changes.push(`${kind} ${it.version}`));
    expect(context.importService(CACHE).version).toBe('1.0.0');
    cache.exportService(CACHE, cacheOf('1.1.0'), { version: '1.1.0', description: 'Faster.' });
    expect(context.importService(CACHE).version).toBe('1.1.0');
    expect(changes).toEqual(['added 1.1.0']);
    expect(context.services.list()).toMatchObject([{ version: '1.0.0' }, { version: '1.1.0', description: 'Faster.' }]);
    watching.unsubscribe();
    const lookups = app.app.metrics.snapshot()['service.lookup'].series;
    expect(lookups).toEqual([{ attributes: { service: 'cache-plugin.cache', result: 'found' }, value: 2 }]);
    await app.close();
  });

  it('may be missing: undefined or a fallback, with one warning in the log for each', async () => {
    const { app, context, lines } = await asking();
    const value = cacheOf('none');
    class NoCache implements Cache {
      readonly version = 'made';
      get() {
        return undefined;
      }
    }
    for (let i = 0; i < 3; i++) {
      expect(context.importService(CACHE, { optional: true })).toBeUndefined();
      expect(context.importService(CACHE, { fallback: value })).toBe(value);
      expect(context.importService(CACHE, { version: '^2', fallback: NoCache }).version).toBe('made');
    }
    const warned = lines.filter(({ level, message }) => level === 'warn' && message === 'an optional service is missing');
    expect(warned.map(({ fields }) => fields)).toMatchObject([
      { plugin: 'asking-plugin@1.0.0', service: 'cache-plugin.cache', reason: 'no plugin cache-plugin is loaded' },
      { service: 'cache-plugin.cache ^2', reason: 'no plugin cache-plugin is loaded' },
    ]);
    await app.close();
  });

  it('is an error that says what there is, where it must be there', async () => {
    const { app, context } = await asking(cachePlugin('1.4.0'));
    const refusal = (ask: () => unknown): string => {
      try {
        ask();
      } catch (error) {
        return (error as Error).message;
      }
      return 'nothing';
    };
    expect([
      refusal(() => context.importService('cash-plugin', 'cache')),
      refusal(() => context.importService('cache-plugin', 'cashe')),
      refusal(() => context.importService(CACHE, { version: '^3' })),
      refusal(() => context.importService(CACHE, { version: 'newest' })),
      refusal(() => context.importService(serviceRef('cache-plugin', 'cache', { contract: ['clear'] as never }))),
      refusal(() => context.importService(undefined as never)),
      refusal(() => context.importService(CACHE, { versoin: '^1' } as never)),
    ]).toEqual([
      'PLUGIN_NOT_LOADED: asking-plugin@1.0.0 asks for cash-plugin.cache, and no plugin of the name cash-plugin is loaded. Did you mean "cache-plugin"?',
      'SERVICE_UNKNOWN: asking-plugin@1.0.0 asks for cache-plugin.cashe, and cache-plugin exports only "cache". Did you mean "cache"?',
      'SERVICE_VERSION_UNSATISFIED: asking-plugin@1.0.0 asks for cache-plugin.cache ^3; of cache-plugin.cache there is 1.4.0. Widen the range, or load a version within it.',
      'SERVICE_RANGE_INVALID: asking-plugin@1.0.0 asks for cache-plugin.cache newest, but the version is "newest"; expected a range of semantic versions, such as "^2" or ">=1.2 <3".',
      'SERVICE_LACKS: asking-plugin@1.0.0 asks for cache-plugin.cache, and cache-plugin.cache 1.4.0 lacks the method clear. Ask for a version that has what is needed, or for less.',
      'SERVICE_REF_MISSING: asking-plugin@1.0.0 asks for (unnamed service), but where the name of the service is expected stands undefined. Make one with serviceRef<T>(plugin, service); where it is undefined, two files import each other: move the name into a file of its own.',
      'SERVICE_IMPORT_INVALID: asking-plugin@1.0.0 asks for cache-plugin.cache, but its options are an object with versoin; expected an object with version, optional or fallback.',
    ]);
    await app.close();
  });

  it('is not there before its plugin is initialised; named in dependencies, it is', async () => {
    const order: string[] = [];
    const eager = (dependencies: readonly string[]): ConcreteClass => {
      @Plugin({ name: 'eager-plugin', version: '1.0.0', dependencies })
      class EagerPlugin {
        initialize(context: PluginContext) {
          order.push(context.importService(CACHE).get('it') ?? '');
        }
      }
      return EagerPlugin;
    };
    @Module({ imports: [eager([]), cachePlugin('1.0.0')] })
    class TooEarly {}
    await expect(createTestApp(TooEarly)).rejects.toThrow(
      'PLUGIN_HOOK_FAILED: eager-plugin@1.0.0: initialize of EagerPlugin failed: SERVICE_NOT_READY: eager-plugin@1.0.0 asks for cache-plugin.cache, and cache-plugin is not initialised yet. Name it in the dependencies of @Plugin, as cache-plugin.cache or "cache-plugin": then it is, before.',
    );
    @Module({ imports: [eager(['cache-plugin']), cachePlugin('1.0.0')] })
    class InOrder {}
    const app = await createTestApp(InOrder);
    expect(order).toEqual(['it of 1.0.0']);
    await app.close();
  });

  it('is refused to a plugin that is stopped, as exporting is', async () => {
    const { app, context } = await asking(cachePlugin('1.0.0'));
    await app.close();
    expect(() => context.importService(CACHE)).toThrow(
      'PLUGIN_STOPPED: asking-plugin@1.0.0 is stopped, and asks for cache-plugin.cache. Let go of its context when stop is called.',
    );
    expect(() => context.exportService('mine', {})).toThrow(
      'PLUGIN_STOPPED: asking-plugin@1.0.0 is stopped, and exports a service.',
    );
  });

  it('has who asked made anew when it is replaced, and refused when it would be left without', async () => {
    const seen: string[] = [];
    @Plugin({ name: 'user-plugin', version: '1.0.0', dependencies: ['cache-plugin'] })
    class UserPlugin {
      initialize(context: PluginContext) {
        seen.push(context.importService(CACHE).version);
      }
    }
    @Plugin({ name: 'undeclared-plugin', version: '1.0.0' })
    class Undeclared {
      start(context: PluginContext) {
        context.importService(CACHE);
      }
    }
    @Module({ imports: [UserPlugin, cachePlugin('1.0.0'), Undeclared] })
    class App {}
    const app = await createTestApp(App);
    const { plugins } = app.app;
    const { started } = await plugins.replace('cache-plugin', cachePlugin('2.0.0'));
    expect(started).toEqual(['cache-plugin@2.0.0', 'user-plugin@1.0.0', 'undeclared-plugin@1.0.0']);
    expect(seen).toEqual(['1.0.0', '2.0.0']);
    await expect(plugins.remove('cache-plugin')).rejects.toThrow(
      'PLUGIN_CHANGE_REFUSED: Removing cache-plugin is refused, and nothing was changed:\n  1. PLUGIN_NOT_LOADED: ',
    );
    await plugins.remove('user-plugin');
    // Nobody declared that it needs it: found when it is made anew, and everything is as it was.
    await expect(plugins.remove('cache-plugin')).rejects.toThrow(
      'PLUGIN_CHANGE_FAILED: Removing cache-plugin failed, and everything is as it was: PLUGIN_HOOK_FAILED: undeclared-plugin@1.0.0: start of Undeclared failed: PLUGIN_NOT_LOADED',
    );
    expect(app.resolve(ServiceRegistry).list()).toMatchObject([{ service: 'cache', version: '2.0.0' }]);
    await app.close();
  });
});

describe('a service that a plugin exports while it runs', () => {
  it('is refused where it is none of its own, is there already, or lacks what its contract says', async () => {
    const { app, context } = await asking();
    expect(() => context.exportService(CACHE, cacheOf('1.0.0'))).toThrow(
      'SERVICE_FOREIGN: AskingPlugin exports the service cache-plugin.cache, but is the plugin asking-plugin: only cache-plugin can export that. Name it serviceRef("asking-plugin", "cache").',
    );
    const mine = serviceRef<Cache>('asking-plugin', 'cache', { contract: ['get'] });
    expect(() => context.exportService(mine, {} as Cache)).toThrow(
      'SERVICE_CONTRACT_BROKEN: AskingPlugin exports an object with no members as the service asking-plugin.cache, which lacks the method get.',
    );
    context.exportService(mine, cacheOf('1.0.0'));
    expect(() => context.exportService('cache', {})).toThrow(
      'SERVICE_DUPLICATE: AskingPlugin exports asking-plugin.cache 1.0.0 twice.',
    );
    expect(() => context.exportService('a b', {})).toThrow('SERVICE_NAME_INVALID');
    expect(() => context.exportService('x', {}, { version: 'one' })).toThrow('SERVICE_OPTION_INVALID');
    expect(() => context.exportService('x', {}, { timeoutMs: -1 })).toThrow(
      'SERVICE_OPTION_INVALID: AskingPlugin: the timeoutMs of the service asking-plugin.x is -1; expected a number of milliseconds above 0.',
    );
    expect(() => context.exportService('x', undefined)).toThrow(
      'SERVICE_OPTION_INVALID: AskingPlugin: the instance of the service asking-plugin.x is undefined; expected what offers it.',
    );
    await app.close();
  });

  it('needs a plugin: a plain module has no name to export it under', async () => {
    @Module({})
    class Plain {
      initialize(context: PluginContext) {
        context.exportService('x', {});
      }
    }
    await expect(createTestApp(Plain)).rejects.toThrow('SERVICE_HOMELESS: Plain exports the service x but is no plugin.');
  });
});

it('lets nobody have what is private to a plugin, however he asks', async () => {
  @Injectable()
  class Hidden {}
  @Plugin({ name: 'hiding-plugin', version: '1.0.0', providers: [Hidden] })
  class HidingPlugin {}
  const { app, context } = await asking(HidingPlugin);
  expect(() => context.importService('hiding-plugin', 'hidden')).toThrow('SERVICE_UNKNOWN');
  expect(() => context.importService('hiding-plugin', 'Hidden')).toThrow('SERVICE_UNKNOWN');
  expect(() => context.importService(CACHE, { fallback: Hidden as never })).not.toThrow(TypeError);
  await app.close();
});

describe('the router of a plugin', () => {
  @Injectable()
  class NotToday implements Guard {
    canActivate() {
      return false;
    }
  }

  it('adds routes that pass guards and time limits, and come and go with the plugin', async () => {
    @Plugin({ name: 'routing-plugin', version: '1.0.0', providers: [NotToday] })
    class RoutingPlugin {
      initialize({ router }: PluginContext) {
        router
          .get('/items/:id', (ctx: RequestContext) => ({ id: ctx.param('id') }))
          .post('/items', async (ctx: RequestContext) => ({ got: await ctx.body() }))
          .put('/items/:id', () => 'put')
          .patch('/items/:id', () => 'patched')
          .delete('/items/:id', () => undefined)
          .get('/closed', () => 'open', UseGuards(NotToday))
          .get('/slow', () => new Promise(() => undefined), Timeout(30))
          .all('/any', (ctx: RequestContext) => ctx.method);
      }
    }
    const clock = new ManualClock();
    @Module({})
    class App {}
    const app = await createTestApp(App, { clock });
    await app.app.plugins.add(RoutingPlugin);
    const ask = async (method: string, url: string, body?: unknown) => {
      const answer = await app.request({ method, url, ...(body === undefined ? {} : { body: body }) });
      return [answer.status, answer.text()];
    };
    expect(await ask('GET', '/items/7')).toEqual([200, '{"id":"7"}']);
    expect(await ask('POST', '/items', { a: 1 })).toEqual([201, '{"got":{"a":1}}']);
    expect((await ask('PUT', '/items/7'))[1]).toBe('put');
    expect((await ask('PATCH', '/items/7'))[1]).toBe('patched');
    expect((await ask('DELETE', '/items/7'))[0]).toBe(204);
    expect((await ask('OPTIONS', '/any'))[1]).toBe('OPTIONS');
    expect((await ask('GET', '/closed'))[0]).toBe(403);
    const slow = ask('GET', '/slow');
    while (app.app.requests.list().length === 0) await new Promise((resolve) => setImmediate(resolve));
    await clock.advance(30);
    expect((await slow)[0]).toBe(504);
    const { stopped } = await app.app.plugins.remove('routing-plugin');
    await clock.advance(60_000);
    await stopped;
    expect((await ask('GET', '/items/7'))[0]).toBe(404);
    await app.close();
  });

  it('takes no routes once they are compiled, and only functions', async () => {
    let context!: PluginContext;
    @Plugin({ name: 'routing-plugin', version: '1.0.0' })
    class RoutingPlugin {
      initialize(given: PluginContext) {
        context = given;
        expect(() => given.router.get('/x', 'text' as never)).toThrow('PLUGIN_HANDLER_INVALID');
      }
    }
    const app = await createTestApp(RoutingPlugin);
    expect(() => context.router.get('/late', () => 'late')).toThrow('PLUGIN_ROUTER_CLOSED');
    await app.close();
  });

  it('stands in the way of a start as routes of controllers do, and of a change', async () => {
    @Controller()
    class Taken {
      @Get('/taken')
      get() {
        return 'mine';
      }
    }
    @Plugin({ name: 'routing-plugin', version: '1.0.0' })
    class RoutingPlugin {
      initialize({ router }: PluginContext) {
        router.get('/taken', () => 'theirs');
      }
    }
    @Module({ controllers: [Taken], imports: [RoutingPlugin] })
    class Both {}
    await expect(createTestApp(Both)).rejects.toThrow('ROUTE_');
    @Module({ controllers: [Taken] })
    class One {}
    const app = await createTestApp(One);
    await expect(app.app.plugins.add(RoutingPlugin)).rejects.toThrow('PLUGIN_CHANGE_FAILED');
    expect((await app.request({ url: '/taken' })).text()).toBe('mine');
    expect(app.app.plugins.list()).toEqual([]);
    await app.close();
  });
});
