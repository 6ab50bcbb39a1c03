import { Inject, Optional, token } from '../../lib/plugins/service-token';
import { Injectable, Module, Plugin } from '../../lib/plugins/plugin';
import { reaches } from '../../lib/plugins/plugin-plan';
import type { Provider } from '../../lib/plugins/provider';
import { mistakesOf, planOf } from './plan';

const CLOCK = token<number>('clock');

@Injectable()
class Database {}

@Injectable()
class Users {
  constructor(readonly database: Database) {}
}

describe('a plan', () => {
  it('has each module after those it imports, once, the root last', () => {
    @Module()
    class Base {}
    @Module({ imports: [Base] })
    class Left {}
    @Module({ imports: [() => Base] })
    class Right {}
    @Plugin({ name: 'app', version: '1.2.3-beta.1+build', imports: [Right, Left, Base, Left] })
    class App {}
    const plan = planOf(App);
    expect(plan.modules.map(({ label }) => label)).toEqual(['Base', 'Right', 'Left', 'App']);
    expect(plan.modules.map(({ title }) => title)).toEqual(['Base', 'Right', 'Left', 'app@1.2.3-beta.1+build']);
    expect(plan.root.imports.map(({ label }) => label)).toEqual(['Right', 'Left', 'Base']);
  });

  it('has each provider after what it needs, then the controllers, then the class of the module', () => {
    @Injectable()
    class UsersController {
      constructor(readonly users: Users) {}
    }
    const providers: Provider[] = [
      { provide: 'all', useFactory: () => 1, inject: [Users, 'alias'] },
      Users,
      { provide: 'alias', useExisting: Database },
      Database,
    ];
    @Module({ controllers: [UsersController], providers })
    class App {
      constructor(readonly users: Users) {}
    }
    const { order } = planOf(App).root;
    expect(order.map(({ key }) => key)).toEqual([Database, Users, 'alias', 'all', UsersController, App]);
    expect(order.map(({ role }) => role)).toEqual([...Array(4).fill('provider'), 'controller', 'module']);
  });

  it('is the same for the same modules, whether asked for once or twice', () => {
    @Module({ providers: [Users, Database], exports: [Users] })
    class App {}
    const describe = (): unknown =>
      planOf(App).modules.map(({ label, order }) => [label, order.map(({ key, dependencies }) => [key, dependencies.length])]);
    expect(describe()).toEqual(describe());
  });

  it('lets a module see its own, what its direct imports export, and what is ambient, in this order', () => {
    @Module({ providers: [Database, { provide: CLOCK, useValue: 1 }], exports: [Database, CLOCK] })
    class Data {}
    @Module({ imports: [Data], providers: [Users, Database] })
    class Own {}
    @Module({
      imports: [Data, Own],
      providers: [Users, { provide: 'log', useExisting: 'logger' }, { provide: 'time', useExisting: CLOCK }],
    })
    class Imported {}
    const { root, modules } = planOf(Imported, { ambient: ['logger', CLOCK] });
    const [data, own] = modules;
    expect(own.own.get(Users)?.dependencies).toEqual([{ kind: 'provider', key: Database, provider: own.own.get(Database) }]);
    expect(root.own.get(Users)?.dependencies).toEqual([{ kind: 'provider', key: Database, provider: data.own.get(Database) }]);
    expect(root.own.get('log')?.dependencies).toEqual([{ kind: 'ambient', key: 'logger' }]);
    expect(root.own.get('time')?.dependencies).toEqual([{ kind: 'provider', key: CLOCK, provider: data.own.get(CLOCK) }]);
  });

  it('passes on single keys and whole modules that are exported again', () => {
    @Module({
      providers: [Database, { provide: CLOCK, useValue: 1 }],
      exports: [Database, { provide: CLOCK, useValue: 1 } as never],
    })
    class Data {}
    @Module({ imports: [Data], exports: [Data] })
    class Whole {}
    @Module({ imports: [Data], exports: [CLOCK] })
    class Single {}
    @Module({ imports: [Whole, Single], providers: [Users] })
    class App {}
    const { root, modules } = planOf(App);
    expect([...modules[1].exports.keys()]).toEqual([Database, CLOCK]);
    expect([...modules[2].exports.keys()]).toEqual([CLOCK]);
    expect([...(root.imported.get(CLOCK) ?? [])]).toEqual([modules[0].own.get(CLOCK)]);
  });

  it('does not pass on what the import of an import exports', () => {
    @Module({ providers: [Database], exports: [Database] })
    class Data {}
    @Module({ imports: [Data] })
    class Middle {}
    @Module({ imports: [Middle], providers: [Users] })
    class App {}
    expect(mistakesOf(App).map(({ code }) => code)).toEqual(['PLUGIN_NOT_IMPORTED']);
  });

  it('adds the lists of a dynamic module to those of its class, and takes each object for a module of its own', () => {
    @Module({ providers: [Database], exports: [Database] })
    class Data {
      static forUrl(url: string): { module: typeof Data; providers: Provider[]; exports: string[] } {
        return { module: Data, providers: [{ provide: 'url', useValue: url }], exports: ['url'] };
      }
    }
    const one = Data.forUrl('one');
    @Module({ imports: [one], providers: [{ provide: 'a', useExisting: 'url' }], exports: [Data] })
    class Left {}
    @Module({ imports: [one] })
    class Again {}
    @Module({ imports: [() => Data.forUrl('two')], exports: [Data] })
    class Right {}
    @Module({ imports: [Left, Again, Right] })
    class App {}
    const plan = planOf(App);
    expect(plan.modules.map(({ label }) => label)).toEqual(['Data', 'Left', 'Again', 'Data (2)', 'Right', 'App']);
    expect([...plan.modules[0].exports.keys()]).toEqual([Database, 'url']);
    expect([...plan.modules[1].exports.keys()]).toEqual([Database, 'url']);
    expect(plan.root.imported.get('url')?.size).toBe(2);
  });

  it('asks an arrow function once, so that one import of a dynamic module is one module', () => {
    let asked = 0;
    @Module()
    class Data {}
    const lazy = (): { module: typeof Data } => {
      asked++;
      return { module: Data };
    };
    @Module({ imports: [lazy], exports: [lazy] })
    class Left {}
    @Module({ imports: [lazy, Left] })
    class App {}
    expect(planOf(App).modules.map(({ label }) => label)).toEqual(['Data', 'Left', 'App']);
    expect(asked).toBe(1);
  });

  it('passes nothing for what is optional and nowhere to be seen', () => {
    @Injectable()
    class Reports {
      constructor(
        @Optional() readonly database: Database,
        @Optional() @Inject(CLOCK) readonly clock?: number,
      ) {}
    }
    @Module({ providers: [Database] })
    class Data {}
    const providers: Provider[] = [Reports, { provide: 'x', useFactory: () => 1, inject: [{ token: CLOCK, optional: true }] }];
    @Module({ imports: [Data], providers })
    class App {}
    const { root } = planOf(App);
    expect(root.own.get(Reports)?.dependencies).toEqual([
      { kind: 'absent', key: Database },
      { kind: 'absent', key: CLOCK },
    ]);
    expect(root.own.get('x')?.dependencies).toEqual([{ kind: 'absent', key: CLOCK }]);
  });

  it('puts overrides in the place of what a module provides, with the view of that module', () => {
    class Fake {}
    class Hidden {}
    @Module({ providers: [Users, Database, Hidden], exports: [Users] })
    class Data {}
    @Module({ imports: [Data] })
    class App {}
    const overrides = new Map<unknown, Provider>([
      [Users, { provide: Users, useClass: Fake }],
      [Database, { provide: Database, useFactory: () => 1, inject: [Hidden] }],
      [CLOCK, { provide: CLOCK, useValue: 5 }],
    ]) as Map<string, Provider>;
    const plan = planOf(App, { overrides, ambient: [CLOCK] });
    const [data] = plan.modules;
    expect(plan.root.imported.get(Users)?.values().next().value?.recipe).toEqual({
      kind: 'class',
      class: Fake,
      inject: undefined,
    });
    expect(data.own.get(Database)?.dependencies).toEqual([{ kind: 'provider', key: Hidden, provider: data.own.get(Hidden) }]);
    expect([...plan.ambientOverrides]).toEqual([[CLOCK, 5]]);
  });

  it('lets the module of a controller provide the guards it names, unless it sees them already', () => {
    class OwnGuard {}
    class ImportedGuard {}
    @Injectable()
    class ImplicitGuard {
      constructor(readonly users: Users) {}
    }
    @Injectable()
    class UsersController {}
    @Module({ providers: [ImportedGuard], exports: [ImportedGuard] })
    class Guards {}
    @Module({ imports: [Guards], controllers: [UsersController], providers: [OwnGuard, Users, Database] })
    class App {}
    const { root } = planOf(App, {
      extraClassesOf: (controller) => (controller === UsersController ? [OwnGuard, ImportedGuard, ImplicitGuard] : []),
      rootClasses: [Database, ImplicitGuard],
    });
    expect([...root.own.keys()]).toEqual([OwnGuard, Users, Database, ImplicitGuard]);
    expect(root.controllers.get(UsersController)?.companions.map(({ key }) => key)).toEqual([
      OwnGuard,
      ImportedGuard,
      ImplicitGuard,
    ]);
    expect([...root.exports]).toEqual([]);
  });

  it('makes a controller for each request when it needs something that is, under whatever name', () => {
    @Injectable({ scope: 'request' })
    class Tenant {}
    @Injectable()
    class Direct {
      constructor(readonly tenant: Tenant) {}
    }
    @Injectable()
    class ByName {
      constructor(@Inject('tenant') readonly tenant: Tenant) {}
    }
    @Injectable()
    class Not {
      one(@Inject(Tenant) tenant: Tenant): Tenant {
        return tenant;
      }
    }
    @Module({ controllers: [Direct, ByName, Not], providers: [Tenant, { provide: 'tenant', useExisting: Tenant }] })
    class App {}
    const { controllers } = planOf(App).root;
    expect([...controllers.values()].map(({ scope }) => scope)).toEqual(['request', 'request', 'singleton']);
  });

  it('takes a decorated subclass without a constructor for what its parent needs', () => {
    @Injectable()
    class Special extends Users {}
    @Module({ providers: [Special, Database] })
    class App {}
    const { root } = planOf(App);
    expect(root.own.get(Special)?.dependencies).toEqual([{ kind: 'provider', key: Database, provider: root.own.get(Database) }]);
  });
});

describe('what a controller reaches', () => {
  const isClock = (key: unknown): boolean => key === CLOCK;

  @Injectable()
  class Deep {
    constructor(@Inject(CLOCK) readonly clock: number) {}
  }
  @Injectable()
  class ByConstructor {
    constructor(@Inject('alias') readonly deep: Deep) {}
  }
  @Injectable()
  class ByMethod {
    one(@Inject(Deep) deep: Deep): Deep {
      return deep;
    }
  }
  @Injectable()
  class ByGuard {}
  @Injectable()
  class Not {
    constructor(@Inject('logger') readonly logger: unknown) {}
  }
  @Module({ providers: [Deep, { provide: 'alias', useExisting: Deep }], exports: [Deep, 'alias'] })
  class DeepModule {}
  @Module({ imports: [DeepModule], controllers: [ByConstructor, ByMethod, ByGuard, Not] })
  class App {}

  const plan = planOf(App, {
    ambient: [CLOCK, 'logger'],
    extraClassesOf: (controller) => (controller === ByGuard ? [Deep] : []),
  });

  it('is followed through other modules and names, methods and guards', () => {
    expect([ByConstructor, ByMethod, ByGuard].map((it) => reaches(plan, it, isClock))).toEqual([true, true, true]);
  });

  it('is not more than it is', () => {
    expect(reaches(plan, Not, isClock)).toBe(false);
    expect(reaches(plan, Not, (key) => key === 'logger')).toBe(true);
  });
});
