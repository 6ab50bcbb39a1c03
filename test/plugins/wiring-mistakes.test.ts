import { Inject, Optional, token } from '../../lib/plugins/service-token';
import { Injectable, Module, Plugin } from '../../lib/plugins/plugin';
import { packageFolder } from '../../lib/plugins/package-copies';
import type { Provider } from '../../lib/plugins/provider';
import { WiringError } from '../../lib/plugins/wiring-error';
import { FileCycleModule } from './fixtures/file-cycle-one';
import { WithoutMetadata } from './fixtures/without-metadata';
import { mistakesOf, planOf, textsOf } from './plan';

interface Clock {
  now(): number;
}
const CLOCK = token<Clock>('clock');

@Injectable()
class Database {}

describe('a mistake in the modules', () => {
  it('is told of a root that is no module', () => {
    class Plain {}
    expect(textsOf(Plain)).toEqual([
      'MODULE_INVALID: The root module is the class Plain, which is no module: expected a class with @Module or @Plugin. Put @Module({...}) or @Plugin({...}) on Plain, or list it under providers if it is one.',
    ]);
  });

  it('is told of imports that are no modules', () => {
    @Module({ imports: [Database, { module: Database }, 'AuthModule' as never, (() => Promise.resolve()) as never] })
    class AppModule {}
    expect(textsOf(AppModule)).toEqual([
      'MODULE_INVALID: AppModule: imports[0] is the class Database, which is no module: expected a class with @Module or @Plugin. Database is a provider or a controller: list it there instead.',
      'MODULE_INVALID: AppModule: imports[1] is an object with module, which is no module: expected a class with @Module or @Plugin. A dynamic module is an object whose member module is such a class.',
      'MODULE_INVALID: AppModule: imports[2] is "AuthModule", which is no module: expected a class with @Module or @Plugin. A dynamic module is an object whose member module is such a class.',
      'MODULE_INVALID: AppModule: imports[3] is a promise, which is no module: expected a class with @Module or @Plugin. Load it first, and import what the promise gives.',
    ]);
  });

  it('is told of an import that is undefined', () => {
    @Module({ imports: [undefined as never] })
    class AppModule {}
    expect(textsOf(AppModule)).toEqual([
      'MODULE_UNDEFINED: AppModule: imports[0] is undefined. Its file exports nothing of that name (the type check says so), or two files import each other, so that one is read before the other is ready: then write the import as an arrow function, () => TheModule, or move what both need into a third file.',
    ]);
  });

  it('is told of a list that is no list', () => {
    @Module({ providers: Database as never })
    class AppModule {}
    expect(textsOf(AppModule)).toEqual(['MODULE_LIST_INVALID: AppModule: providers is the class Database; expected an array.']);
  });

  it('is told of members that nothing reads', () => {
    @Module({ controller: [], providers: [Database], forgotten: undefined } as never)
    class FirstModule {}
    @Module({ name: 'second-plugin', version: '1.0.0' } as never)
    class SecondModule {}
    @Plugin({ name: 'third-plugin', version: '1.0.0', provders: [] } as never)
    class ThirdPlugin {}
    class FourthModule {}
    Module({})(FourthModule);
    @Module({ imports: [FirstModule, SecondModule, ThirdPlugin, { module: FourthModule, global: true } as never] })
    class AppModule {}
    expect(textsOf(AppModule)).toEqual([
      'MODULE_MEMBER_UNKNOWN: FirstModule: @Module takes no controller. Did you mean controllers?',
      'MODULE_MEMBER_UNKNOWN: SecondModule: @Module takes no name. @Plugin does.',
      'MODULE_MEMBER_UNKNOWN: SecondModule: @Module takes no version. @Plugin does.',
      'MODULE_MEMBER_UNKNOWN: ThirdPlugin: @Plugin takes no provders. Did you mean providers?',
      'MODULE_MEMBER_UNKNOWN: FourthModule: a dynamic module takes no global. It takes module, imports, controllers, providers, exports.',
    ]);
  });

  it('is told of what a class says that has no effect', () => {
    @Injectable({ scope: 'transient' as never })
    class Mailer {}
    @Injectable()
    class Jobs {
      onModuleInit(): void {}
      onModuleDestroy(): void {}
      onApplicationShutdown(): void {}
      shutdown(): void {}
    }
    @Module({ providers: [Mailer, Jobs] })
    class AppModule {
      onApplicationBootstrap(): void {}
    }
    expect(textsOf(AppModule)).toEqual([
      'SCOPE_UNKNOWN: Mailer in AppModule: @Injectable takes the scope "singleton" or "request", got "transient". Who needs an instance of its own makes it, or is given a factory.',
      'HOOK_NEVER_CALLED: Jobs in AppModule has onModuleInit(), which nobody calls here. Name it initialize().',
      'HOOK_NEVER_CALLED: Jobs in AppModule has onModuleDestroy(), which nobody calls here. Name it stop().',
      'HOOK_NEVER_CALLED: AppModule has onApplicationBootstrap(), which nobody calls here. Name it start().',
    ]);
  });

  it('is told of modules that import each other, with the path', () => {
    @Module({ imports: [() => Second] })
    class First {}
    @Module({ imports: [() => Third] })
    class Second {}
    @Module({ imports: [First] })
    class Third {}
    @Module({ imports: [First] })
    class AppModule {}
    expect(textsOf(AppModule)).toEqual([
      'PLUGIN_CYCLE: Modules need each other: First (test/plugins/wiring-mistakes.test.ts) → Second (test/plugins/wiring-mistakes.test.ts) → Third (test/plugins/wiring-mistakes.test.ts) → First (test/plugins/wiring-mistakes.test.ts). Move what they share into a module of its own that each of them imports, or let one tell the other by an event.',
    ]);
  });

  it('does not take what a cycle of imports passes round for missing', () => {
    @Module({ imports: [() => Second], providers: [Database], exports: [Database, () => Second] })
    class First {}
    @Injectable()
    class Users {
      constructor(readonly database: Database) {}
    }
    @Module({ imports: [First], providers: [Users], exports: [Users, First] })
    class Second {}
    expect(mistakesOf(First).map(({ code }) => code)).toEqual(['PLUGIN_CYCLE']);
    expect(mistakesOf(Second).map(({ code }) => code)).toEqual(['PLUGIN_CYCLE']);
  });

  it('is told of the name, version and texts of a plugin', () => {
    @Plugin({ name: 'my plugin', version: '1.0' })
    class Named {}
    @Plugin({ name: 'versioned', version: 'v1.0.0', description: 5 as never, author: ['me'] as never })
    class Versioned {}
    @Plugin({ name: 'blank', version: '1.0.0 ' })
    class Blank {}
    @Plugin({ name: undefined as never, version: 2 as never, imports: [Named, Versioned, Blank] })
    class AppPlugin {}
    expect(textsOf(AppPlugin)).toEqual([
      'PLUGIN_NAME_INVALID: AppPlugin: the name of the plugin is undefined; expected a text without spaces, such as "user-plugin".',
      'PLUGIN_VERSION_INVALID: AppPlugin: the version of the plugin is 2; expected a semantic version, such as "1.0.0" (https://semver.org).',
      'PLUGIN_NAME_INVALID: Named: the name of the plugin is "my plugin"; expected a text without spaces, such as "user-plugin".',
      'PLUGIN_VERSION_INVALID: Named: the version of the plugin is "1.0"; expected a semantic version, such as "1.0.0" (https://semver.org).',
      'PLUGIN_VERSION_INVALID: Versioned: the version of versioned is "v1.0.0"; expected a semantic version, such as "1.0.0" (https://semver.org).',
      'PLUGIN_TEXT_INVALID: Versioned: the description of versioned is 5; expected a text.',
      'PLUGIN_TEXT_INVALID: Versioned: the author of versioned is an array; expected a text.',
      'PLUGIN_VERSION_INVALID: Blank: the version of blank is "1.0.0 "; expected a semantic version, such as "1.0.0" (https://semver.org).',
    ]);
  });

  it('is told of two plugins of one name and version, but not of two versions side by side', () => {
    @Plugin({ name: 'auth', version: '1.0.0' })
    class AuthOne {}
    @Plugin({ name: 'auth', version: '2.0.0' })
    class AuthTwo {}
    @Plugin({ name: 'auth', version: '1.0.0' })
    class AuthAgain {}
    @Module({ imports: [AuthOne, AuthTwo, AuthAgain] })
    class AppModule {}
    expect(textsOf(AppModule)).toEqual([
      'PLUGIN_DUPLICATE: AuthOne and AuthAgain are both auth@1.0.0. Give one of them another name or version, or import the same class (or the same dynamic module object) in both places.',
    ]);
  });

  it('is told of a second copy of the package, with both folders', () => {
    const copies = (globalThis as unknown as Record<symbol, Set<string>>)[Symbol.for('rockstar-web.copies')];
    copies.add('/app/node_modules/other/node_modules/rockstar-web/dist');
    try {
      @Module()
      class AppModule {}
      expect(textsOf(AppModule)).toEqual([
        `PACKAGE_DUPLICATED: rockstar-web is loaded 2 times, from ${packageFolder} and /app/node_modules/other/node_modules/rockstar-web/dist. What one copy provides, the other does not recognise: keep one (npm ls rockstar-web, npm dedupe; no symbolic link to a checkout).`,
      ]);
    } finally {
      copies.delete('/app/node_modules/other/node_modules/rockstar-web/dist');
    }
  });
});

describe('a mistake in the lists of a module', () => {
  const invalid = (providers: unknown[]): string[] => {
    @Module()
    class AppModule {}
    return textsOf({ module: AppModule, providers: providers as Provider[] });
  };
  const expected = 'expected a class, or an object with provide and one of useClass, useValue, useFactory and useExisting.';

  it('is told of what is no provider', () => {
    @Module()
    class OtherModule {}
    const twice = { provide: 'a', useValue: 1, useFactory: () => 2 };
    expect(invalid([undefined, 5, OtherModule, {}, { provide: 'a' }, twice])).toEqual([
      `PROVIDER_INVALID: AppModule: providers[0] is undefined; ${expected} Its file exports nothing of that name (the type check says so), or two files import each other, and the class was not there yet: then move what both need into a third file.`,
      `PROVIDER_INVALID: AppModule: providers[1] is 5; ${expected}`,
      `PROVIDER_INVALID: AppModule: providers[2] is the class OtherModule; ${expected} OtherModule is a module: list it under imports.`,
      `PROVIDER_INVALID: AppModule: providers[3] is an object with no members; ${expected} provide takes a class, a token, a string or a symbol.`,
      `PROVIDER_INVALID: AppModule: providers[4] is an object with provide; ${expected} It has none of useClass, useValue, useFactory, useExisting.`,
      `PROVIDER_INVALID: AppModule: providers[5] is an object with provide, useValue, useFactory; ${expected} It has more than one of useClass, useValue, useFactory, useExisting.`,
    ]);
  });

  it('is told of providers with a wrong member', () => {
    const provide = 'a';
    const wrong = [
      { provide, useClass: undefined },
      { provide, useFactory: 5 },
      { provide, useExisting: {} },
      { provide, useFactory: () => 1, inject: CLOCK },
      { provide, useFactory: () => 1, scope: 'transient' },
    ];
    expect(invalid(wrong)).toEqual([
      `PROVIDER_INVALID: AppModule: providers[0] is an object with provide, useClass; ${expected} useClass takes a class.`,
      `PROVIDER_INVALID: AppModule: providers[1] is an object with provide, useFactory; ${expected} useFactory takes a function.`,
      `PROVIDER_INVALID: AppModule: providers[2] is an object with provide, useExisting; ${expected} useExisting takes a class, a token, a string or a symbol.`,
      `PROVIDER_INVALID: AppModule: providers[3] is an object with provide, useFactory, inject; ${expected} inject takes an array of keys.`,
      `PROVIDER_INVALID: AppModule: providers[4] is an object with provide, useFactory, scope; ${expected} scope is 'singleton' or 'request'.`,
    ]);
  });

  it('is told of one key with two definitions, but not of one listed twice', () => {
    class Fake {}
    function makeDatabase(): Database {
      return new Database();
    }
    const providers: Provider[] = [
      Database,
      Database,
      { provide: Database, useClass: Fake },
      { provide: CLOCK, useValue: { now: () => 0 } },
      { provide: CLOCK, useFactory: makeDatabase },
      { provide: CLOCK, useExisting: Database },
    ];
    expect(invalid(providers)).toEqual([
      'PROVIDER_DUPLICATE: AppModule provides Database twice, as the class Database and as the class Fake. Keep one, or provide the other under a token of its own.',
      'PROVIDER_DUPLICATE: AppModule provides clock twice, as a value (an object with now) and as what makeDatabase returns. Keep one, or provide the other under a token of its own.',
      'PROVIDER_DUPLICATE: AppModule provides clock twice, as a value (an object with now) and as another name of Database. Keep one, or provide the other under a token of its own.',
    ]);
  });

  it('is told of controllers that are none, and of one that is a provider too', () => {
    class Users {}
    @Module()
    class OtherModule {}
    @Module({ controllers: [Users, undefined as never, OtherModule, 'Users' as never], providers: [Users] })
    class AppModule {}
    expect(textsOf(AppModule)).toEqual([
      'PROVIDER_DUPLICATE: AppModule provides Users twice, as the class Users and as a controller. Keep one, or provide the other under a token of its own.',
      'CONTROLLER_INVALID: AppModule: controllers[1] is undefined; expected a class. Its file exports nothing of that name (the type check says so), or two files import each other, and the class was not there yet: then move what both need into a third file.',
      'CONTROLLER_INVALID: AppModule: controllers[2] is the class OtherModule; expected a class. OtherModule is a module: list it under imports.',
      'CONTROLLER_INVALID: AppModule: controllers[3] is "Users"; expected a class.',
    ]);
  });

  it('is told of exports that nobody provides', () => {
    class Databse {}
    class Hidden {}
    @Module({ providers: [Hidden] })
    class HiddenModule {}
    @Module({ providers: [Database], exports: [Databse, Hidden, HiddenModule, 5 as never, undefined as never, 'settings'] })
    class AppModule {}
    @Module({ imports: [AppModule, HiddenModule] })
    class RootModule {}
    expect(textsOf(RootModule)).toEqual([
      'EXPORT_UNKNOWN: AppModule exports Databse, which it neither provides nor imports. Did you mean Database (of AppModule)? Add it to the providers of AppModule, or take it out of its exports.',
      'EXPORT_UNKNOWN: AppModule exports Hidden, which it neither provides nor imports. HiddenModule provides it: import HiddenModule into AppModule and add it to the exports of HiddenModule.',
      'EXPORT_UNKNOWN: AppModule exports HiddenModule, which it neither provides nor imports. To pass on what HiddenModule exports, import it too.',
      'EXPORT_UNKNOWN: AppModule exports 5, which it neither provides nor imports. Exports are classes and tokens that are provided here, and modules that are imported here.',
      'EXPORT_UNKNOWN: AppModule exports undefined, which it neither provides nor imports. Its file exports nothing of that name (the type check says so), or two files import each other, and the class was not there yet: then move what both need into a third file.',
      'EXPORT_UNKNOWN: AppModule exports "settings", which it neither provides nor imports. Add it to the providers of AppModule, or take it out of its exports.',
    ]);
  });

  it('is told of overrides that replace nothing, or an ambient value by what is no value', () => {
    class Databse {}
    @Module({ providers: [Database] })
    class AppModule {}
    const overrides = new Map<never, never>([
      [Databse, { provide: Databse, useValue: 1 }],
      [CLOCK, { provide: CLOCK, useFactory: () => 1 }],
      ['x', { provide: 'x' }],
    ] as never);
    expect(textsOf(AppModule, { overrides, ambient: [CLOCK] })).toEqual([
      'OVERRIDE_INVALID: The override of "x" is an object with provide; expected a provider. It has none of useClass, useValue, useFactory, useExisting.',
      'OVERRIDE_UNKNOWN: The override of Databse replaces nothing: no module provides it. Did you mean Database (of AppModule)?',
      'OVERRIDE_INVALID: The override of clock is one with factory; expected useValue, as the application itself gives it to every module.',
    ]);
  });
});

describe('a mistake in what is needed', () => {
  it('is told of what nothing provides, with the nearest names', () => {
    class Databse {}
    @Injectable()
    class Users {
      constructor(
        readonly database: Databse,
        @Inject('configx') readonly config: string,
        @Inject(Symbol('nothing like it')) readonly symbol: string,
      ) {}
    }
    @Module({ providers: [Users, Database, { provide: 'config', useValue: 1 }, { provide: 'configs', useValue: 1 }] })
    class UserModule {}
    expect(textsOf(UserModule)).toEqual([
      'DEPENDENCY_UNKNOWN: Users in UserModule needs Databse as constructor parameter 0 (database), and nothing provides it. Did you mean Database (of UserModule)? Add Databse to the providers of UserModule, or import a module that exports it.',
      'DEPENDENCY_UNKNOWN: Users in UserModule needs "configx" as constructor parameter 1 (config), and nothing provides it. Did you mean "config" (of UserModule) or "configs" (of UserModule)? Add "configx" to the providers of UserModule, or import a module that exports it.',
      'DEPENDENCY_UNKNOWN: Users in UserModule needs Symbol(nothing like it) as constructor parameter 2 (symbol), and nothing provides it. Add Symbol(nothing like it) to the providers of UserModule, or import a module that exports it.',
    ]);
  });

  it('is told of another key of the same name', () => {
    const again = token<Clock>('clock');
    @Injectable()
    class Users {
      constructor(@Inject(again) readonly clock: Clock) {}
    }
    @Module({ providers: [Users, { provide: CLOCK, useValue: { now: () => 0 } }] })
    class UserModule {}
    expect(textsOf(UserModule)).toEqual([
      'DEPENDENCY_UNKNOWN: Users in UserModule needs clock as constructor parameter 0 (clock), and nothing provides it. clock (of UserModule) is another one of that name: keys are compared by reference, so declare it once and import it. Add clock to the providers of UserModule, or import a module that exports it.',
    ]);
  });

  it('is told of factories, other names, controllers, their methods and the module itself', () => {
    class Missing {}
    @Injectable()
    class Users {
      one(@Inject(Missing) missing: Missing): Missing {
        return missing;
      }
    }
    const providers: Provider[] = [
      { provide: 'config', useFactory: () => 1, inject: [{ token: Missing }, { token: Missing, optional: true }] },
      { provide: 'alias', useExisting: Missing },
      { provide: 'made', useClass: Database, inject: [Missing] },
    ];
    @Module({ providers, controllers: [Users] })
    class AppModule {
      constructor(readonly missing: Missing) {}
    }
    const end = 'and nothing provides it. Add Missing to the providers of AppModule, or import a module that exports it.';
    expect(textsOf(AppModule)).toEqual([
      `DEPENDENCY_UNKNOWN: The factory of "config" in AppModule needs Missing as inject[0], ${end}`,
      `DEPENDENCY_UNKNOWN: "alias" in AppModule needs Missing as useExisting, ${end}`,
      `DEPENDENCY_UNKNOWN: Database (provided as "made") in AppModule needs Missing as inject[0], ${end}`,
      `DEPENDENCY_UNKNOWN: Users in AppModule needs Missing as parameter 0 of one(), ${end}`,
      `DEPENDENCY_UNKNOWN: AppModule needs Missing as constructor parameter 0 (missing), ${end}`,
    ]);
  });

  it('is told of a module that is injected, and of what has an advice of its own', () => {
    @Module()
    class OtherModule {}
    class RequestContext {}
    @Injectable()
    class Users {
      constructor(
        readonly other: OtherModule,
        readonly context: RequestContext,
      ) {}
    }
    @Module({ imports: [OtherModule], providers: [Users] })
    class AppModule {}
    const advice = new Map([[RequestContext, 'It belongs to a request: ask for CurrentRequest.']]);
    expect(textsOf(AppModule, { advice })).toEqual([
      'DEPENDENCY_UNKNOWN: Users in AppModule needs OtherModule as constructor parameter 0 (other), and nothing provides it. OtherModule is a module, not a provider: import it and ask for what it exports.',
      'DEPENDENCY_UNKNOWN: Users in AppModule needs RequestContext as constructor parameter 1 (context), and nothing provides it. It belongs to a request: ask for CurrentRequest.',
    ]);
  });

  it('is told of what another module has: not exported, not imported, neither', () => {
    class Clocks {}
    class Timers {}
    @Module({ providers: [Clocks, Timers], exports: [Timers] })
    class TimeModule {}
    @Injectable()
    class Billing {
      constructor(readonly clocks: Clocks) {}
    }
    @Module({ imports: [TimeModule], providers: [Billing] })
    class BillingModule {}
    @Injectable()
    class Users {
      constructor(
        readonly clocks: Clocks,
        readonly timers: Timers,
      ) {}
    }
    @Module({ providers: [Users] })
    class UserModule {}
    @Module({ imports: [BillingModule, UserModule] })
    class AppModule {}
    expect(textsOf(AppModule)).toEqual([
      'PLUGIN_NOT_EXPORTED: Billing in BillingModule needs Clocks as constructor parameter 0 (clocks); TimeModule has it but does not export it. Add Clocks to the exports of TimeModule.',
      'PLUGIN_NOT_EXPORTED: Users in UserModule needs Clocks as constructor parameter 0 (clocks); TimeModule has it but does not export it. Add Clocks to the exports of TimeModule. Add TimeModule to the imports of UserModule.',
      'PLUGIN_NOT_IMPORTED: Users in UserModule needs Timers as constructor parameter 1 (timers); TimeModule exports it but UserModule does not import TimeModule. Add TimeModule to the imports of UserModule.',
    ]);
  });

  it('does not advise an import that would close a cycle', () => {
    class Users {}
    @Injectable()
    class Mailer {
      constructor(readonly users: Users) {}
    }
    @Module({ providers: [Mailer], exports: [Mailer] })
    class MailModule {}
    @Module({ imports: [MailModule], providers: [Users], exports: [Users] })
    class UserModule {}
    expect(textsOf(UserModule)).toEqual([
      'PLUGIN_NOT_IMPORTED: Mailer in MailModule needs Users as constructor parameter 0 (users); UserModule exports it but MailModule does not import UserModule. UserModule itself imports MailModule, so importing it back would close a cycle: move what both need into a module of its own.',
    ]);
  });

  it('is told of two imports that have a key, where somebody asks for it', () => {
    @Module({ providers: [{ provide: 'db', useValue: 1 }], exports: ['db'] })
    class One {}
    @Module({ providers: [{ provide: 'db', useValue: 2 }], exports: ['db'] })
    class Two {}
    @Module({ imports: [One, Two], providers: [{ provide: 'x', useExisting: 'db' }], exports: ['db'] })
    class AppModule {}
    expect(textsOf(AppModule)).toEqual([
      'DEPENDENCY_AMBIGUOUS: AppModule exports "db", and One and Two each have one for it. Import only one of them into AppModule, or let one provide "db" under a token of its own.',
      'DEPENDENCY_AMBIGUOUS: "x" in AppModule needs "db" as useExisting, and One and Two each have one for it. Import only one of them into AppModule, or let one provide "db" under a token of its own.',
    ]);
  });

  it('names two modules of one class name apart', () => {
    const make = (): new () => unknown => {
      @Module({ providers: [{ provide: 'db', useValue: 1 }], exports: ['db'] })
      class Shared {}
      return Shared;
    };
    @Plugin({ name: 'shared', version: '2.0.0', providers: [{ provide: 'db', useValue: 1 }], exports: ['db'] })
    class Shared {}
    @Module({ imports: [make(), make(), Shared], providers: [{ provide: 'x', useExisting: 'db' }] })
    class AppModule {}
    expect(textsOf(AppModule)).toEqual([
      'DEPENDENCY_AMBIGUOUS: "x" in AppModule needs "db" as useExisting, and Shared, Shared (2) and Shared (shared@2.0.0) each have one for it. Import only one of them into AppModule, or let one provide "db" under a token of its own.',
    ]);
  });

  it('is told of types that are erased', () => {
    @Injectable()
    class Users {
      constructor(
        readonly clock: Clock,
        readonly name: string,
        readonly maybe: Database | undefined,
        @Optional() readonly list: string[],
        @Inject(Object) readonly object: object,
      ) {}
    }
    @Module({ providers: [Users, Database] })
    class AppModule {}
    const end =
      'at run time, which does not say what to inject. TypeScript erases interfaces, type aliases, unions and what comes by `import type`, and a class from a file that imports this one back is not there yet. Put @Inject(token) beside it, or import the class as a value.';
    expect(textsOf(AppModule)).toEqual([
      `DEPENDENCY_ERASED: Users in AppModule: the type of constructor parameter 0 (clock) is Object ${end}`,
      `DEPENDENCY_ERASED: Users in AppModule: the type of constructor parameter 1 (name) is String ${end}`,
      `DEPENDENCY_ERASED: Users in AppModule: the type of constructor parameter 2 (maybe) is Object ${end}`,
      `DEPENDENCY_ERASED: Users in AppModule: the type of constructor parameter 3 (list) is Array ${end}`,
      `DEPENDENCY_ERASED: Users in AppModule: the type of constructor parameter 4 (object) is Object ${end}`,
    ]);
  });

  it('leaves a parameter with a default that nothing can be injected for to its default', () => {
    @Injectable()
    class Users {
      constructor(
        readonly database: Database,
        readonly limit = 10,
        readonly clock: Clock = { now: () => 7 },
      ) {}
    }
    @Module({ providers: [Users, Database] })
    class AppModule {}
    expect(textsOf(AppModule)).toEqual([]);
  });

  it('is told of parameters that are undefined, with the causes', () => {
    @Injectable()
    class Users {
      constructor(@Inject(undefined as unknown as typeof CLOCK) readonly clock: Clock) {}
    }
    @Module({ providers: [Users, { provide: 'x', useFactory: () => 1, inject: [undefined as never] }] })
    class AppModule {}
    const end =
      'is undefined. Either two files import each other and the class was not there yet (move what both need into a third file), or it came by `import type` or stands further down in the same file (import it as a value, or put it first).';
    expect(textsOf(AppModule)).toEqual([
      `DEPENDENCY_UNDEFINED: Users in AppModule: constructor parameter 0 (clock) ${end}`,
      `DEPENDENCY_UNDEFINED: "x" in AppModule: inject[0] ${end}`.replace('"x"', 'The factory of "x"'),
    ]);
  });

  it('is told of files that import each other', () => {
    expect(mistakesOf(FileCycleModule).map(({ message }) => message.replace(/ at run time.*| is undefined.*/, ''))).toEqual([
      'DEPENDENCY_ERASED: Two in FileCycleModule: the type of constructor parameter 0 (one) is Object',
    ]);
  });

  it('is told of a compiler that writes no metadata, of classes without decorator and of subclasses without', () => {
    class Undecorated {
      constructor(readonly database: Database) {}
    }
    @Injectable()
    class Base {
      constructor(readonly database: Database) {}
    }
    class Derived extends Base {}
    class Own extends Base {
      constructor() {
        super(new Database());
      }
    }
    @Injectable()
    class Decorated extends Base {}
    @Module({ providers: [WithoutMetadata, Undecorated, Derived, Own, Decorated, Database] })
    class AppModule {}
    expect(textsOf(AppModule)).toEqual([
      'METADATA_MISSING: WithoutMetadata in AppModule takes 2 constructor arguments, but the compiler wrote no types for them. Set experimentalDecorators and emitDecoratorMetadata, and compile with tsc, ts-node, ts-jest or swc (esbuild, tsx and Node itself write none), or put @Inject(token) beside each parameter.',
      'CLASS_UNDECORATED: Undecorated in AppModule takes 1 constructor argument but carries no decorator, so nobody knows what they are. Put @Injectable() on Undecorated, or provide it with useClass and name the arguments in inject; a pipe or a guard with settings is written as new Undecorated(…).',
      'SUBCLASS_UNDECORATED: Derived in AppModule extends Base, whose constructor takes arguments, but has neither a decorator nor a constructor of its own and would be made with none. Put @Injectable() on Derived.',
    ]);
  });

  it('is told of providers that need each other, with the path', () => {
    @Injectable()
    class First {
      constructor(@Inject('second') readonly second: unknown) {}
    }
    const providers: Provider[] = [
      First,
      { provide: 'second', useFactory: () => 2, inject: ['third'] },
      { provide: 'third', useExisting: First },
      { provide: 'self', useExisting: 'self' },
    ];
    @Module({ providers })
    class AppModule {}
    const end = 'Move what they share into a provider of its own that each of them needs, or let one tell the other by an event.';
    expect(textsOf(AppModule)).toEqual([
      `PROVIDER_CYCLE: Providers need each other: First → "second" → "third" → First. ${end}`,
      `PROVIDER_CYCLE: Providers need each other: "self" → "self". ${end}`,
    ]);
  });

  it('is told of a singleton that needs what is made for each request', () => {
    @Injectable({ scope: 'request' })
    class Tenant {}
    @Injectable()
    class Cache {
      constructor(readonly tenant: Tenant) {}
    }
    const providers: Provider[] = [
      Tenant,
      Cache,
      { provide: 'tenant', useExisting: Tenant },
      { provide: 'current', useExisting: 'tenant' },
      { provide: 'pool', useFactory: () => 1, inject: ['current'] },
      { provide: 'later', useFactory: async () => 1, scope: 'request' },
    ];
    @Injectable()
    class Users {
      constructor(
        readonly tenant: Tenant,
        @Inject('current') readonly current: Tenant,
      ) {}
    }
    @Module({ providers, controllers: [Users] })
    class AppModule {
      constructor(readonly tenant: Tenant) {}
    }
    expect(textsOf(AppModule)).toEqual([
      'SCOPE_CAPTIVE: Cache in AppModule needs Tenant, which is made anew for each request; made once, Cache would keep the first for ever. Give it scope "request" too, or let it ask for CurrentRequest.',
      'SCOPE_CAPTIVE: The factory of "pool" in AppModule needs "current" (another name of Tenant), which is made anew for each request; made once, "pool" would keep the first for ever. Give it scope "request" too, or let it ask for CurrentRequest.',
      'SCOPE_CAPTIVE: AppModule needs Tenant, which is made anew for each request; made once, AppModule would keep the first for ever. Give it scope "request" too, or let it ask for CurrentRequest.',
      'SCOPE_FACTORY_ASYNC: The factory of "later" in AppModule is asynchronous and has scope "request": a request does not wait for its providers. Let an asynchronous singleton prepare what takes time, and make the rest from it at once.',
    ]);
  });
});

describe('several mistakes', () => {
  class Missing {}
  @Injectable()
  class Users {
    constructor(readonly missing: Missing) {}
  }

  it('are one error that lists them all', () => {
    @Plugin({ name: 'user-plugin', version: 'one', providers: [Users], exports: ['nothing'] })
    class UserPlugin {}
    const make = (): unknown => planOf(UserPlugin);
    expect(make).toThrow(WiringError);
    expect(make).toThrow(
      expect.objectContaining({
        code: 'APP_WIRING_FAILED',
        status: undefined,
        message: [
          'APP_WIRING_FAILED: 3 wiring mistakes, and nothing was started:',
          '  1. PLUGIN_VERSION_INVALID: UserPlugin: the version of user-plugin is "one"; expected a semantic version, such as "1.0.0" (https://semver.org).',
          '  2. EXPORT_UNKNOWN: UserPlugin exports "nothing", which it neither provides nor imports. Add it to the providers of UserPlugin, or take it out of its exports.',
          '  3. DEPENDENCY_UNKNOWN: Users in UserPlugin needs Missing as constructor parameter 0 (missing), and nothing provides it. Add Missing to the providers of UserPlugin, or import a module that exports it.',
        ].join('\n'),
      }),
    );
  });

  it('are the mistake itself when there is one only', () => {
    @Module({ providers: [Users] })
    class AppModule {}
    const [mistake] = mistakesOf(AppModule);
    const error = new WiringError([mistake]);
    expect([error.code, error.message, error.mistakes]).toEqual(['DEPENDENCY_UNKNOWN', mistake.message, [mistake]]);
  });

  it('show a long cycle on lines of its own, uncut', () => {
    const classes = Array.from({ length: 40 }, (_, at) => `a-provider-with-a-long-name-${at}`);
    const providers = classes.map((provide, at): Provider => ({ provide, useExisting: classes[(at + 1) % classes.length] }));
    @Module({ providers })
    class AppModule {}
    const [text] = textsOf(AppModule);
    for (const name of classes) expect(text).toContain(`\n    → "${name}"`);
  });
});
