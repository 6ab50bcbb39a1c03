import { Lifetime } from '../../lib/lifetime/lifetime';
import type { BuiltPlugins } from '../../lib/plugins/build-instances';
import { Injectable, Module, Plugin } from '../../lib/plugins/plugin';
import type { PluginInstance } from '../../lib/plugins/plugin-instance';
import type { Provider } from '../../lib/plugins/provider';
import { resolveAnywhere } from '../../lib/plugins/resolve-anywhere';
import { stopInstances } from '../../lib/plugins/run-instances';
import { Inject, type InjectionKey, Optional, token } from '../../lib/plugins/service-token';
import { ManualClock } from '../../lib/testing/manual-clock';
import { WithKeys } from './fixtures/without-metadata';
import { build } from './plan';

const CLOCK = token<number>('clock');

@Injectable()
class Database {}

@Injectable()
class Users {
  constructor(readonly database: Database) {}
}

function instanceOf(built: BuiltPlugins, name: string): PluginInstance {
  const found = built.instances.find((it) => it.name === name);
  if (found === undefined) throw new Error(`no ${name} among ${built.instances.map((it) => it.name).join()}`);
  return found;
}

describe('what is built', () => {
  it('is every kind of provider, each as it was given', async () => {
    const settings = { limit: 5 };
    const providers: Provider[] = [
      Users,
      Database,
      { provide: 'class', useClass: Users },
      { provide: 'settings', useValue: settings },
      { provide: 'nothing', useValue: undefined },
      { provide: 'null', useValue: null },
      { provide: 'factory', useFactory: (users: Users, limits: typeof settings) => [users, limits], inject: [Users, 'settings'] },
      { provide: 'later', useFactory: async () => 'came later' },
      { provide: CLOCK, useExisting: 'later' },
    ];
    @Module({ providers })
    class App {}
    const { container } = (await build(App)).root;
    const users = container.resolve(Users);
    expect(users).toBeInstanceOf(Users);
    expect(users.database).toBe(container.resolve(Database));
    expect(container.resolve<Users>('class')).toBeInstanceOf(Users);
    expect(container.resolve('class')).not.toBe(users);
    expect(container.resolve('settings')).toBe(settings);
    expect([container.resolve('nothing'), container.resolve('null')]).toEqual([undefined, null]);
    expect(container.resolve('factory')).toEqual([users, settings]);
    expect([container.resolve('later'), container.resolve(CLOCK)]).toEqual(['came later', 'came later']);
  });

  it('is made once each, eagerly, in the order of the plan', async () => {
    const made: string[] = [];
    @Injectable()
    class First {
      constructor() {
        made.push('First');
      }
    }
    @Injectable()
    class Second {
      constructor(readonly first: First) {
        made.push('Second');
      }
    }
    @Injectable()
    class Third {
      constructor(readonly second: Second) {
        made.push('Third');
      }
    }
    const nap: Provider = {
      provide: 'nap',
      useFactory: async () => {
        await Promise.resolve();
        made.push('nap');
      },
    };
    @Module({ providers: [First], exports: [First] })
    class Base {}
    @Module({ imports: [Base], controllers: [Third], providers: [nap, Second] })
    class App {
      constructor(readonly second: Second) {
        made.push('App');
      }
    }
    const { root } = await build(App);
    expect(made).toEqual(['First', 'nap', 'Second', 'Third', 'App']);
    expect(root.self).toBeInstanceOf(App);
    expect((root.self as App).second).toBe(root.container.resolve(Second));
  });

  it('is one instance for all importers, and another for each module that provides the class', async () => {
    @Module({ providers: [Database], exports: [Database] })
    class Data {}
    @Module({ imports: [Data], providers: [Users] })
    class Left {}
    @Module({ imports: [Data], providers: [Users] })
    class Right {}
    @Module({ imports: [Left, Right] })
    class App {}
    const built = await build(App);
    const [left, right] = [instanceOf(built, 'Left'), instanceOf(built, 'Right')].map((it) => it.container.resolve(Users));
    expect(left).not.toBe(right);
    expect(left.database).toBe(right.database);
    expect([...instanceOf(built, 'Data').exports]).toEqual([[Database, left.database]]);
  });

  it('gets undefined for what is optional and missing, and keeps defaults nothing can be injected for', async () => {
    @Injectable()
    class Reports {
      constructor(
        @Optional() readonly database: Database,
        @Optional() @Inject(CLOCK) readonly clock: number | undefined,
        readonly limit = 10,
        readonly names: string[] = ['a', 'b'],
      ) {}
    }
    @Module({ providers: [Reports] })
    class App {}
    expect((await build(App)).root.container.resolve(Reports)).toMatchObject({
      database: undefined,
      clock: undefined,
      limit: 10,
      names: ['a', 'b'],
    });
  });

  it('has what is optional and missing in one module and there in another', async () => {
    @Injectable()
    class Reports {
      constructor(@Optional() readonly database: Database) {}
    }
    @Module({ providers: [Reports] })
    class Without {}
    @Module({ providers: [Reports, Database], imports: [Without] })
    class With {}
    const built = await build(With);
    expect(built.root.container.resolve(Reports).database).toBeInstanceOf(Database);
    expect(instanceOf(built, 'Without').container.resolve(Reports).database).toBeUndefined();
    expect(() => instanceOf(built, 'Without').container.resolve(Database)).toThrow('PLUGIN_NOT_EXPORTED');
  });

  it('takes keys beside the parameters where the compiler wrote no types', async () => {
    @Module({ providers: [WithKeys, { provide: 'one', useValue: 1 }, { provide: 'two', useValue: 2 }] })
    class App {}
    expect((await build(App)).root.container.resolve(WithKeys)).toMatchObject({ one: 1, two: 2 });
  });

  it('takes the arguments of a class without decorator from inject', async () => {
    class Foreign {
      constructor(
        readonly users: Users,
        readonly clock: number | undefined,
      ) {}
    }
    const foreign: Provider = { provide: Foreign, useClass: Foreign, inject: [Users, { token: CLOCK, optional: true }] };
    @Module({ providers: [foreign, Users, Database] })
    class App {}
    const { container } = (await build(App)).root;
    expect(container.resolve(Foreign)).toMatchObject({ users: container.resolve(Users), clock: undefined });
  });

  it('takes the arguments of a decorated subclass from its parent', async () => {
    @Injectable()
    class Special extends Users {}
    @Module({ providers: [Special, Database] })
    class App {}
    expect((await build(App)).root.container.resolve(Special).database).toBeInstanceOf(Database);
  });

  it('has ambient values, asked for once for each module, with overrides before them', async () => {
    const asked: string[] = [];
    @Injectable()
    class Reports {
      constructor(
        @Inject('logger') readonly logger: string,
        @Inject(CLOCK) readonly clock: number,
      ) {}
    }
    @Module({ providers: [Reports, { provide: 'again', useExisting: 'logger' }] })
    class Data {}
    @Module({ imports: [Data], providers: [Reports] })
    class App {}
    const ambient = (key: InjectionKey, instance: PluginInstance): unknown => {
      asked.push(`${String(key)} for ${instance.name}`);
      return `the logger of ${instance.name}`;
    };
    const overrides = new Map<InjectionKey, Provider>([[CLOCK, { provide: CLOCK, useValue: undefined }]]);
    const built = await build(App, { ambient, plan: { ambient: ['logger', CLOCK], overrides } });
    expect(built.root.container.resolve(Reports)).toMatchObject({ logger: 'the logger of App', clock: undefined });
    expect(instanceOf(built, 'Data').container.resolve(Reports)).toMatchObject({
      logger: 'the logger of Data',
      clock: undefined,
    });
    expect(built.root.container.resolve('logger')).toBe('the logger of App');
    expect(asked).toEqual(['logger for Data', 'logger for App']);
  });

  it('runs in a scope of its own inside the lifetime of the application, and knows its plugin', async () => {
    @Plugin({ name: 'auth', version: '1.4.0', description: 'who is who' })
    class Auth {}
    @Module({ imports: [Auth] })
    class App {}
    const owner = Lifetime.root();
    const built = await build(App, { owner });
    expect([...owner.inside()].map(({ subject }) => subject)).toEqual([...built.instances].reverse());
    expect(built.instances.map(({ name, definition }) => [name, definition?.description])).toEqual([
      ['auth@1.4.0', 'who is who'],
      ['App', undefined],
    ]);
    owner.finish();
    // What App imports is there until App is stopped, also where neither has anything left to do.
    expect(built.instances.map(({ lifetime }) => lifetime.state)).toEqual(['finishing', 'closed']);
    await stopInstances(built.instances);
    expect(owner.state).toBe('closed');
  });

  it('keeps an instance that is carried over, and gives new ones what it made', async () => {
    @Module({ providers: [Database], exports: [Database] })
    class Data {}
    @Module({ imports: [Data], providers: [Users] })
    class App {}
    const before = await build(App);
    const data = instanceOf(before, 'Data');
    const after = await build(App, { carry: (module) => (module.source === Data ? data : undefined) });
    expect(after.instances).toEqual([data, after.root]);
    expect(after.root).not.toBe(before.root);
    expect(after.root.container.resolve(Users).database).toBe(data.container.resolve(Database));
  });
});

describe('what fails while it is built', () => {
  it('names the class or factory, where it is, and why', async () => {
    @Injectable()
    class Broken {
      constructor() {
        throw new RangeError('out of luck');
      }
    }
    @Plugin({ name: 'broken', version: '1.0.0', providers: [Broken] })
    class BrokenPlugin {}
    await expect(build(BrokenPlugin)).rejects.toMatchObject({
      message: 'PROVIDER_FAILED: Broken in BrokenPlugin could not be made: out of luck',
      cause: expect.any(RangeError),
    });
    const providers: Provider[] = [{ provide: 'x', useFactory: () => Promise.reject('no reason') }];
    @Module({ providers })
    class App {}
    await expect(build(App)).rejects.toThrow(
      'PROVIDER_FAILED: The factory of "x" in App could not be made: "no reason" was thrown',
    );
  });

  it('is a factory that does not settle in time; what it gives later is dropped', async () => {
    const clock = new ManualClock();
    let resolve: (value: string) => void = () => undefined;
    const slow: Provider = { provide: 'slow', useFactory: () => new Promise<string>((give) => (resolve = give)) };
    @Module({ providers: [slow] })
    class App {}
    const built = build(App, { clock, initializeTimeoutMs: 500 });
    const failure = expect(built).rejects.toThrow(
      'PROVIDER_TIMEOUT: The factory of "slow" in App did not settle within 500 ms. Look for a promise that waits for something not yet started, or allow more with startTimeoutMs.',
    );
    await clock.advance(499);
    expect(clock.pending).toBe(1);
    await clock.advance(1);
    resolve('too late');
    await failure;
    expect(clock.pending).toBe(0);
  });
});

describe('the container of a module', () => {
  class Secret {}
  @Module({ providers: [Secret, Database], exports: [Database] })
  class Data {}
  @Module({ imports: [Data] })
  class Middle {}
  @Module({ imports: [Data, Middle] })
  class App {}

  it('gives what the module sees', async () => {
    const built = await build(App);
    expect(built.root.container.resolve(Database)).toBe(instanceOf(built, 'Data').container.resolve(Database));
  });

  it('refuses what is private elsewhere, is not imported, or is nowhere, and says who has it', async () => {
    const { root, instances } = await build(App);
    expect(() => root.container.resolve(Secret)).toThrow(
      'PLUGIN_NOT_EXPORTED: App asks for Secret; Data has it but does not export it. Add Secret to the exports of Data.',
    );
    expect(() => instances[0].container.resolve(Users)).toThrow(
      'DEPENDENCY_UNKNOWN: Data asks for Users, and nothing provides it. Add Users to the providers of Data, or import a module that exports it.',
    );
    expect(() => root.container.resolve('Databas')).toThrow('Did you mean Database (of Data)?');
  });

  it('does not make a class that nobody provides, however often it is asked', async () => {
    let made = 0;
    class Stray {
      constructor() {
        made++;
      }
    }
    const { container } = (await build(App)).root;
    for (let times = 0; times < 3; times++) expect(() => container.resolve(Stray)).toThrow('DEPENDENCY_UNKNOWN');
    expect(made).toBe(0);
  });
});

describe('what the application is asked for', () => {
  @Injectable()
  class UsersController {}
  class Hidden {}
  @Injectable({ scope: 'request' })
  class Tenant {}
  @Module({ providers: [Hidden, Database, Tenant], controllers: [UsersController], exports: [Database] })
  class Data {}
  @Module({ imports: [Data], providers: [{ provide: Users, useValue: 'mine' }] })
  class Other {}
  @Module({
    imports: [Data, Other],
    providers: [
      { provide: Users, useValue: 'of the root' },
      { provide: 'limit', useValue: 1 },
    ],
  })
  class App {}

  it('is what the root sees, else the only one anywhere, be it private, a controller or a module', async () => {
    const built = await build(App);
    expect(resolveAnywhere(built, Users)).toBe('of the root');
    expect(resolveAnywhere(built, Database)).toBeInstanceOf(Database);
    expect(resolveAnywhere(built, Hidden)).toBeInstanceOf(Hidden);
    expect(resolveAnywhere(built, UsersController)).toBeInstanceOf(UsersController);
    expect(resolveAnywhere(built, Other)).toBeInstanceOf(Other);
  });

  it('is an error that helps where there is none, more than one, or one for each request', async () => {
    @Module({ providers: [Hidden], imports: [App] })
    class Above {}
    @Module({ imports: [Above] })
    class Top {}
    const built = await build(Top);
    expect(() => resolveAnywhere(built, 'limt')).toThrow(
      'DEPENDENCY_UNKNOWN: The application is asked for "limt", and nothing provides it. Did you mean "limit" (of App)? Add "limt" to the providers of Top, or import a module that exports it.',
    );
    expect(() => resolveAnywhere(built, Hidden)).toThrow(
      'DEPENDENCY_AMBIGUOUS: The application is asked for Hidden, and Data and Above each have one for it. Let Top import the one that is meant, and that one export it.',
    );
    expect(() => resolveAnywhere(built, Tenant)).toThrow(
      'PROVIDER_PER_REQUEST: The application is asked for Tenant, which is made for each request: it can only be had while one is served, by injection into a controller or a request-scoped provider.',
    );
  });
});
