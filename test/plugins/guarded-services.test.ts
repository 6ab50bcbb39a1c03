import { IsEmail, IsInt, IsString, Min } from 'class-validator';
import { firstValueFrom, type Observable, of, throwError } from 'rxjs';
import { toArray } from 'rxjs/operators';
import {
  Controller,
  CurrentRequest,
  exportService,
  Get,
  ImportService,
  Injectable,
  Module,
  Plugin,
  type ServiceOptions,
  serviceRef,
  ServiceRegistry,
} from 'rockstar-web';
import { createTestApp, ManualClock, type TestApplication } from 'rockstar-web/testing';
import { gate, soon } from '../support/soon';

class User {
  @IsInt()
  @Min(1)
  id!: number;

  @IsEmail()
  email!: string;
}

class Filter {
  @IsString()
  name!: string;
}

interface UsersService {
  find(id: number): Promise<User | null>;
  now(id: number): User | undefined;
  list(filter: Filter, limit?: number): Promise<User[]>;
  live(): Observable<User>;
  other(anything: unknown): unknown;
}

const USERS = serviceRef<UsersService>('users-plugin', 'users', {
  contract: {
    find: { arguments: [Number], result: User },
    now: { arguments: [Number], result: User },
    list: { arguments: [Filter, undefined], result: [User] },
    live: { result: User },
    other: true,
  },
});

const ann = { id: 1, email: 'ann@example.org' };
const broken = { id: 0, email: 'nowhere' };

/** What the methods give; each test sets it. */
let answer: unknown = ann;

@Injectable()
class Users {
  calls = 0;
  #secret = 'private';
  find() {
    return Promise.resolve(answer as User);
  }
  now() {
    return answer as User;
  }
  list() {
    return Promise.resolve(answer as User[]);
  }
  live() {
    return answer as Observable<User>;
  }
  other(anything: unknown) {
    return [anything, this.#secret, ++this.calls];
  }
}

@Injectable()
class Importer {
  constructor(@ImportService(USERS) readonly users: UsersService) {}
}

async function appWith(options: ServiceOptions<UsersService> = {}, clock?: ManualClock): Promise<TestApplication> {
  @Plugin({
    name: 'users-plugin',
    version: '1.0.0',
    providers: [Users],
    exports: [exportService(USERS, Users as never, options as never)],
  })
  class UsersPlugin {}
  @Plugin({ name: 'importing-plugin', version: '1.0.0', providers: [Importer] })
  class ImportingPlugin {}
  @Module({ imports: [UsersPlugin, ImportingPlugin] })
  class App {}
  return createTestApp(App, clock === undefined ? {} : { clock });
}

const code = (name: string): Error => expect.objectContaining({ code: name }) as Error;

describe('a contract with schemas', () => {
  let app: TestApplication;
  let users: UsersService;

  beforeEach(async () => {
    app = await appWith();
    users = app.resolve(Importer).users;
    answer = ann;
  });

  afterEach(() => app.close());

  it('lets through what it says, on the exported instance itself', async () => {
    expect(users).toBe(app.resolve(Users));
    expect(await users.find(1)).toBe(ann);
    expect(users.now(1)).toBe(ann);
    answer = [ann, ann];
    expect(await users.list({ name: 'a' }, 'whatever' as never)).toHaveLength(2);
    answer = of(ann, ann);
    expect(await firstValueFrom(users.live().pipe(toArray()))).toEqual([ann, ann]);
    expect([users.other('x'), users.other(7)]).toEqual([
      ['x', 'private', 1],
      [7, 'private', 2],
    ]);
  });

  it('refuses arguments of another kind, before the method is called', async () => {
    expect(() => users.now('1' as never)).toThrow(
      'SERVICE_ARGUMENT_INVALID: users-plugin.users: argument 0 of now is not what its contract says: ',
    );
    expect(() => users.find(undefined as never)).toThrow(code('SERVICE_ARGUMENT_INVALID'));
    const refused = await Promise.resolve()
      .then(() => users.list({ name: 5 } as never))
      .catch((error: unknown) => (error as Error).message);
    expect(refused).toBe(
      'SERVICE_ARGUMENT_INVALID: users-plugin.users: argument 0 of list is not what its contract says: name must be a string.',
    );
  });

  it('does not trust what comes back: a value, a promise, a list, each value of an Observable', async () => {
    answer = broken;
    expect(() => users.now(1)).toThrow(
      'SERVICE_RESULT_INVALID: users-plugin.users: what now gives is not what its contract says: id must not be less than 1; email must be an email.',
    );
    await expect(users.find(1)).rejects.toThrow(code('SERVICE_RESULT_INVALID'));
    answer = [ann, broken];
    await expect(users.list({ name: 'a' })).rejects.toThrow('1.id: id must not be less than 1; 1.email: email must be an email');
    const seen: User[] = [];
    answer = of(ann, broken, ann);
    await expect(users.live().forEach((user) => void seen.push(user))).rejects.toThrow(code('SERVICE_RESULT_INVALID'));
    expect(seen).toEqual([ann]);
  });

  it('lets nothing be the answer, and what the method fails with pass as it is', async () => {
    answer = null;
    expect(await users.find(1)).toBeNull();
    answer = undefined;
    expect(users.now(1)).toBeUndefined();
    const failure = new RangeError('no');
    answer = throwError(() => failure);
    await expect(firstValueFrom(users.live())).rejects.toBe(failure);
  });

  it('is a mistake while assembling where it is none, all of them at once', async () => {
    const refs = [
      serviceRef<UsersService>('odd-plugin', 'one', { contract: 'find' as never }),
      serviceRef<UsersService>('odd-plugin', 'two', { contract: { find: { arguments: 'id', result: User } } as never }),
      serviceRef<UsersService>('odd-plugin', 'three', { contract: { find: { arguments: [5] as never, result: {} as never } } }),
      serviceRef<UsersService>('odd-plugin', 'four', { contract: { find: { argument: [Number] } } as never }),
    ];
    @Plugin({
      name: 'odd-plugin',
      version: '1.0.0',
      providers: [Users],
      exports: refs.map((ref) => exportService(ref, Users as never)),
    })
    class OddPlugin {}
    await expect(createTestApp(OddPlugin)).rejects.toThrow(
      [
        'APP_WIRING_FAILED: 4 wiring mistakes, and nothing was started:',
        '  1. SERVICE_CONTRACT_INVALID: The contract of odd-plugin.one is not understood: it is "find". It is a list of names of methods, or an object that has arguments and result for each.',
        '  2. SERVICE_CONTRACT_INVALID: The contract of odd-plugin.two is not understood: find is an object whose arguments are "id". It is a list of names of methods, or an object that has arguments and result for each.',
        '  3. SERVICE_CONTRACT_INVALID: The contract of odd-plugin.three is not understood: argument 0 of find (5) and the result of find (an object with no members) are no schema. It is a list of names of methods, or an object that has arguments and result for each.',
        '  4. SERVICE_CONTRACT_INVALID: The contract of odd-plugin.four is not understood: find is an object with argument. It is a list of names of methods, or an object that has arguments and result for each.',
      ].join('\n'),
    );
  });

  it('cannot be put around a frozen object', async () => {
    const frozen = Object.freeze({
      find: () => undefined,
      now: () => undefined,
      list: () => [],
      live: () => of(),
      other: () => 1,
    });
    @Plugin({
      name: 'users-plugin',
      version: '1.0.0',
      providers: [{ provide: 'u', useValue: frozen }],
      exports: [exportService(USERS, 'u')],
    })
    class FrozenPlugin {}
    await expect(createTestApp(FrozenPlugin)).rejects.toThrow(
      'SERVICE_FROZEN: users-plugin.users: nothing can be put around its method find, as the object is frozen. Export one that is not, or without schemas, timeoutMs and measured.',
    );
  });
});

it('is left as it is, method for method, where neither schemas nor a time limit nor measuring is asked for', async () => {
  const PLAIN = serviceRef<Users>('plain-plugin', 'users', { contract: ['find', 'other'] });
  @Plugin({ name: 'plain-plugin', version: '1.0.0', providers: [Users], exports: [exportService(PLAIN, Users)] })
  class PlainPlugin {}
  const app = await createTestApp(PlainPlugin);
  const users = app.resolve(Users);
  expect(Object.keys(Object.getOwnPropertyDescriptors(users))).toEqual(['calls']);
  expect(users.find).toBe(Users.prototype.find);
  await app.close();
});

describe('the time a service states', () => {
  it('ends a promise that takes longer with SERVICE_TIMEOUT, and leaves no timer', async () => {
    const clock = new ManualClock();
    const app = await appWith({ timeoutMs: 200 }, clock);
    const { users } = app.resolve(Importer);
    const never = gate<User>();
    answer = never.promise;
    const idle = clock.pending;
    const asked = users.find(1);
    asked.catch(() => undefined);
    expect(clock.pending).toBe(idle + 1);
    await clock.advance(199);
    await clock.advance(1);
    await expect(asked).rejects.toMatchObject({
      code: 'SERVICE_TIMEOUT',
      status: 504,
      message: 'SERVICE_TIMEOUT: users-plugin.users: find did not answer within 200 ms.',
    });
    never.open(ann);
    answer = Promise.resolve(ann);
    expect(await users.find(1)).toEqual(ann);
    expect(users.other(1)).toEqual([1, 'private', 1]);
    expect(clock.pending).toBe(idle);
    expect(app.resolve(ServiceRegistry).list()).toMatchObject([{ service: 'users', timeoutMs: 200 }]);
    await app.close();
  });

  it('cuts what the method does for the request, and the client hears of it', async () => {
    const clock = new ManualClock();
    const reasons: unknown[] = [];
    interface Slow {
      wait(): Promise<string>;
    }
    const SLOW = serviceRef<Slow>('slow-plugin', 'slow');
    @Injectable()
    class SlowService implements Slow {
      constructor(private readonly current: CurrentRequest) {}
      wait() {
        const { signal } = this.current;
        return new Promise<string>((_, reject) => {
          signal.addEventListener('abort', () => {
            reasons.push((signal.reason as { reason: string }).reason);
            reject(signal.reason as Error);
          });
        });
      }
    }
    @Plugin({
      name: 'slow-plugin',
      version: '1.0.0',
      providers: [SlowService],
      exports: [exportService(SLOW, SlowService, { timeoutMs: 50 })],
    })
    class SlowPlugin {}
    @Controller()
    class Asking {
      constructor(@ImportService(SLOW) private readonly slow: Slow) {}
      @Get('/')
      get() {
        return this.slow.wait();
      }
    }
    @Plugin({ name: 'asking-plugin', version: '1.0.0', controllers: [Asking] })
    class AskingPlugin {}
    @Module({ imports: [AskingPlugin, SlowPlugin] })
    class App {}
    const app = await createTestApp(App, { clock });
    const asked = app.request({ method: 'GET', url: '/' });
    await soon(() => expect(app.app.requests.list()).toHaveLength(1));
    await clock.advance(50);
    const answered = await asked;
    expect([answered.status, answered.json()]).toMatchObject([504, { code: 'SERVICE_TIMEOUT' }]);
    expect(reasons).toEqual(['deadline']);
    expect(app.leaks()).toEqual([]);
    await app.close();
  });

  it('is a number of milliseconds, as everything a service says of itself is looked at', async () => {
    const options = { timeoutMs: 0, description: 5, health: 7, version: 'new' } as never;
    await expect(appWith(options)).rejects.toThrow(
      [
        'APP_WIRING_FAILED: 4 wiring mistakes, and nothing was started:',
        '  1. SERVICE_OPTION_INVALID: UsersPlugin: the version of the service users-plugin.users is "new"; expected a semantic version, such as "1.0.0".',
        '  2. SERVICE_OPTION_INVALID: UsersPlugin: the description of the service users-plugin.users is 5; expected a text.',
        '  3. SERVICE_OPTION_INVALID: UsersPlugin: the health of the service users-plugin.users is 7; expected a function, or the name of a method.',
        '  4. SERVICE_OPTION_INVALID: UsersPlugin: the timeoutMs of the service users-plugin.users is 0; expected a number of milliseconds above 0.',
      ].join('\n'),
    );
  });
});

it('is measured where it says so, by service, method and what it failed with', async () => {
  const app = await appWith({ measured: true });
  const { users } = app.resolve(Importer);
  answer = ann;
  await users.find(1);
  users.now(1);
  answer = broken;
  await users.find(1).catch(() => undefined);
  answer = of(ann);
  await firstValueFrom(users.live());
  const { series } = app.app.metrics.snapshot()['service.call.duration'];
  const told = series.map((it) => [it.attributes.method, it.attributes['error.type'], 'count' in it ? it.count : 0]);
  expect(told.sort()).toEqual([
    ['find', undefined, 1],
    ['find', 'SERVICE_RESULT_INVALID', 1],
    ['live', undefined, 1],
    ['now', undefined, 1],
  ]);
  await app.close();
});
