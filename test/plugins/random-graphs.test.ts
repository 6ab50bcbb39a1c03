import fc from 'fast-check';
import type { ConcreteClass } from '../../lib/metadata/slot';
import { Module, type ModuleOptions } from '../../lib/plugins/plugin';
import type { Provider } from '../../lib/plugins/provider';
import { startInstances, stopInstances } from '../../lib/plugins/run-instances';
import { build, mistakesOf, planOf } from './plan';

/** A provider `k<module>.<at>` that needs others by key, some of which may not be there or not be visible. */
interface DrawnProvider {
  readonly key: string;
  readonly needs: readonly string[];
  readonly scope: 'singleton' | 'request';
  readonly kind: 'factory' | 'async factory' | 'class';
}

interface DrawnModule {
  readonly imports: readonly number[];
  readonly providers: readonly DrawnProvider[];
  readonly exports: readonly string[];
  /** Imports that are passed on as a whole. */
  readonly passes: readonly number[];
}

type Drawn = readonly DrawnModule[];

const SIZE = { modules: 6, providers: 4 };

function keyOf(module: number, at: number): string {
  return `k${module}.${at}`;
}

/** Modules that import only earlier ones; the last is the root and imports what nobody else does. What providers need is any key at all. */
function drawGraph(extra: { scopes: boolean }): fc.Arbitrary<Drawn> {
  return fc.integer({ min: 1, max: SIZE.modules }).chain((count) => {
    const modules = Array.from({ length: count }, (_, module) => drawModule(module, extra));
    return fc.tuple(...modules).map((all) => connect(all));
  });
}

function drawModule(module: number, extra: { scopes: boolean }): fc.Arbitrary<DrawnModule> {
  const earlier = Array.from({ length: module }, (_, at) => at);
  const anyKey = fc.tuple(fc.nat({ max: SIZE.modules - 1 }), fc.nat({ max: SIZE.providers - 1 })).map(([m, at]) => keyOf(m, at));
  const providers = fc.integer({ min: 0, max: SIZE.providers }).chain((count) =>
    fc.tuple(
      ...Array.from({ length: count }, (_, at) =>
        fc.record({
          key: fc.constant(keyOf(module, at)),
          needs: fc.uniqueArray(anyKey, { maxLength: 3 }),
          scope: extra.scopes ? fc.constantFrom('singleton' as const, 'request' as const) : fc.constant('singleton' as const),
          kind: fc.constantFrom('factory' as const, 'async factory' as const, 'class' as const),
        }),
      ),
    ),
  );
  return providers.chain((drawn: DrawnProvider[]) =>
    fc.subarray(earlier).chain((imports) =>
      fc.record({
        imports: fc.shuffledSubarray(imports, { minLength: imports.length }),
        providers: fc.constant(drawn),
        exports: fc.subarray(drawn.map(({ key }) => key)),
        passes: fc.subarray(imports),
      }),
    ),
  );
}

/** Lets the root import every module that nobody imports. */
function connect(all: readonly DrawnModule[]): Drawn {
  const imported = new Set(all.flatMap(({ imports }) => imports));
  const root = all[all.length - 1];
  const strays = all.slice(0, -1).flatMap((_, at) => (imported.has(at) ? [] : [at]));
  return [...all.slice(0, -1), { ...root, imports: [...root.imports, ...strays] }];
}

/** What a module exports, said as plainly as possible. */
function exportsOf(drawn: Drawn, module: number): Set<string> {
  const { exports, passes } = drawn[module];
  return new Set([...exports, ...passes.flatMap((it) => [...exportsOf(drawn, it)])]);
}

/** What a module sees. */
function seenBy(drawn: Drawn, module: number): Set<string> {
  const { providers, imports } = drawn[module];
  return new Set([...providers.map(({ key }) => key), ...imports.flatMap((it) => [...exportsOf(drawn, it)])]);
}

/** The same modules without what would be a mistake: what is not seen, and what closes a cycle. */
function mend(drawn: Drawn): Drawn {
  return drawn.map((module, at) => {
    const seen = seenBy(drawn, at);
    const own = module.providers.map(({ key }) => key);
    const providers = module.providers.map((provider, place) => ({
      ...provider,
      needs: provider.needs.filter((key) => seen.has(key) && !own.slice(place).includes(key)),
    }));
    return { ...module, providers };
  });
}

/** Real modules; what is made writes down that it was, and what its hooks are called with. */
function makeModules(drawn: Drawn, log: string[]): ConcreteClass[] {
  const classes: ConcreteClass[] = [];
  drawn.forEach(({ imports, providers, exports, passes }, at) => {
    const made = class {};
    Object.defineProperty(made, 'name', { value: `Module${at}` });
    const options: ModuleOptions = {
      imports: imports.map((it) => classes[it]),
      providers: providers.map((it) => makeProvider(it, log)),
      exports: [...exports, ...passes.map((it) => classes[it])],
    };
    Module(options)(made);
    classes.push(made);
  });
  return classes;
}

function makeProvider({ key, needs, scope, kind }: DrawnProvider, log: string[]): Provider {
  class Made {
    readonly key = key;
    readonly needs: readonly unknown[];
    constructor(...args: unknown[]) {
      this.needs = args;
      log.push(`make ${key}`);
    }
    initialize(): unknown {
      log.push(`initialize ${key}`);
      return kind === 'factory' ? undefined : Promise.resolve();
    }
    start(): void {
      log.push(`start ${key}`);
    }
    stop(): void {
      log.push(`stop ${key}`);
    }
    shutdown(): void {
      log.push(`shutdown ${key}`);
    }
  }
  if (kind === 'class') return { provide: key, useClass: Made, inject: needs, scope };
  const make = (...args: unknown[]): unknown => new Made(...args);
  if (kind === 'factory' || scope === 'request') return { provide: key, useFactory: make, inject: needs, scope };
  return { provide: key, useFactory: async (...args: unknown[]) => Promise.resolve(make(...args)), inject: needs, scope };
}

function said(log: readonly string[], verb: string): string[] {
  return log.filter((line) => line.startsWith(`${verb} `)).map((line) => line.slice(verb.length + 1));
}

describe('any graph of modules without mistakes', () => {
  it('is made, initialised and started after what it needs, and ends in the exact reverse', async () => {
    await fc.assert(
      fc.asyncProperty(drawGraph({ scopes: false }).map(mend), async (drawn) => {
        const log: string[] = [];
        const { instances } = await build(makeModules(drawn, log).at(-1)!);
        await startInstances(instances);
        // `initialize` of independent modules runs side by side, so its reverse is that of the modules, as they became ready.
        const ready = [...instances].sort((a, b) => a.initializedRank - b.initializedRank);
        const keys = ready.flatMap(({ module }) => module.order.map(({ key }) => key).filter((key) => typeof key === 'string'));
        await stopInstances(instances);
        const all = drawn.flatMap(({ providers }) => providers);
        for (const verb of ['make', 'initialize', 'start']) {
          const order = said(log, verb);
          expect([...order].sort()).toEqual(all.map(({ key }) => key).sort());
          for (const { key, needs } of all)
            for (const need of needs) expect(order.indexOf(need)).toBeLessThan(order.indexOf(key));
        }
        for (const [at, { imports, providers }] of drawn.entries()) {
          const theirs = imports.flatMap((it) => drawn[it].providers.map(({ key }) => log.indexOf(`initialize ${key}`)));
          for (const { key } of providers) expect(log.indexOf(`make ${key}`)).toBeGreaterThan(Math.max(-1, ...theirs));
          expect(instances.map(({ name }) => name)).toContain(`Module${at}`);
        }
        expect(said(log, 'stop')).toEqual(said(log, 'start').reverse());
        expect(said(log, 'shutdown')).toEqual(keys.reverse());
      }),
    );
  });

  it('lets each module have exactly what it provides and its imports export', async () => {
    await fc.assert(
      fc.asyncProperty(drawGraph({ scopes: false }).map(mend), async (drawn) => {
        const { instances } = await build(makeModules(drawn, []).at(-1)!);
        const all = drawn.flatMap(({ providers }) => providers.map(({ key }) => key));
        for (const [at] of drawn.entries()) {
          const { container } = instances.find(({ name }) => name === `Module${at}`)!;
          const seen = seenBy(drawn, at);
          const had = all.filter((key) => {
            try {
              return container.resolve<{ key: string }>(key).key === key;
            } catch {
              return false;
            }
          });
          expect(had).toEqual(all.filter((key) => seen.has(key)));
        }
      }),
    );
  });

  it('passes each the very instances it needs, whoever made them', async () => {
    await fc.assert(
      fc.asyncProperty(drawGraph({ scopes: false }).map(mend), async (drawn) => {
        const { instances } = await build(makeModules(drawn, []).at(-1)!);
        const made = new Map<string, { readonly needs: readonly unknown[] }>();
        for (const { module, container } of instances)
          for (const key of module.own.keys()) made.set(key as string, container.resolve(key as string));
        for (const { key, needs } of drawn.flatMap(({ providers }) => providers)) {
          expect(made.get(key)?.needs).toEqual(needs.map((need) => made.get(need)));
        }
      }),
    );
  });
});

describe('any graph of modules whatever', () => {
  /** The mistakes it has, found by looking at each provider alone. */
  function expectedMistakes(drawn: Drawn): string[] {
    const owners = new Map(drawn.flatMap(({ providers }, at) => providers.map(({ key }) => [key, at] as const)));
    const exported = new Set(drawn.flatMap((_, at) => [...exportsOf(drawn, at)]));
    const scopes = new Map(drawn.flatMap(({ providers }) => providers.map(({ key, scope }) => [key, scope] as const)));
    return drawn.flatMap(({ providers }, at) => {
      const seen = seenBy(drawn, at);
      return providers.flatMap(({ key, needs, scope }) =>
        needs.flatMap((need) => {
          const where = `${key} of ${at} needs ${need}`;
          if (!owners.has(need)) return [`DEPENDENCY_UNKNOWN ${where}`];
          if (!seen.has(need)) return [`${exported.has(need) ? 'PLUGIN_NOT_IMPORTED' : 'PLUGIN_NOT_EXPORTED'} ${where}`];
          return scope === 'singleton' && scopes.get(need) === 'request' ? [`SCOPE_CAPTIVE ${where}`] : [];
        }),
      );
    });
  }

  it('has every mistake found, and no other', () => {
    fc.assert(
      fc.property(drawGraph({ scopes: true }), (drawn) => {
        const found = mistakesOf(makeModules(drawn, []).at(-1)!).filter(({ code }) => code !== 'PROVIDER_CYCLE');
        const told = found.map(({ code, message }) => {
          const [, key, module, need] = /"(k[\d.]+)"\)? in Module(\d+) needs "(k[\d.]+)"/.exec(message) ?? [];
          return `${code} ${key} of ${module} needs ${need}`;
        });
        expect(told.sort()).toEqual(expectedMistakes(drawn).sort());
      }),
      { numRuns: 300 },
    );
  });

  it('has a cycle reported exactly when there is one, and each reported path is one', () => {
    fc.assert(
      fc.property(drawGraph({ scopes: false }), (drawn) => {
        const edges = new Map<string, string[]>();
        for (const { providers } of drawn) {
          const own = new Set(providers.map(({ key }) => key));
          for (const { key, needs } of providers)
            edges.set(
              key,
              needs.filter((need) => own.has(need)),
            );
        }
        const reaches = (from: string, to: string, seen = new Set<string>()): boolean =>
          (edges.get(from) ?? []).some((next) => next === to || (!seen.has(next) && reaches(next, to, seen.add(next))));
        const isCyclic = [...edges.keys()].some((key) => reaches(key, key));
        const paths = mistakesOf(makeModules(drawn, []).at(-1)!)
          .filter(({ code }) => code === 'PROVIDER_CYCLE')
          .map(({ message }) => [...message.matchAll(/"(k[\d.]+)"/g)].map(([, key]) => key));
        expect(paths.length > 0).toBe(isCyclic);
        for (const path of paths) {
          expect(path[0]).toBe(path[path.length - 1]);
          for (let at = 1; at < path.length; at++) expect(edges.get(path[at - 1])).toContain(path[at]);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('has one import cycle reported when one is planted, along its path', () => {
    fc.assert(
      fc.property(drawGraph({ scopes: false }).map(mend), fc.nat(), (drawn, chosen) => {
        const classes = makeModules(drawn, []);
        const planted = chosen % classes.length;
        const options = { ...drawn[planted] };
        Module({ imports: [...options.imports.map((it) => classes[it]), () => classes[classes.length - 1]] })(classes[planted]);
        const cycles = mistakesOf(classes[classes.length - 1]).filter(({ code }) => code === 'PLUGIN_CYCLE');
        expect(cycles).toHaveLength(1);
        const path = [...cycles[0].message.matchAll(/Module(\d+)/g)].map(([, at]) => Number(at));
        expect([path[0], path.at(-2), path.at(-1)]).toEqual([drawn.length - 1, planted, drawn.length - 1]);
        for (let at = 1; at < path.length - 1; at++) expect(drawn[path[at - 1]].imports).toContain(path[at]);
      }),
    );
  });

  it('is planned without touching it: a second plan is the same', () => {
    fc.assert(
      fc.property(drawGraph({ scopes: false }).map(mend), (drawn) => {
        const root = makeModules(drawn, []).at(-1)!;
        const shape = (): unknown => planOf(root).modules.map(({ label, order }) => [label, order.map(({ key }) => String(key))]);
        expect(shape()).toEqual(shape());
      }),
    );
  });
});
