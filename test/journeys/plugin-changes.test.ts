import {
  CircuitBreaker,
  Controller,
  exportService,
  Get,
  Hijack,
  HijackedConnection,
  ImportService,
  Injectable,
  Module,
  OnOpen,
  Plugin,
  type PluginContext,
  type ServiceChange,
  serviceRef,
  Use,
  WebSocket as Gateway,
} from 'rockstar-web';
import { createTestApp } from 'rockstar-web/testing';
import { once } from 'node:events';
import { WebSocket } from 'ws';
import type { ConcreteClass } from '../../lib/metadata/slot';
import { collectGarbage } from '../lifetime/heap-growth';
import { RawClient } from '../support/raw-client';
import { gate, type Gate, soon, turns } from '../support/soon';
import { type Client, doors, QUIET, serveOn, withClient } from './doors';

interface GreetingService {
  readonly version: string;
  greet(): string;
}
const GREETING = serviceRef<GreetingService>('greeting-plugin', 'greeting', { contract: ['greet'] });

let log: string[] = [];
let go: Gate<void>;

beforeEach(() => {
  log = [];
  go = gate();
});

/** A version of the plugin, which answers by itself and by those who import its service. */
function greetingPlugin(version: string, options: { readonly fails?: 'initialize' | 'start' } = {}): ConcreteClass {
  @Injectable()
  class Greeting implements GreetingService {
    readonly version = version;
    greet() {
      return `hello from ${version}`;
    }
  }
  @Controller('/greeting')
  class GreetingController {
    constructor(private readonly greeting: Greeting) {}
    @Get('/')
    now() {
      return { message: this.greeting.greet(), version };
    }
    @Get('/slow')
    async slow() {
      const before = this.greeting.greet();
      await go.promise;
      return [before, this.greeting.greet()];
    }
  }
  @Plugin({
    ...{ name: 'greeting-plugin', version, controllers: [GreetingController], providers: [Greeting] },
    exports: [exportService(GREETING, Greeting)],
  })
  class GreetingPlugin {
    initialize() {
      log.push(`initialize ${version}`);
      if (options.fails === 'initialize') throw new RangeError('out of luck');
    }
    start() {
      log.push(`start ${version}`);
      if (options.fails === 'start') throw new RangeError('out of luck');
    }
    stop() {
      log.push(`stop ${version}`);
    }
    shutdown() {
      log.push(`shutdown ${version}`);
    }
  }
  return GreetingPlugin;
}

@Controller('/welcome')
class WelcomeController {
  static made = 0;
  readonly number = ++WelcomeController.made;
  constructor(@ImportService(GREETING) private readonly greeting: GreetingService) {}
  @Get('/')
  now() {
    return { by: this.greeting.version, number: this.number };
  }
  /** As a route of the plugin itself answers, with all that it saw of the service meanwhile. */
  @Get('/later')
  async later() {
    const { version } = this.greeting;
    await turns(3);
    const message = this.greeting.greet();
    return { message, version: this.greeting.version === version ? version : 'mixed' };
  }
}
@Plugin({ name: 'welcome-plugin', version: '1.0.0', controllers: [WelcomeController] })
class WelcomePlugin {
  stop() {
    log.push('stop welcome');
  }
}

@Controller('/other')
class OtherController {
  static made = 0;
  readonly number = ++OtherController.made;
  @Get('/')
  now() {
    return this.number;
  }
}
@Plugin({ name: 'other-plugin', version: '1.0.0', controllers: [OtherController] })
class OtherPlugin {}

const one = greetingPlugin('1.0.0');
const two = greetingPlugin('2.0.0');

/** A version without routes, to run beside another. */
function quiet(version: string): ConcreteClass {
  @Plugin({ name: 'greeting-plugin', version })
  class Quiet {}
  return Quiet;
}

function appOf(...imports: readonly ConcreteClass[]): ConcreteClass {
  @Module({ imports })
  class App {}
  return App;
}

const json = async (client: Client, path: string): Promise<unknown> => (await client.ask({ path })).json();

describe.each(doors)('over $name, a plugin', (door) => {
  it('is replaced with those that use it; the rest is carried over', async () => {
    await withClient(door, appOf(one, WelcomePlugin, OtherPlugin), {}, async (client, { app }) => {
      const [first, other] = [await json(client, '/welcome'), await json(client, '/other')];
      expect(await json(client, '/greeting')).toEqual({ message: 'hello from 1.0.0', version: '1.0.0' });
      const { started, ended, stopped } = await app.plugins.replace('greeting-plugin', two);
      await stopped;
      expect([started, ended]).toEqual([
        ['greeting-plugin@2.0.0', 'welcome-plugin@1.0.0'],
        ['greeting-plugin@1.0.0', 'welcome-plugin@1.0.0'],
      ]);
      expect(await json(client, '/greeting')).toEqual({ message: 'hello from 2.0.0', version: '2.0.0' });
      expect(await json(client, '/welcome')).toEqual({ by: '2.0.0', number: (first as { number: number }).number + 1 });
      expect(await json(client, '/other')).toBe(other);
      // The new one is there before the old one leaves, and importers leave first.
      expect(log).toEqual([
        'initialize 1.0.0',
        'start 1.0.0',
        'initialize 2.0.0',
        'start 2.0.0',
        'stop welcome',
        'stop 1.0.0',
        'shutdown 1.0.0',
      ]);
    });
  });

  it('stays for the requests that began with it, and stops behind the last of them', async () => {
    await withClient(door, appOf(one, WelcomePlugin), {}, async (client, { app, url }) => {
      const slow = client.begin({ path: '/greeting/slow' });
      const second = await door.connect(url);
      await soon(async () => expect(app.requests.list()).toHaveLength(1));
      const { stopped } = await app.plugins.replace('greeting-plugin', two);
      expect(await json(second, '/greeting')).toMatchObject({ version: '2.0.0' });
      expect(log).not.toContain('stop 1.0.0');
      go.open();
      expect((await slow.answer).json()).toEqual(['hello from 1.0.0', 'hello from 1.0.0']);
      await stopped;
      expect(log).toContain('shutdown 1.0.0');
      await second.close();
    });
  });

  it('comes and goes with its routes', async () => {
    await withClient(door, appOf(OtherPlugin), {}, async (client, { app }) => {
      expect((await client.ask({ path: '/greeting' })).status).toBe(404);
      await app.plugins.add(one);
      expect((await client.ask({ path: '/greeting' })).status).toBe(200);
      expect(app.plugins.list().map(({ name, version, state }) => [name, version, state])).toEqual([
        ['other-plugin', '1.0.0', 'started'],
        ['greeting-plugin', '1.0.0', 'started'],
      ]);
      const { stopped } = await app.plugins.remove('greeting-plugin');
      await stopped;
      expect((await client.ask({ path: '/greeting' })).status).toBe(404);
      await app.plugins.add(one);
      expect((await client.ask({ path: '/greeting' })).status).toBe(200);
    });
  });

  it('is exchanged while many ask, and none of them fails or sees two versions', async () => {
    const served = await serveOn(appOf(one, WelcomePlugin, OtherPlugin));
    const clients = await Promise.all(Array.from({ length: 8 }, () => door.connect(served.url)));
    let isOver = false;
    const seen = new Set<string>();
    let total = 0;
    const paths = ['/greeting', '/welcome/later'];
    const keepAsking = async (client: Client): Promise<number> => {
      let count = 0;
      while (!isOver) {
        const { status, text: body } = await client.ask({ path: paths[count % 2] });
        const { message, version } = JSON.parse(body) as { message: string; version: string };
        expect([status, message]).toEqual([200, `hello from ${version}`]);
        seen.add(version);
        count++;
        total++;
      }
      return count;
    };
    const asking = clients.map(keepAsking);
    const ends: Promise<void>[] = [];
    for (let round = 0; round < 10; round++) {
      const { stopped } = await served.app.plugins.replace('greeting-plugin', round % 2 === 0 ? two : one);
      ends.push(stopped);
      const answered = total;
      await soon(() => expect(total).toBeGreaterThan(answered + clients.length));
    }
    await Promise.all(ends);
    isOver = true;
    const counts = await Promise.all(asking);
    expect(counts.every((count) => count > 0)).toBe(true);
    expect([...seen].sort()).toEqual(['1.0.0', '2.0.0']);
    expect(log.filter((line) => line.startsWith('shutdown'))).toHaveLength(10);
    await Promise.all(clients.map((client) => client.close()));
    await served.app.close();
  });
});

it('takes along what it brought: routes, middleware, breakers, indicators, what it observed', async () => {
  const ends: string[] = [];
  @Injectable()
  class Remote {
    @CircuitBreaker({ name: 'remote', maxFailures: 2 })
    async ask(): Promise<string> {
      await Promise.resolve();
      return 'far';
    }
  }
  @Controller('/remote')
  @Use((_request, response, next) => {
    response.setHeader('x-by', 'remote-plugin');
    next();
  })
  class RemoteController {
    constructor(private readonly remote: Remote) {}
    @Get('/')
    get() {
      return this.remote.ask();
    }
  }
  @Plugin({ name: 'remote-plugin', version: '1.0.0', controllers: [RemoteController], providers: [Remote] })
  class RemotePlugin {
    initialize({ health, metrics, router }: PluginContext) {
      health.register('remote', () => 'up');
      metrics.observe('remote.size', () => 1);
      router.get('/added', () => 'added');
    }
    shutdown() {
      ends.push('shutdown');
    }
  }
  const app = await createTestApp(appOf(OtherPlugin));
  const { plugins, breakers, health, metrics } = app.app;
  const brought = async () => [
    (await app.request({ url: '/remote' })).headers['x-by'],
    (await app.request({ url: '/added' })).status,
    breakers.list().map(({ name }) => name),
    Object.keys((await health.report()).indicators),
    metrics.snapshot()['remote.size']?.series.length ?? 0,
  ];
  expect(await brought()).toEqual([undefined, 404, [], ['circuit_breakers'], 0]);
  for (let round = 0; round < 2; round++) {
    await plugins.add(RemotePlugin);
    expect(await brought()).toEqual(['remote-plugin', 200, ['remote'], ['circuit_breakers', 'remote'], 1]);
    const { stopped } = await plugins.remove('remote-plugin');
    await stopped;
    expect(await brought()).toEqual([undefined, 404, [], ['circuit_breakers'], 0]);
  }
  expect(ends).toEqual(['shutdown', 'shutdown']);
  expect(app.leaks()).toEqual([]);
  await app.close();
});

it('runs beside the version that took its place, when it is added again', async () => {
  const app = await createTestApp(appOf(one));
  const { plugins } = app.app;
  await plugins.replace('greeting-plugin', quiet('2.0.0'));
  await plugins.add(one);
  const versions = (): string[] => plugins.list().map(({ version }) => version);
  expect(versions().sort()).toEqual(['1.0.0', '2.0.0']);
  await plugins.remove('greeting-plugin', { version: '1.0.0' });
  expect(versions()).toEqual(['2.0.0']);
  await plugins.add(one);
  await plugins.remove('greeting-plugin', { version: '2.0.0' });
  expect((await app.request({ url: '/greeting' })).json()).toMatchObject({ version: '1.0.0' });
  await app.close();
});

it('leaves nothing behind once another took its place: neither what it made nor its class', async () => {
  const { app } = await createTestApp(appOf(one, WelcomePlugin, OtherPlugin));
  const left: WeakRef<object>[] = [];
  const exchange = async (version: string): Promise<void> => {
    const next = greetingPlugin(version);
    const { stopped } = await app.plugins.replace('greeting-plugin', next);
    await stopped;
    left.push(...[next, app.resolve(next) as object, app.resolve(WelcomeController)].map((it) => new WeakRef<object>(it)));
  };
  for (let round = 2; round < 8; round++) await exchange(`${round}.0.0`);
  // A target is kept until the job that looked at it is over.
  await soon(() => {
    collectGarbage();
    expect(left.slice(0, -3).filter((it) => it.deref() !== undefined)).toHaveLength(0);
  });
  expect(left.slice(-3).every((it) => it.deref() !== undefined)).toBe(true);
  await app.close();
});

describe('a change that cannot be', () => {
  it.each(['initialize', 'start'] as const)('is taken back when the new one fails in %s', async (fails) => {
    const app = await createTestApp(appOf(one, WelcomePlugin));
    const broken = greetingPlugin('3.0.0', { fails });
    await expect(app.app.plugins.replace('greeting-plugin', broken)).rejects.toMatchObject({
      code: 'PLUGIN_CHANGE_FAILED',
      message: `PLUGIN_CHANGE_FAILED: Replacing greeting-plugin by greeting-plugin@3.0.0 failed, and everything is as it was: PLUGIN_HOOK_FAILED: greeting-plugin@3.0.0: ${fails} of GreetingPlugin failed: out of luck`,
    });
    expect((await app.request({ method: 'GET', url: '/welcome' })).json()).toMatchObject({ by: '1.0.0' });
    expect(log.filter((line) => line.includes('1.0.0'))).toEqual(['initialize 1.0.0', 'start 1.0.0']);
    expect(app.app.plugins.list().map(({ version }) => version)).toEqual(['1.0.0', '1.0.0']);
    // The way is free for the next.
    await app.app.plugins.replace('greeting-plugin', two);
    expect((await app.request({ method: 'GET', url: '/welcome' })).json()).toMatchObject({ by: '2.0.0' });
    await app.close();
    expect(app.leaks()).toEqual([]);
  });

  it('is refused with a list of who needs what would go', async () => {
    const app = await createTestApp(appOf(one, WelcomePlugin));
    await expect(app.app.plugins.remove('greeting-plugin')).rejects.toMatchObject({
      message:
        'PLUGIN_CHANGE_REFUSED: Removing greeting-plugin is refused, and nothing was changed:\n' +
        '  1. PLUGIN_NOT_LOADED: WelcomeController in WelcomePlugin needs greeting-plugin.greeting as constructor parameter 0 (greeting), and no plugin of the name greeting-plugin is loaded. Add the plugin to the imports of App.',
    });
    expect((await app.request({ method: 'GET', url: '/greeting' })).status).toBe(200);
    await app.close();
  });

  it('is told of with the plugins that are meant', async () => {
    @Plugin({ name: 'greeting-plugin', version: '2.0.0' })
    class Quiet {}
    const app = await createTestApp(appOf(one, Quiet));
    const { plugins } = app.app;
    await expect(plugins.remove('greting-plugin')).rejects.toThrow(
      'PLUGIN_NOT_RUNNING: No plugin greting-plugin is running. Did you mean greeting-plugin?',
    );
    await expect(plugins.remove('greeting-plugin')).rejects.toThrow(
      'PLUGIN_VERSION_NEEDED: Of greeting-plugin there is 2.0.0 and 1.0.0: say which is meant.',
    );
    await expect(plugins.remove('greeting-plugin', { version: '4.0.0' })).rejects.toThrow(
      'PLUGIN_NOT_RUNNING: No plugin greeting-plugin 4.0.0 is running. There is 2.0.0 and 1.0.0.',
    );
    for (const drainMs of [NaN, -1, '500' as unknown as number]) {
      await expect(plugins.remove('greeting-plugin', { version: '1.0.0', drainMs })).rejects.toThrow(
        'OPTION_INVALID: The option drainMs takes milliseconds, 0 or more, got',
      );
    }
    await expect(plugins.add(one)).rejects.toThrow('PLUGIN_RUNS_ALREADY: greeting-plugin@1.0.0 is running already.');
    await expect(plugins.add(class Nothing {})).rejects.toThrow('PLUGIN_INVALID: the class Nothing is no plugin');
    await expect(plugins.replace('greeting-plugin', OtherPlugin, { version: '1.0.0' })).rejects.toThrow(
      'PLUGIN_RENAMED: greeting-plugin@1.0.0 can only be replaced by a plugin of its name, not by other-plugin.',
    );
    await app.close();
    await expect(plugins.remove('greeting-plugin', { version: '1.0.0' })).rejects.toThrow('APP_CLOSED');
  });

  it('cannot remove what the application is made of', async () => {
    const app = await createTestApp(one);
    await expect(app.app.plugins.remove('greeting-plugin')).rejects.toThrow('PLUGIN_IS_ROOT');
    await app.app.plugins.replace('greeting-plugin', two);
    expect((await app.request({ method: 'GET', url: '/greeting' })).json()).toMatchObject({ version: '2.0.0' });
    await app.close();
  });
});

it('gives whoever imports it optionally a fallback while it is gone, and the service while it is there', async () => {
  const nobody: GreetingService = { version: 'none', greet: () => 'silence' };
  @Controller('/maybe')
  class MaybeController {
    constructor(@ImportService(GREETING, { fallback: nobody }) private readonly greeting: GreetingService) {}
    @Get('/')
    now() {
      return this.greeting.greet();
    }
  }
  @Plugin({ name: 'maybe-plugin', version: '1.0.0', controllers: [MaybeController] })
  class MaybePlugin {}
  const app = await createTestApp(appOf(MaybePlugin, OtherPlugin));
  const ask = async (): Promise<string> => (await app.request({ method: 'GET', url: '/maybe' })).text();
  const changes: string[] = [];
  const seen = ({ kind, service: { plugin, service, version } }: ServiceChange): number =>
    changes.push(`${kind} ${plugin}.${service} ${version}`);
  let registry: PluginContext['services'] | undefined;
  @Plugin({ name: 'watcher', version: '1.0.0' })
  class Watcher {
    initialize(context: PluginContext) {
      registry = context.services;
    }
  }
  await app.app.plugins.add(Watcher);
  const watching = registry?.changes$.subscribe(seen);
  expect(await ask()).toBe('silence');
  expect((await app.app.plugins.add(one)).started).toEqual(['greeting-plugin@1.0.0', 'maybe-plugin@1.0.0']);
  expect(await ask()).toBe('hello from 1.0.0');
  await app.app.plugins.replace('greeting-plugin', two);
  expect(await ask()).toBe('hello from 2.0.0');
  await app.app.plugins.remove('greeting-plugin');
  expect(await ask()).toBe('silence');
  expect(changes).toEqual([
    'added greeting-plugin.greeting 1.0.0',
    'removed greeting-plugin.greeting 1.0.0',
    'added greeting-plugin.greeting 2.0.0',
    'removed greeting-plugin.greeting 2.0.0',
  ]);
  watching?.unsubscribe();
  await app.close();
});

it('says goodbye to WebSockets and taken-over connections of what is replaced', async () => {
  @Gateway('/live')
  class Live {
    @OnOpen()
    opened() {
      return 'welcome';
    }
  }
  @Controller()
  class Raw {
    @Hijack('/raw')
    async raw(connection: HijackedConnection) {
      connection.accept(200, { 'Content-Type': 'text/plain' });
      connection.write('here\r\n');
      const bye = (): void => {
        connection.write('bye\r\n');
        void connection.close();
      };
      connection.finishing.addEventListener('abort', bye, { once: true });
      while ((await connection.readLine()) !== undefined);
    }
  }
  @Plugin({ name: 'live-plugin', version: '1.0.0', controllers: [Live, Raw] })
  class LivePlugin {}
  const { app, url } = await serveOn(appOf(LivePlugin), QUIET);
  const socket = new WebSocket(`ws://${url.host}/live`);
  await once(socket, 'message');
  const raw = await RawClient.connect(url);
  raw.write('GET /raw HTTP/1.1\r\nHost: test\r\n\r\n');
  await raw.until('here');
  const closed = once(socket, 'close');
  const { stopped } = await app.plugins.replace('live-plugin', LivePlugin);
  expect((await closed)[0]).toBe(1012);
  await raw.until('bye');
  await raw.closed();
  raw.close();
  await stopped;
  // The new one takes connections as the old one did.
  const again = new WebSocket(`ws://${url.host}/live`);
  await once(again, 'message');
  again.terminate();
  await app.close();
});

it('closes with the application, also what is just being replaced and still works', async () => {
  await withClient(doors[0], appOf(one, WelcomePlugin), {}, async (client, { app }) => {
    const slow = client.begin({ path: '/greeting/slow' });
    await soon(() => expect(app.requests.list()).toHaveLength(1));
    await app.plugins.replace('greeting-plugin', two);
    const closed = app.close();
    go.open();
    expect((await slow.answer).status).toBe(200);
    await closed;
    expect(log.filter((line) => line.startsWith('shutdown')).sort()).toEqual(['shutdown 1.0.0', 'shutdown 2.0.0']);
  });
});
