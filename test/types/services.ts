// Checked by `tsc --noEmit`: all of it must compile, except what is marked as an error to be expected.
import { IsString } from 'class-validator';
import {
  exportService,
  type PluginContext,
  importService,
  ImportService,
  Plugin,
  type Provider,
  serviceRef,
  token,
} from 'rockstar-web';

interface AuthService {
  verify(token: string): string | undefined;
  readonly realm: string;
}
interface WiderService extends AuthService {
  revoke(token: string): void;
}
class User {
  @IsString() name!: string;
}
interface Users {
  find(id: number): Promise<User>;
}

const AUTH = serviceRef<AuthService>('auth-plugin', 'auth', { contract: ['verify'] });
const WIDER = serviceRef<WiderService>('auth-plugin', 'auth');
const USERS = serviceRef<Users>('user-plugin', 'users', { contract: { find: { arguments: [Number], result: User } } });
const UNTYPED = serviceRef('auth-plugin', 'auth');

class Auth implements AuthService {
  readonly realm = 'here';
  verify(text: string) {
    return text;
  }
  async health() {
    return 'up' as const;
  }
}
class Forgetful {
  verify(text: string) {
    return text;
  }
}
class OtherVerify {
  readonly realm = 'here';
  verify(text: number) {
    return String(text);
  }
}

export class Imports {
  constructor(
    @ImportService(AUTH) readonly same: AuthService,
    @ImportService(WIDER) readonly narrower: AuthService,
    @ImportService(AUTH, { version: '^2' }) readonly ranged: AuthService,
    @ImportService(AUTH, { optional: true }) readonly orNothing: AuthService | undefined,
    @ImportService(AUTH, { fallback: new Auth() }) readonly orThat: AuthService,
    @ImportService(AUTH, { fallback: Auth }) readonly orMade: AuthService,
    @ImportService(AUTH, { optional: true, fallback: Auth }) readonly orBoth: AuthService,
    @ImportService(AUTH, { optional: false }) readonly needed: AuthService,
    @ImportService(UNTYPED) readonly unknown: unknown,
    // @ts-expect-error a text is no service
    @ImportService(AUTH) readonly text: string,
    // @ts-expect-error not every auth can revoke
    @ImportService(AUTH) readonly wider: WiderService,
    // @ts-expect-error users are something else
    @ImportService(USERS) readonly other: AuthService,
    // @ts-expect-error nobody knows what it is
    @ImportService(UNTYPED) readonly assumed: AuthService,
    // @ts-expect-error what is optional may be missing
    @ImportService(AUTH, { optional: true }) readonly surely: AuthService,
    // @ts-expect-error whether it is optional is not known here
    @ImportService(AUTH, { optional: Math.random() > 0.5 }) readonly perhaps: AuthService,
    // @ts-expect-error a fallback is of the same kind
    @ImportService(AUTH, { fallback: { verify: () => 1, realm: '' } }) readonly wrongFallback: AuthService,
    // @ts-expect-error and so is a class
    @ImportService(AUTH, { fallback: Forgetful }) readonly wrongClass: AuthService,
    // @ts-expect-error a range is a text
    @ImportService(AUTH, { version: 2 }) readonly wrongRange: AuthService,
    // @ts-expect-error an option that is misspelt
    @ImportService(AUTH, { optinal: true }) readonly misspelt: AuthService,
    // @ts-expect-error a name is made with serviceRef
    @ImportService('auth-plugin.auth') readonly byText: unknown,
  ) {}
}

export class Elsewhere {
  // @ts-expect-error services go by parameters, not by properties
  @ImportService(AUTH) readonly auth?: AuthService;
}

const TOKEN = token<Auth>('auth');

export const exported = [
  exportService(AUTH, Auth),
  exportService(AUTH, TOKEN),
  // Under a text, nobody knows what it is.
  exportService(AUTH, 'auth'),
  exportService(AUTH, Auth, { version: '2.0.0', description: '', timeoutMs: 100, required: true, measured: true }),
  // Health may ask what is exported for more than it promises to others.
  exportService(AUTH, Auth, { health: (auth, signal) => (signal.aborted ? 'degraded' : auth.health()) }),
  exportService(AUTH, Auth, { health: 'health' }),
  exportService(AUTH, TOKEN, { health: () => ({ status: 'down', detail: 'gone' }) }),
  // @ts-expect-error it lacks realm
  exportService(AUTH, Forgetful),
  // @ts-expect-error its verify takes something else
  exportService(AUTH, OtherVerify),
  // @ts-expect-error and so do tokens
  exportService(AUTH, token<Forgetful>('forgetful')),
  // @ts-expect-error not every auth can revoke
  exportService(WIDER, Auth),
  // @ts-expect-error there is no such method
  exportService(AUTH, Auth, { health: 'healthy' }),
  // @ts-expect-error a property is no method
  exportService(AUTH, Auth, { health: 'realm' }),
  // @ts-expect-error health is one of three
  exportService(AUTH, Auth, { health: () => 'fine' }),
  // @ts-expect-error a time is a number
  exportService(AUTH, Auth, { timeoutMs: '1s' }),
];

export const contracts = [
  // @ts-expect-error there is no such method
  serviceRef<AuthService>('auth-plugin', 'auth', { contract: ['verfy'] }),
  // @ts-expect-error a property is no method
  serviceRef<AuthService>('auth-plugin', 'auth', { contract: ['realm'] }),
  // @ts-expect-error nor is there one here
  serviceRef<Users>('user-plugin', 'users', { contract: { search: { arguments: [Number] } } }),
];

export const inject: Provider = { provide: 'made', useFactory: (auth: AuthService) => auth.realm, inject: [importService(AUTH)] };
export const imported: { readonly type?: AuthService } = importService(AUTH, { version: '^2' });

// A class is no token, although it has a name.
// @ts-expect-error another kind of class
export const wrongExisting: Provider<AuthService> = { provide: AUTH_CLASS(), useClass: Forgetful };
function AUTH_CLASS(): typeof Auth {
  return Auth;
}

@Plugin({
  ...{ name: 'auth-plugin', version: '2.0.0', providers: [Auth], exports: [exportService(AUTH, Auth)] },
  dependencies: [AUTH, 'other-plugin', { service: USERS, version: '^1', optional: true }, { plugin: 'x', version: '1' }],
})
export class AuthPlugin {
  initialize(context: PluginContext): void {
    const auth: AuthService = context.importService(AUTH);
    const maybe: AuthService | undefined = context.importService(AUTH, { optional: true });
    const sure: AuthService = context.importService(AUTH, { fallback: new Auth() });
    const named = context.importService<AuthService>('auth-plugin', 'auth');
    // @ts-expect-error it may be missing
    const surely: AuthService = context.importService(AUTH, { optional: true });
    // @ts-expect-error a service is not any other
    const other: Users = context.importService(AUTH);
    context.exportService(AUTH, new Auth(), { version: '3.0.0' });
    context.exportService('extra', [auth, maybe, sure, named, surely, other]);
    // @ts-expect-error it lacks realm
    context.exportService(AUTH, new Forgetful());
  }
}

// @ts-expect-error a dependency is named by the plugin or the service
@Plugin({ name: 'x', version: '1.0.0', dependencies: [{ version: '^1' }] })
export class NamesNothing {}
