import fc from 'fast-check';
import { Lifetime, type Release } from '../../lib/lifetime/lifetime';
import { ManualClock } from '../../lib/testing/manual-clock';

/** As much of a plugin instance as its ending needs: its lifetime, whom it imports from, and the hook that stops it. */
interface Instance {
  readonly name: string;
  readonly lifetime: Lifetime;
  readonly imports: readonly Instance[];
  stop(): void;
}

/**
 * How replaced instances end, importers first. An importer holds what it imports until it is stopped itself, so that
 * nothing it still uses is torn down under its last exchange; a hook runs once nothing of its instance is left.
 */
async function retire(importersFirst: readonly Instance[], graceMs: number): Promise<void> {
  const releases = new Map<Instance, Release[]>();
  for (const instance of importersFirst)
    releases.set(
      instance,
      instance.imports.map(({ lifetime }) => lifetime.hold()),
    );
  for (const { lifetime } of importersFirst) lifetime.finish(graceMs);
  for (const instance of importersFirst) {
    await instance.lifetime.closed;
    instance.stop();
    for (const release of releases.get(instance)!) release();
  }
}

/** An exchange as a task: its handler's promise holds it until that settles, also when the client is long gone. */
interface ExchangeUnderWay {
  readonly instance: Instance;
  readonly lifetime: Lifetime;
  readonly settle: () => void;
  settled: boolean;
}

class Application {
  readonly clock = new ManualClock();
  readonly lifetime = Lifetime.root({ clock: this.clock });
  readonly instances: Instance[] = [];
  readonly stopped = new Set<Instance>();
  readonly exchanges: ExchangeUnderWay[] = [];
  readonly log: string[] = [];
  readonly mistakes: string[] = [];

  install(name: string, imports: readonly Instance[] = []): Instance {
    const lifetime = this.lifetime.openScope(name);
    lifetime.defer(() => this.log.push(`${name} torn down`));
    const instance: Instance = { name, lifetime, imports, stop: () => this.#stopped(instance) };
    this.instances.push(instance);
    return instance;
  }

  exchange(instance: Instance): ExchangeUnderWay {
    const lifetime = instance.lifetime.open();
    const release = lifetime.hold();
    const exchange: ExchangeUnderWay = {
      instance,
      lifetime,
      settled: false,
      settle: () => {
        exchange.settled = true;
        lifetime.end('finished');
        release();
      },
    };
    this.exchanges.push(exchange);
    return exchange;
  }

  #stopped(instance: Instance): void {
    this.log.push(`${instance.name} stopped`);
    this.stopped.add(instance);
    for (const importer of this.instances) {
      if (!importer.imports.includes(instance) || this.stopped.has(importer)) continue;
      this.mistakes.push(`${instance.name} is stopped before its importer ${importer.name}`);
    }
    for (const exchange of this.exchanges) {
      if (exchange.settled || !(exchange.instance === instance || reaches(exchange.instance, instance))) continue;
      this.mistakes.push(`${instance.name} is stopped under an exchange of ${exchange.instance.name}`);
    }
  }
}

function reaches(importer: Instance, exporter: Instance): boolean {
  return importer.imports.some((imported) => imported === exporter || reaches(imported, exporter));
}

describe('a swap of an exporter and its importer', () => {
  it('stops the importer, then the exporter, and lets both finish what they began', async () => {
    const app = new Application();
    const exporter = app.install('exporter');
    const importer = app.install('importer', [exporter]);
    const bystander = app.install('bystander');
    const slow = app.exchange(importer);
    const quick = app.exchange(exporter);
    const other = app.exchange(bystander);

    const retired = retire([importer, exporter], 1000);
    quick.settle();
    await app.clock.advance(500);
    expect(app.log).toEqual([]);
    expect(slow.lifetime).toMatchObject({ state: 'finishing' });
    expect(slow.lifetime.signal.aborted).toBe(false);

    slow.settle();
    await retired;
    expect(app.log).toEqual(['importer torn down', 'importer stopped', 'exporter torn down', 'exporter stopped']);
    expect([importer.lifetime.reason, exporter.lifetime.reason]).toEqual(['finished', 'finished']);
    expect([other.lifetime.state, bystander.lifetime.state, app.clock.pending]).toEqual(['open', 'open', 0]);
  });

  it('waits for the promise of a handler whose client left', async () => {
    const app = new Application();
    const plugin = app.install('plugin');
    const exchange = app.exchange(plugin);
    exchange.lifetime.end('client');
    const retired = retire([plugin], 1000);
    await app.clock.advance(999);
    expect([plugin.lifetime.state, app.log]).toEqual(['finishing', []]);
    exchange.settle();
    await retired;
    expect(app.log).toEqual(['plugin torn down', 'plugin stopped']);
  });

  it('cuts what goes on beyond the grace time, and still stops nobody before the last hold', async () => {
    const app = new Application();
    const exporter = app.install('exporter');
    const importer = app.install('importer', [exporter]);
    const stubborn = app.exchange(importer);
    const { signal } = stubborn.lifetime;
    const retired = retire([importer, exporter], 1000);
    await app.clock.advance(1000);
    expect(signal.reason).toMatchObject({ reason: 'shutdown', status: 503 });
    expect(app.log).toEqual(['importer torn down', 'exporter torn down']);
    await app.clock.advance(60_000);
    expect(app.log).toHaveLength(2);

    stubborn.settle();
    await retired;
    expect(app.log.slice(2)).toEqual(['importer stopped', 'exporter stopped']);
  });

  it('takes requests that were sorted before it and begin after it', async () => {
    const app = new Application();
    const plugin = app.install('plugin');
    const first = app.exchange(plugin);
    const retired = retire([plugin], 1000);
    const late = app.exchange(plugin);
    expect(late.lifetime.state).toBe('finishing');
    first.settle();
    await app.clock.advance(10);
    expect(app.log).toEqual([]);
    late.settle();
    await retired;
    expect(app.log).toEqual(['plugin torn down', 'plugin stopped']);
  });
});

type Event =
  | { readonly what: 'begin' | 'settle' | 'leave'; readonly at: number }
  | { readonly what: 'swap'; readonly at: number; readonly graceMs: number }
  | { readonly what: 'advance'; readonly ms: number };

const events: fc.Arbitrary<readonly Event[]> = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ what: fc.constantFrom('begin', 'settle', 'leave'), at: fc.nat(20) }) },
    { weight: 1, arbitrary: fc.record({ what: fc.constant('swap'), at: fc.nat(20), graceMs: fc.nat(50) }) },
    { weight: 2, arbitrary: fc.record({ what: fc.constant('advance'), ms: fc.nat(30) }) },
  ),
  { maxLength: 40, size: 'max' },
);

/** For each plugin, which of those before it it imports from. */
const graphs = fc.array(fc.array(fc.nat(4), { maxLength: 3 }), { minLength: 1, maxLength: 5 });

describe('any swaps under any load', () => {
  /** The changed one and all that import it are built anew; the rest is carried over. */
  function swap(app: Application, running: Instance[], changed: Instance, graceMs: number): Promise<void> {
    const renewed = new Map<Instance, Instance>();
    running.forEach((instance, slot) => {
      if (instance !== changed && !reaches(instance, changed)) return;
      const imports = instance.imports.map((imported) => renewed.get(imported) ?? imported);
      running[slot] = app.install(`${instance.name}'`, imports);
      renewed.set(instance, running[slot]);
    });
    return retire([...renewed.keys()].toReversed(), graceMs);
  }

  it('stop each replaced instance once, importers first, and none before its last hold', async () => {
    await fc.assert(
      fc.asyncProperty(graphs, events, async (graph, story) => {
        const app = new Application();
        const running: Instance[] = [];
        graph.forEach((imports, at) => {
          const before = at === 0 ? [] : [...new Set(imports.map((number) => running[number % at]))];
          running.push(app.install(`p${at}`, before));
        });
        const retired: Promise<void>[] = [];
        for (const event of story) {
          if (event.what === 'advance') await app.clock.advance(event.ms);
          else if (event.what === 'swap') retired.push(swap(app, running, running[event.at % running.length], event.graceMs));
          else if (event.what === 'begin') app.exchange(running[event.at % running.length]);
          else if (event.what === 'settle') app.exchanges[event.at % app.exchanges.length]?.settle();
          else app.exchanges[event.at % app.exchanges.length]?.lifetime.end('client');
        }
        for (const exchange of app.exchanges) exchange.settle();
        await Promise.all(retired);

        expect(app.mistakes).toEqual([]);
        const stopped = app.log.filter((line) => line.endsWith('stopped'));
        expect(new Set(stopped).size).toBe(stopped.length);
        expect(app.clock.pending).toBe(0);
        const left = [...app.lifetime.inside()].map(({ subject }) => subject);
        expect(left.toSorted()).toEqual(running.map(({ name }) => name).toSorted());
      }),
      { numRuns: 200 },
    );
  });
});
