import { container as globalContainer } from 'tsyringe';
import { Injectable, Module } from '../../lib/plugins/plugin';
import type { Provider } from '../../lib/plugins/provider';
import { startInstances, stopInstances } from '../../lib/plugins/run-instances';
import { Inject, token } from '../../lib/plugins/service-token';
import { build, mistakesOf, textsOf } from './plan';

const CLOCK = token<number>('clock');

@Injectable()
class Database {}

@Injectable()
class Users {
  constructor(
    readonly database: Database,
    @Inject(CLOCK) readonly clock: number,
    readonly limit = 10,
  ) {}
}

@Module({ providers: [Users, Database, { provide: CLOCK, useValue: 5 }] })
class App {}

describe('what tsyringe would do', () => {
  it('is not done to the emitted types: a class is planned and built again as before', async () => {
    const first = await build(App);
    expect(mistakesOf(App)).toEqual([]);
    const second = await build(App);
    const users = [first, second].map(({ root }) => root.container.resolve(Users));
    expect(users).toMatchObject(Array(2).fill({ database: {}, clock: 5, limit: 10 }));
    expect(users[0].database).not.toBe(users[1].database);
  });

  it('does not leave anything in the container that all share, nor take anything from it', async () => {
    const { root } = await build(App);
    expect([Users, Database].some((it) => globalContainer.isRegistered(it))).toBe(false);
    globalContainer.register('stray', { useValue: 1 });
    try {
      expect(() => root.container.resolve('stray')).toThrow('DEPENDENCY_UNKNOWN');
      @Module({ providers: [{ provide: 'x', useExisting: 'stray' }] })
      class Hopeful {}
      expect(mistakesOf(Hopeful).map(({ code }) => code)).toEqual(['DEPENDENCY_UNKNOWN']);
    } finally {
      globalContainer.clearInstances();
      globalContainer.reset();
    }
  });

  it('does not recurse over a cycle of tokens, however they are joined', () => {
    const [one, two, three] = [token('one'), token('two'), token('three')];
    const providers: Provider[] = [
      { provide: one, useExisting: two },
      { provide: two, useFactory: () => 1, inject: [three] },
      { provide: three, useClass: Database, inject: [one] },
    ];
    @Module({ providers })
    class Round {}
    expect(textsOf(Round)).toEqual([
      'PROVIDER_CYCLE: Providers need each other: one → two → three → one. Move what they share into a provider of its own that each of them needs, or let one tell the other by an event.',
    ]);
  });

  it('does not dispose of singletons: their ending is `shutdown`', async () => {
    const log: string[] = [];
    class Pool {
      dispose(): void {
        log.push('dispose');
      }
      shutdown(): void {
        log.push('shutdown');
      }
    }
    @Module({ providers: [Pool] })
    class Pools {}
    const { instances } = await build(Pools);
    await startInstances(instances);
    await stopInstances(instances);
    expect(log).toEqual(['shutdown']);
  });

  it('lets the error of a constructor through as it was thrown', async () => {
    const thrown = new Error('no');
    @Injectable()
    class Broken {
      constructor(readonly database: Database) {
        throw thrown;
      }
    }
    @Module({ providers: [Broken, Database] })
    class Breaking {}
    await expect(build(Breaking)).rejects.toMatchObject({ cause: thrown });
  });
});
