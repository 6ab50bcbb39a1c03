import { Lifetime } from '../../lib/lifetime/lifetime';
import type { LifecycleHooks } from '../../lib/plugins/lifecycle';
import { Injectable, Module, Plugin } from '../../lib/plugins/plugin';
import type { Provider } from '../../lib/plugins/provider';
import { startInstances, stopInstances } from '../../lib/plugins/run-instances';
import { ManualClock } from '../../lib/testing/manual-clock';
import { expectNothingLeft } from '../support/expect-nothing-left';
import { build } from './plan';

const HOOKS = ['initialize', 'start', 'stop', 'shutdown'] as const;

/** A provider under `name` that writes its hooks down, and does what `hooks` say besides. */
function noted(log: string[], name: string, hooks: LifecycleHooks = {}): Provider {
  const object: Record<string, unknown> = {};
  for (const hook of HOOKS) {
    object[hook] = (context: unknown): unknown => {
      log.push(`${hook} ${name}`);
      return hooks[hook]?.(context);
    };
  }
  return { provide: name, useFactory: () => (log.push(`make ${name}`), object) };
}

/** Never settles by itself. */
function never(): Promise<never> {
  return new Promise(() => undefined);
}

describe('hooks', () => {
  it('run in the order of what needs what, each module before its importers are made, and in the exact reverse', async () => {
    const log: string[] = [];
    @Module({ providers: [noted(log, 'data'), noted(log, 'more data')], exports: ['data'] })
    class Data {}
    @Module({ imports: [Data], providers: [noted(log, 'users')] })
    class App {}
    const { instances } = await build(App);
    await startInstances(instances);
    await stopInstances(instances);
    const forward = ['data', 'more data', 'users'];
    const backward = [...forward].reverse();
    expect(log).toEqual([
      ...['make data', 'make more data', 'initialize data', 'initialize more data', 'make users', 'initialize users'],
      ...forward.map((it) => `start ${it}`),
      ...backward.map((it) => `stop ${it}`),
      ...backward.map((it) => `shutdown ${it}`),
    ]);
    expect(instances.map(({ state }) => state)).toEqual(['stopped', 'stopped']);
  });

  it('are those of classes, controllers, the module, factories and values, with the context of their module', async () => {
    const log: string[] = [];
    class Hooks {
      initialize(context: string): void {
        log.push(`${this.constructor.name} ${context}`);
      }
    }
    @Injectable()
    class Users extends Hooks {}
    @Injectable()
    class UsersController extends Hooks {}
    class Value extends Hooks {}
    class Made extends Hooks {}
    @Plugin({
      name: 'app',
      version: '1.0.0',
      controllers: [UsersController],
      providers: [Users, { provide: 'value', useValue: new Value() }, { provide: 'made', useFactory: async () => new Made() }],
    })
    class App extends Hooks {}
    await build(App, { contextFor: ({ name }) => `in ${name}` });
    expect(log).toEqual(['Users', 'Value', 'Made', 'UsersController', 'App'].map((it) => `${it} in app@1.0.0`));
  });

  it('run once for what has several names, is imported often or is listed as one value twice', async () => {
    const log: string[] = [];
    const shared = { initialize: () => log.push('shared'), start: 5 };
    const value: Provider = { provide: 'value', useValue: shared };
    const providers = [noted(log, 'data'), value, { provide: 'alias', useExisting: 'data' }];
    @Module({ providers, exports: ['data', 'alias', 'value'] })
    class Data {}
    @Module({ imports: [Data], exports: [Data], providers: [value] })
    class Left {}
    @Module({ imports: [Data, Left], providers: [{ provide: 'mine', useExisting: 'data' }] })
    class App {}
    const { instances } = await build(App);
    await startInstances(instances);
    await stopInstances(instances);
    await stopInstances(instances);
    expect(log).toEqual(['make data', 'initialize data', 'shared', 'start data', 'stop data', 'shutdown data']);
  });

  it('of independent modules run side by side', async () => {
    const log: string[] = [];
    let release = (): void => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    @Module({ providers: [noted(log, 'slow', { initialize: () => gate, start: () => gate })] })
    class Slow {}
    @Module({ providers: [noted(log, 'quick')] })
    class Quick {}
    @Module({ imports: [Slow, Quick], providers: [noted(log, 'app')] })
    class App {}
    const built = build(App);
    await new Promise((resolve) => setImmediate(resolve));
    expect(log).toEqual(['make slow', 'initialize slow', 'make quick', 'initialize quick']);
    release();
    await stopInstances((await built).instances);
    // What became ready last goes first: `quick` was ready before `slow`.
    expect(log.slice(4)).toEqual(['make app', 'initialize app', 'shutdown app', 'shutdown slow', 'shutdown quick']);
  });
});

describe('a failure while starting', () => {
  it('of initialize shuts down what was initialised, in reverse, and names plugin, hook and class', async () => {
    const log: string[] = [];
    @Injectable()
    class Broken {
      async initialize(): Promise<void> {
        throw new RangeError('no such table');
      }
      shutdown(): void {
        log.push('shutdown broken');
      }
    }
    const pool: Provider = { provide: 'pool', useValue: { shutdown: () => log.push('shutdown pool') } };
    @Plugin({ name: 'data', version: '2.0.0', providers: [noted(log, 'one'), Broken, noted(log, 'two'), pool] })
    class Data {}
    @Module({ providers: [noted(log, 'base')] })
    class Base {}
    @Module({ imports: [Base, Data], providers: [noted(log, 'app')] })
    class App {}
    const owner = Lifetime.root();
    await expect(build(App, { owner })).rejects.toMatchObject({
      code: 'PLUGIN_HOOK_FAILED',
      message: 'PLUGIN_HOOK_FAILED: data@2.0.0: initialize of Broken failed: no such table',
      cause: expect.any(RangeError),
    });
    expect(log).toEqual([
      ...['make base', 'initialize base', 'make one', 'make two', 'initialize one'],
      // Only what was initialised, or had nothing to initialise.
      ...['shutdown pool', 'shutdown one', 'shutdown base'],
    ]);
    expectNothingLeft(owner);
  });

  it('of start stops what was started, then shuts everything down', async () => {
    const log: string[] = [];
    const start = (): never => {
      throw new Error('the port is taken');
    };
    @Module({ providers: [noted(log, 'base')] })
    class Base {}
    @Module({ imports: [Base], providers: [noted(log, 'one'), noted(log, 'broken', { start }), noted(log, 'two')] })
    class Middle {}
    @Module({ imports: [Middle], providers: [noted(log, 'app')] })
    class App {}
    const { instances } = await build(App);
    log.length = 0;
    await expect(startInstances(instances)).rejects.toThrow(
      'PLUGIN_HOOK_FAILED: Middle: start of "broken" failed: the port is taken',
    );
    expect(log).toEqual([
      ...['start base', 'start one', 'start broken'],
      ...['stop one', 'stop base'],
      ...['shutdown app', 'shutdown two', 'shutdown broken', 'shutdown one', 'shutdown base'],
    ]);
  });

  it('in several modules at once is one error, with what failed while stopping', async () => {
    const log: string[] = [];
    const fail = (): never => {
      throw new Error('full');
    };
    const failLater = async (): Promise<never> => fail();
    @Module({ providers: [noted(log, 'base', { shutdown: fail })] })
    class Base {}
    @Module({ imports: [Base], providers: [noted(log, 'left', { initialize: failLater })] })
    class Left {}
    @Module({ imports: [Base], providers: [noted(log, 'right', { initialize: failLater })] })
    class Right {}
    @Module({ imports: [Left, Right] })
    class App {}
    await expect(build(App)).rejects.toMatchObject({
      message: [
        'PLUGIN_START_FAILED: 3 failures while starting:',
        '  1. PLUGIN_HOOK_FAILED: Left: initialize of "left" failed: full',
        '  2. PLUGIN_HOOK_FAILED: Right: initialize of "right" failed: full',
        '  3. PLUGIN_HOOK_FAILED: Base: shutdown of "base" failed: full',
      ].join('\n'),
      cause: expect.any(AggregateError),
    });
  });

  it('is a hook that takes longer than its limit', async () => {
    const clock = new ManualClock();
    @Module({ providers: [noted([], 'slow', { initialize: never })] })
    class Slow {}
    const text =
      'PLUGIN_HOOK_TIMEOUT: Slow: initialize of "slow" did not settle within 30000 ms. Look for a promise nobody resolves, or allow more time.';
    const built = expect(build(Slow, { clock })).rejects.toThrow(text);
    await clock.advance(30_000);
    await built;

    @Module({ providers: [noted([], 'idle', { start: never })] })
    class Idle {}
    const { instances } = await build(Idle);
    const started = expect(startInstances(instances, { clock, startTimeoutMs: 5 })).rejects.toThrow(
      'start of "idle" did not settle within 5 ms',
    );
    await clock.advance(5);
    await started;
    expect(clock.pending).toBe(0);
  });
});

describe('stopping', () => {
  it('calls every hook, whatever fails or hangs, and reports all of it together', async () => {
    const clock = new ManualClock();
    const log: string[] = [];
    const stop = (): never => {
      throw new Error('busy');
    };
    @Module({ providers: [noted(log, 'base', { stop, shutdown: never })] })
    class Base {}
    @Module({ imports: [Base], providers: [noted(log, 'one', { stop: never }), noted(log, 'two', { stop })] })
    class App {}
    const { instances } = await build(App);
    await startInstances(instances);
    log.length = 0;
    const stopped = expect(stopInstances(instances, { clock })).rejects.toMatchObject({
      message: [
        'PLUGIN_STOP_FAILED: 4 failures while stopping; everything else was stopped:',
        '  1. PLUGIN_HOOK_FAILED: App: stop of "two" failed: busy',
        '  2. PLUGIN_HOOK_TIMEOUT: App: stop of "one" did not settle within 10000 ms. Look for a promise nobody resolves, or allow more time.',
        '  3. PLUGIN_HOOK_FAILED: Base: stop of "base" failed: busy',
        '  4. PLUGIN_HOOK_TIMEOUT: Base: shutdown of "base" did not settle within 10000 ms. Look for a promise nobody resolves, or allow more time.',
      ].join('\n'),
    });
    await clock.advance(10_000);
    await clock.advance(10_000);
    await stopped;
    expect(log).toEqual(['stop two', 'stop one', 'stop base', 'shutdown two', 'shutdown one', 'shutdown base']);
    expect(clock.pending).toBe(0);
  });

  it('waits for the work inside a module, and asks a module only once its importers have stopped', async () => {
    const clock = new ManualClock();
    const owner = Lifetime.root({ clock });
    const log: string[] = [];
    @Module({ providers: [noted(log, 'base')] })
    class Base {}
    @Module({ imports: [Base], providers: [noted(log, 'app')] })
    class App {}
    const { instances, root } = await build(App, { owner });
    await startInstances(instances, { clock });
    log.length = 0;
    const [base] = instances;
    const requests = [root, base].map(({ lifetime }) => lifetime.open());
    const stopped = stopInstances(instances, { clock, drainMs: 1_000 });
    await clock.advance(10);
    expect([log, root.lifetime.state, base.lifetime.state]).toEqual([[], 'finishing', 'open']);
    requests[0].end('finished');
    await clock.advance(0);
    expect([log, base.lifetime.state]).toEqual([['stop app'], 'finishing']);
    requests[1].end('finished');
    await stopped;
    expect(log).toEqual(['stop app', 'stop base', 'shutdown app', 'shutdown base']);
    expectNothingLeft(owner);
  });

  it('cuts work that takes longer than all may take together, and goes on without what does not end even then', async () => {
    const clock = new ManualClock();
    const owner = Lifetime.root({ clock });
    const log: string[] = [];
    @Module({ providers: [noted(log, 'base')] })
    class Base {}
    @Module({ imports: [Base], providers: [noted(log, 'app')] })
    class App {}
    const { instances, root } = await build(App, { owner });
    await startInstances(instances, { clock });
    const [base] = instances;
    const release = root.lifetime.open().hold();
    const request = base.lifetime.open();
    const stopped = expect(stopInstances(instances, { clock, drainMs: 100, stopTimeoutMs: 50 })).rejects.toThrow(
      'PLUGIN_STILL_BUSY: App is stopped although 1 request or task of it had not ended 50 ms after being cut. Let that work listen to its signal.',
    );
    await clock.advance(100);
    expect([root.lifetime.reason, base.lifetime.reason]).toEqual(['shutdown', undefined]);
    await clock.advance(50);
    await stopped;
    // Nothing was left of the 100 ms when its turn came.
    expect(request.reason).toBe('shutdown');
    expect(log.slice(-4)).toEqual(['stop app', 'stop base', 'shutdown app', 'shutdown base']);
    release();
    expectNothingLeft(owner);
  });

  it('finds an application that was cut already, and a promise that still holds it', async () => {
    const clock = new ManualClock();
    const owner = Lifetime.root({ clock });
    @Module()
    class App {}
    const { instances, root } = await build(App, { owner });
    const release = root.lifetime.hold();
    owner.end('shutdown');
    const stopped = expect(stopInstances(instances, { clock, stopTimeoutMs: 50 })).rejects.toThrow(
      'although a promise that holds it had not ended',
    );
    await clock.advance(50);
    await stopped;
    release();
    expectNothingLeft(owner);
  });
});
