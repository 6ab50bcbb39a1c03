import { Injectable, Module, Plugin } from '../../lib/plugins/plugin';
import { exportService } from '../../lib/plugins/service-export';
import { importService, ImportService } from '../../lib/plugins/service-import';
import { serviceRef } from '../../lib/plugins/service-ref';
import { Optional } from '../../lib/plugins/service-token';
import { build, planOf, textsOf } from './plan';

interface AuthService {
  verify(token: string): string | undefined;
}
const AUTH = serviceRef<AuthService>('auth-plugin', 'auth', { contract: ['verify'] });
const STORAGE = serviceRef<AuthService>('storage-plugin', 'storage');

@Injectable()
class AuthOne implements AuthService {
  verify(token: string) {
    return `one ${token}`;
  }
}

@Injectable()
class AuthTwo implements AuthService {
  verify(token: string) {
    return `two ${token}`;
  }
}

@Plugin({ name: 'auth-plugin', version: '1.4.0', providers: [AuthOne], exports: [exportService(AUTH, AuthOne)] })
class AuthPluginOne {}
@Plugin({ name: 'auth-plugin', version: '2.0.0', providers: [AuthTwo], exports: [exportService(AUTH, AuthTwo)] })
class AuthPluginTwo {}

describe('a service that is imported', () => {
  it('is the exported instance itself, of the newest version within the range of each importer', async () => {
    @Injectable()
    class Users {
      constructor(
        @ImportService(AUTH) readonly newest: AuthService,
        @ImportService(AUTH, { version: '^1' }) readonly first: AuthService,
        @ImportService(AUTH, { version: '>=2' }) readonly second: AuthService,
      ) {}
    }
    @Plugin({ name: 'user-plugin', version: '1.0.0', providers: [Users] })
    class UserPlugin {}
    @Module({ imports: [UserPlugin, AuthPluginOne, AuthPluginTwo] })
    class App {}
    const { instances } = await build(App);
    // Whoever is imported by service comes first, whatever order they are listed in.
    const names = instances.map(({ name }) => name);
    expect([...names.slice(0, 2)].sort()).toEqual(['auth-plugin@1.4.0', 'auth-plugin@2.0.0']);
    expect(names.slice(2)).toEqual(['user-plugin@1.0.0', 'App']);
    const offered = (name: string) => instances.find((it) => it.name === name)?.offered[0]?.instance;
    const users = instances[2].container.resolve(Users);
    expect(users.first).toBe(offered('auth-plugin@1.4.0'));
    expect(users.second).toBe(offered('auth-plugin@2.0.0'));
    expect(users.newest).toBe(users.second);
    expect(users.newest).toBeInstanceOf(AuthTwo);
  });

  it('compares versions as numbers, and passes over what comes before a release', async () => {
    @Injectable()
    class Both {
      constructor(@ImportService(AUTH) readonly auth: AuthService) {}
    }
    @Injectable()
    class Ten extends AuthOne {}
    @Plugin({
      ...{ name: 'auth-plugin', version: '1.0.0', providers: [AuthOne, AuthTwo, Ten] },
      exports: [
        exportService(AUTH, AuthOne, { version: '9.0.0' }),
        exportService(AUTH, Ten, { version: '10.0.0' }),
        exportService(AUTH, AuthTwo, { version: '11.0.0-beta.1' }),
      ],
    })
    class AuthPlugin {}
    @Module({ imports: [AuthPlugin], providers: [Both] })
    class App {}
    const { root } = await build(App);
    expect(root.container.resolve(Both).auth).toBeInstanceOf(Ten);
  });

  it('of any version is what comes before a release, where there is no release', async () => {
    @Injectable()
    class Both {
      constructor(@ImportService(AUTH) readonly auth: AuthService) {}
    }
    @Plugin({
      ...{ name: 'auth-plugin', version: '2.0.0-beta.2', providers: [AuthOne, AuthTwo] },
      exports: [exportService(AUTH, AuthOne, { version: '2.0.0-beta.1' }), exportService(AUTH, AuthTwo)],
    })
    class AuthPlugin {}
    @Plugin({ name: 'needing', version: '1.0.0', imports: [AuthPlugin], providers: [Both], dependencies: ['auth-plugin', AUTH] })
    class Needing {}
    const { root } = await build(Needing);
    expect(root.container.resolve(Both).auth).toBeInstanceOf(AuthTwo);

    @Injectable()
    class Ranged {
      constructor(@ImportService(AUTH, { version: '^2' }) readonly auth: AuthService) {}
    }
    @Module({ imports: [AuthPlugin], providers: [Ranged] })
    class App {}
    expect(textsOf(App).join()).toContain('SERVICE_VERSION_UNSATISFIED');
  });

  it('may be missing: undefined, a value, or a class that is made for the module', async () => {
    @Injectable()
    class Clock {}
    @Injectable()
    class NoStorage implements AuthService {
      constructor(readonly clock: Clock) {}
      verify() {
        return undefined;
      }
    }
    const value: AuthService = { verify: () => 'nobody' };
    @Injectable()
    class Users {
      constructor(
        @ImportService(STORAGE, { optional: true }) readonly none: AuthService | undefined,
        @ImportService(STORAGE) @Optional() readonly alsoNone: AuthService | undefined,
        @ImportService(STORAGE, { fallback: value }) readonly value: AuthService,
        @ImportService(STORAGE, { fallback: NoStorage }) readonly made: AuthService,
        @ImportService(AUTH, { version: '^3', fallback: value }) readonly tooOld: AuthService,
      ) {}
    }
    @Module({ imports: [AuthPluginOne], providers: [Users, Clock] })
    class App {}
    const { root, plan } = await build(App);
    const users = root.container.resolve(Users);
    expect([users.none, users.alsoNone, users.value, users.tooOld]).toEqual([undefined, undefined, value, value]);
    expect((users.made as NoStorage).clock).toBe(root.container.resolve(Clock));
    const storage = 'no plugin storage-plugin is loaded';
    expect(plan.root.uses.map(({ missing }) => missing)).toEqual([storage, storage, storage, storage, '1.4.0 is there, not ^3']);
  });

  it('is had by factories', async () => {
    const inject = [importService(AUTH, { version: '^2' })];
    const made = { provide: 'made', useFactory: (auth: AuthService) => auth.verify('x'), inject };
    @Module({ imports: [AuthPluginOne, AuthPluginTwo], providers: [made] })
    class App {}
    const { root } = await build(App);
    expect(root.container.resolve('made')).toBe('two x');
  });

  it('does not make its class visible to modules', () => {
    @Injectable()
    class Users {
      constructor(readonly auth: AuthOne) {}
    }
    @Module({ imports: [AuthPluginOne], providers: [Users] })
    class App {}
    expect(textsOf(App)).toEqual([
      'PLUGIN_NOT_EXPORTED: Users in App needs AuthOne as constructor parameter 0 (auth); AuthPluginOne has it but does not export it. Add AuthOne to the exports of AuthPluginOne.',
    ]);
  });
});

describe('every mistake about services', () => {
  it('is told at once, in plain words, with the way out: a whole page', () => {
    class Broken {
      login() {
        return 'in';
      }
    }
    const CACHE = serviceRef<object>('cache-plugin', 'cache');
    const OTHER = serviceRef<object>('other-plugin', 'other');
    @Injectable()
    class Users {
      constructor(
        @ImportService(serviceRef('auth-plugn', 'auth')) readonly notLoaded: unknown,
        @ImportService(serviceRef('mail-plugin', 'mail')) readonly farAway: unknown,
        @ImportService(serviceRef('auth-plugin', 'auht')) readonly misspelt: unknown,
        @ImportService(serviceRef('cache-plugin', 'memory')) readonly notExported: unknown,
        @ImportService(AUTH, { version: '^3' }) readonly tooNew: AuthService,
        @ImportService(AUTH, { version: 'newest' }) readonly noRange: AuthService,
        @ImportService(undefined as never) readonly nothing: unknown,
        @ImportService(serviceRef<{ refresh(): void }>('auth-plugin', 'auth', { contract: ['refresh'] }))
        readonly lacking: { refresh(): void },
        @ImportService(AUTH, { versoin: '^1' } as never) readonly slip: AuthService,
      ) {}
    }
    @Injectable()
    class MemoryStore {}
    @Plugin({
      ...{ name: 'cache-plugin', version: '1.0.0', providers: [MemoryStore, Broken] },
      exports: [
        exportService(serviceRef<AuthService>('cache-plugin', 'auth', { contract: ['verify'] }), Broken as never),
        exportService(CACHE, Users),
        exportService(OTHER, MemoryStore),
        exportService(CACHE, MemoryStore, { version: 'two', timeoutMs: -1, timeout: 5 } as never),
      ],
    })
    class CachePlugin {}
    @Module({
      imports: [CachePlugin, AuthPluginOne, AuthPluginTwo],
      providers: [Users, MemoryStore],
      exports: [exportService(CACHE, MemoryStore)],
    })
    class App {}
    expect(textsOf(App)).toEqual([
      'SERVICE_CONTRACT_BROKEN: CachePlugin exports Broken as the service cache-plugin.auth, which lacks the method verify. Add what is missing, or export it under a name with another contract.',
      'SERVICE_UNPROVIDED: CachePlugin exports the service cache-plugin.cache as Users, which it does not provide. Add Users to the providers of CachePlugin.',
      'SERVICE_FOREIGN: CachePlugin exports the service other-plugin.other, but is the plugin cache-plugin: only other-plugin can export that. Name it serviceRef("cache-plugin", "other").',
      'SERVICE_OPTION_INVALID: CachePlugin: the timeout of the service cache-plugin.cache is 5; expected one of version, description, health, required, timeoutMs and measured.',
      'SERVICE_OPTION_INVALID: CachePlugin: the version of the service cache-plugin.cache is "two"; expected a semantic version, such as "1.0.0".',
      'SERVICE_OPTION_INVALID: CachePlugin: the timeoutMs of the service cache-plugin.cache is -1; expected a number of milliseconds above 0.',
      'SERVICE_HOMELESS: App exports the service cache-plugin.cache but is no plugin. Put @Plugin on it instead of @Module, with a name and a version.',
      'PLUGIN_NOT_LOADED: Users in App needs auth-plugn.auth as constructor parameter 0 (notLoaded), and no plugin of the name auth-plugn is loaded. Did you mean "auth-plugin"?',
      'PLUGIN_NOT_LOADED: Users in App needs mail-plugin.mail as constructor parameter 1 (farAway), and no plugin of the name mail-plugin is loaded. Add the plugin to the imports of App.',
      'SERVICE_UNKNOWN: Users in App needs auth-plugin.auht as constructor parameter 2 (misspelt), and auth-plugin exports only "auth". Did you mean "auth"?',
      'SERVICE_UNKNOWN: Users in App needs cache-plugin.memory as constructor parameter 3 (notExported), and cache-plugin exports only "auth" and "cache". CachePlugin has MemoryStore but does not export it: add exportService(…, MemoryStore) to its exports.',
      'SERVICE_VERSION_UNSATISFIED: Users in App needs auth-plugin.auth ^3 as constructor parameter 4 (tooNew); of auth-plugin.auth there is 2.0.0 and 1.4.0. Widen the range, or load a version within it.',
      'SERVICE_RANGE_INVALID: Users in App needs auth-plugin.auth newest as constructor parameter 5 (noRange), but the version is "newest"; expected a range of semantic versions, such as "^2" or ">=1.2 <3".',
      'SERVICE_REF_MISSING: Users in App needs (unnamed service) as constructor parameter 6 (nothing), but where the name of the service is expected stands undefined. Make one with serviceRef<T>(plugin, service); where it is undefined, two files import each other: move the name into a file of its own.',
      'SERVICE_LACKS: Users in App needs auth-plugin.auth as constructor parameter 7 (lacking), and auth-plugin.auth 2.0.0 lacks the method refresh. Ask for a version that has what is needed, or for less.',
      'SERVICE_IMPORT_INVALID: Users in App needs auth-plugin.auth as constructor parameter 8 (slip), but its options are an object with versoin; expected an object with version, optional or fallback.',
    ]);
  });

  it('is told of plugins that need each other by way of services, with the path and its files', () => {
    const A = serviceRef<object>('a', 'it');
    const B = serviceRef<object>('b', 'it');
    @Injectable()
    class NeedsB {
      constructor(@ImportService(B) readonly it: object) {}
    }
    @Injectable()
    class NeedsA {
      constructor(@ImportService(A) readonly it: object) {}
    }
    @Plugin({ name: 'a', version: '1.0.0', providers: [NeedsB], exports: [exportService(A, NeedsB)] })
    class APlugin {}
    @Plugin({ name: 'b', version: '1.0.0', providers: [NeedsA], exports: [exportService(B, NeedsA)] })
    class BPlugin {}
    @Module({ imports: [APlugin, BPlugin] })
    class App {}
    const here = 'test/plugins/services.test.ts';
    expect(textsOf(App)).toEqual([
      `PLUGIN_CYCLE: Modules need each other: APlugin (${here}) → BPlugin (${here}) → APlugin (${here}). Move what they share into a module of its own that each of them imports, or let one tell the other by an event.`,
    ]);
  });

  it('is told of services that are exported twice, or made for each request', () => {
    @Injectable({ scope: 'request' })
    class PerRequest {}
    const IT = serviceRef<object>('it-plugin', 'it');
    @Plugin({
      ...{ name: 'it-plugin', version: '1.0.0', providers: [PerRequest, AuthOne] },
      exports: [
        exportService(IT, AuthOne),
        exportService(IT, AuthOne, { version: '1.0.0' }),
        exportService(IT, PerRequest, { version: '2.0.0' }),
      ],
    })
    class ItPlugin {}
    expect(textsOf(ItPlugin)).toEqual([
      'SERVICE_DUPLICATE: ItPlugin exports it-plugin.it 1.0.0 twice. Keep one, or give the other a version of its own.',
      'SERVICE_PER_REQUEST: ItPlugin exports the service it-plugin.it, but PerRequest is made for each request. Services are made once: let it ask for CurrentRequest instead.',
    ]);
  });

  it('is told of dependencies that are not there, and not of those that may be missing', () => {
    @Plugin({
      ...{ name: 'user-plugin', version: '1.0.0' },
      dependencies: [
        AUTH,
        'auth-plugin',
        { service: AUTH, version: '^9' },
        { service: STORAGE, optional: true },
        { plugin: 'auth-plugin', version: '^7' },
        { plugin: 'nowhere', optional: true },
        STORAGE,
        5 as never,
      ],
    })
    class UserPlugin {}
    @Module({ imports: [UserPlugin, AuthPluginTwo] })
    class App {}
    expect(textsOf(App)).toEqual([
      'SERVICE_VERSION_UNSATISFIED: UserPlugin needs auth-plugin.auth ^9 as dependencies[2]; of auth-plugin.auth there is 2.0.0. Widen the range, or load a version within it.',
      'SERVICE_VERSION_UNSATISFIED: UserPlugin needs auth-plugin ^7 as dependencies[4]; of auth-plugin there is 2.0.0. Widen the range, or load a version within it.',
      'PLUGIN_NOT_LOADED: UserPlugin needs storage-plugin.storage as dependencies[6], and no plugin of the name storage-plugin is loaded. Add the plugin to the imports of App.',
      'DEPENDENCY_INVALID: UserPlugin: dependencies[7] is 5; expected the name of a service (serviceRef) or of a plugin, or an object with service or plugin, and version and optional.',
    ]);
  });
});

describe('a dependency that is a text', () => {
  it('names a plugin, or else a service of one, which is made before', () => {
    @Plugin({ name: 'a.b', version: '1.0.0' })
    class Dotted {}
    @Plugin({ name: 'user-plugin', version: '1.0.0', dependencies: ['auth-plugin.auth', 'a.b'] })
    class UserPlugin {}
    @Module({ imports: [UserPlugin, AuthPluginTwo, Dotted] })
    class App {}
    const { modules } = planOf(App);
    const titles = modules.map(({ title }) => title);
    expect(titles.at(-2)).toBe('user-plugin@1.0.0');
    expect(modules.find(({ title }) => title === 'user-plugin@1.0.0')?.uses.map(({ request }) => request.ref.name)).toEqual([
      'auth-plugin.auth',
    ]);
  });

  it('is told of when it is not there, with who needs it', () => {
    const dependencies = ['auth-plugin.auht', 'storage-plugin.storage'];
    @Plugin({ name: 'user-plugin', version: '1.0.0', dependencies })
    class UserPlugin {}
    @Module({ imports: [UserPlugin, AuthPluginTwo] })
    class App {}
    expect(textsOf(App)).toEqual([
      'SERVICE_UNKNOWN: UserPlugin needs auth-plugin.auht as dependencies[0], and auth-plugin exports only "auth". Did you mean "auth"?',
      'PLUGIN_NOT_LOADED: UserPlugin needs storage-plugin.storage as dependencies[1], and no plugin of the name storage-plugin is loaded. Add the plugin to the imports of App.',
    ]);
  });
});

describe('a contract', () => {
  it('is not said to be broken before it is known: methods may be put on an instance by whoever has it', () => {
    @Injectable()
    class ByField {
      verify = (token: string) => token;
    }
    @Injectable()
    class ByConstructor {
      constructor() {
        Object.assign(this, { ['ver' + 'ify']: () => 'mixed in' });
      }
    }
    for (const made of [ByField, ByConstructor]) {
      @Plugin({ name: 'auth-plugin', version: '1.0.0', providers: [made], exports: [exportService(AUTH, made as never)] })
      class AuthPlugin {}
      expect(planOf(AuthPlugin).root.offers).toHaveLength(1);
    }
  });

  it('is checked of what was made, before anybody has it', async () => {
    @Plugin({
      ...{ name: 'auth-plugin', version: '1.0.0', providers: [{ provide: 'auth', useFactory: () => ({ login: () => 1 }) }] },
      exports: [exportService(AUTH, 'auth')],
    })
    class AuthPlugin {}
    await expect(build(AuthPlugin)).rejects.toThrow(
      'SERVICE_CONTRACT_BROKEN: AuthPlugin exports "auth" as the service auth-plugin.auth, which lacks the method verify.',
    );
  });
});

it('refuses names of services that are none', () => {
  expect(() => serviceRef('', 'x')).toThrow(
    'SERVICE_NAME_INVALID: serviceRef takes the name of a plugin and of a service, texts without spaces; got "".',
  );
  expect(() => serviceRef('x', 'a b')).toThrow('SERVICE_NAME_INVALID');
});
