import { Lifetime } from '../../lib/lifetime/lifetime';
import { Injectable, Module } from '../../lib/plugins/plugin';
import type { Provider } from '../../lib/plugins/provider';
import { RequestScope, type Supply } from '../../lib/plugins/request-scope';
import { Inject, Optional } from '../../lib/plugins/service-token';
import { expectNothingLeft } from '../support/expect-nothing-left';
import { build } from './plan';

function perRequest<T>(supply: Supply<T>): (scope: RequestScope) => T {
  if (supply.kind !== 'request') throw new Error('it is a singleton');
  return (scope) => supply.make(scope);
}

function scopeIn(lifetime = Lifetime.root()): RequestScope {
  return new RequestScope({ lifetime });
}

class Database {}

@Injectable({ scope: 'request' })
class Tenant {
  constructor(readonly database: Database) {}
}

@Injectable({ scope: 'request' })
class Cart {
  constructor(
    readonly tenant: Tenant,
    @Inject('tenant') readonly again: Tenant,
    @Inject('stamp') readonly stamp: object,
    @Optional() @Inject('missing') readonly missing?: unknown,
  ) {}
}

@Injectable()
class Carts {
  constructor(
    readonly cart: Cart,
    readonly tenant: Tenant,
    readonly database: Database,
  ) {}

  one(@Inject(Cart) cart: Cart, @Inject(Database) database: Database): unknown {
    return [cart, database];
  }
}

@Injectable()
class Plain {
  one(@Inject(Tenant) tenant: Tenant): Tenant {
    return tenant;
  }
}

let stamps = 0;
const stamp: Provider = {
  provide: 'stamp',
  useFactory: (tenant: Tenant) => ({ tenant, at: ++stamps }),
  inject: [Tenant],
  scope: 'request',
};

@Module({
  providers: [Tenant, Database, { provide: 'tenant', useExisting: Tenant }, stamp],
  exports: [Tenant, 'tenant', 'stamp', Database],
})
class Data {}

@Module({ imports: [Data], providers: [Cart], controllers: [Carts, Plain] })
class App {}

describe('what is made for each request', () => {
  it('is the same within one request, under every name and in every module, and new in the next', async () => {
    const { root } = await build(App);
    const make = perRequest(root.supplyController(Carts));
    const [one, two] = [scopeIn(), scopeIn()];
    const carts = make(one);
    expect(make(one)).toBe(carts);
    expect(carts.tenant).toBe(carts.cart.tenant);
    expect(carts.cart.again).toBe(carts.tenant);
    expect(carts.cart.stamp).toMatchObject({ tenant: carts.tenant });
    expect(carts.cart.missing).toBeUndefined();
    const other = make(two);
    expect([
      other === carts,
      other.cart === carts.cart,
      other.tenant === carts.tenant,
      other.cart.stamp === carts.cart.stamp,
    ]).toEqual(Array(4).fill(false));
    expect(other.database).toBe(carts.database);
    expect(carts.database).toBe(root.container.resolve(Database));
  });

  it('leaves a controller that does not need it alone, also when a method of it does', async () => {
    const { root } = await build(App);
    const supply = root.supplyController(Plain);
    expect(supply).toEqual({ kind: 'singleton', value: expect.any(Plain) });
    expect(root.supplyController(Plain)).toEqual(supply);
    const scope = scopeIn();
    const [tenant] = [...root.supplyParameters(Plain, 'one').values()];
    expect(perRequest(tenant)(scope)).toBe(perRequest(root.supply(Tenant))(scope));
  });

  it('is had at the parameters of methods, beside singletons', async () => {
    const { root } = await build(App);
    const supplies = root.supplyParameters(Carts, 'one');
    expect([...supplies].map(([at, { kind }]) => [at, kind]).sort()).toEqual([
      [0, 'request'],
      [1, 'singleton'],
    ]);
    expect(root.supplyParameters(Carts, 'other').size).toBe(0);
  });

  it('is not made while building, and is refused by the container', async () => {
    const before = stamps;
    const { root } = await build(App);
    expect(() => root.container.resolve('stamp')).toThrow(
      'PROVIDER_PER_REQUEST: App asks for "stamp", which is made for each request: it can only be had while one is served, by injection into a controller or a request-scoped provider.',
    );
    expect(stamps).toBe(before);
    expect([...root.imports[0].exports.keys()]).toEqual([Database]);
  });

  it('is remembered also when it is undefined', async () => {
    let asked = 0;
    const nothing: Provider = { provide: 'nothing', useFactory: () => void asked++, scope: 'request' };
    @Module({ providers: [nothing] })
    class Nothing {}
    const { root } = await build(Nothing);
    const make = perRequest(root.supply('nothing'));
    const scope = scopeIn();
    expect([make(scope), make(scope), asked]).toEqual([undefined, undefined, 1]);
  });

  it('is refused when its factory returns a promise after all', async () => {
    const later: Provider = { provide: 'later', useFactory: () => Promise.resolve(1), scope: 'request' };
    @Module({ providers: [later] })
    class Later {}
    const { root } = await build(Later);
    expect(() => perRequest(root.supply('later'))(scopeIn())).toThrow(
      'SCOPE_FACTORY_ASYNC: The factory of "later" in Later is asynchronous and has scope "request": a request does not wait for its providers. Let an asynchronous singleton prepare what takes time, and make the rest from it at once.',
    );
  });

  it('makes a controller for each request that says so itself', async () => {
    @Injectable({ scope: 'request' })
    class Counter {}
    @Module({ controllers: [Counter] })
    class Counting {}
    const { root } = await build(Counting);
    const make = perRequest(root.supplyController(Counter));
    expect(make(scopeIn())).not.toBe(make(scopeIn()));
  });

  it('is disposed of with the request, the last made first', async () => {
    const log: string[] = [];
    class First {
      dispose(): void {
        log.push('first');
      }
    }
    class Second {
      [Symbol.dispose](): void {
        log.push('second');
      }
    }
    const providers: Provider[] = [
      { provide: 'first', useClass: First, scope: 'request' },
      { provide: 'alias', useExisting: 'first' },
      { provide: 'second', useFactory: () => new Second(), inject: ['first', 'alias'], scope: 'request' },
    ];
    @Module({ providers })
    class Disposing {}
    const { root } = await build(Disposing);
    const owner = Lifetime.root();
    const lifetime = owner.open();
    perRequest(root.supply('second'))(scopeIn(lifetime));
    expect(log).toEqual([]);
    lifetime.end('finished');
    expect(log).toEqual(['second', 'first']);
    expectNothingLeft(owner);
  });

  it('holds the request while it is disposed of asynchronously, and reports what fails', async () => {
    const reported: unknown[] = [];
    const owner = Lifetime.root({ report: (error) => reported.push(error) });
    let settle = (): void => undefined;
    const dispose = (): Promise<void> => new Promise((_, reject) => (settle = () => reject(new Error('not released'))));
    const provider: Provider = { provide: 'slow', useFactory: () => ({ dispose }), scope: 'request' };
    @Module({ providers: [provider] })
    class Slow {}
    const { root } = await build(Slow);
    const lifetime = owner.open();
    perRequest(root.supply('slow'))(scopeIn(lifetime));
    lifetime.end('client');
    expect([lifetime.state, lifetime.held]).toEqual(['ended', true]);
    settle();
    await lifetime.closed;
    expect(reported).toEqual([new Error('not released')]);
    expectNothingLeft(owner);
  });

  it('asks for no lifetime when there is nothing to dispose of', async () => {
    const { root } = await build(App);
    const owner = {
      get lifetime(): Lifetime {
        throw new Error('a lifetime was made');
      },
    };
    expect(perRequest(root.supplyController(Carts))(new RequestScope(owner))).toBeInstanceOf(Carts);
  });

  it('leaves nothing behind of a hundred thousand requests but what they hold themselves', async () => {
    const { root } = await build(App);
    const make = perRequest(root.supplyController(Carts));
    const scope = scopeIn();
    make(scope);
    const size = scope.made.size;
    for (let times = 0; times < 100_000; times++) make(new RequestScope(scope.owner));
    expect([scope.made.size, size]).toEqual([4, 4]);
    expectNothingLeft(scope.owner.lifetime);
  });
});
