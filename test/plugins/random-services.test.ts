import fc from 'fast-check';
import { type Application, createApp } from 'rockstar-web';
import type { ConcreteClass } from '../../lib/metadata/slot';
import { Module, Plugin } from '../../lib/plugins/plugin';
import type { PluginInstance } from '../../lib/plugins/plugin-instance';
import type { Provider } from '../../lib/plugins/provider';
import { startInstances, stopInstances } from '../../lib/plugins/run-instances';
import { exportService } from '../../lib/plugins/service-export';
import { importService } from '../../lib/plugins/service-import';
import { serviceRef } from '../../lib/plugins/service-ref';
import { newestFirst, within } from '../../lib/plugins/version';
import { build, mistakesOf } from './plan';

/** What a plugin asks for: a service of the plugin `p<of>`, within a range. */
interface DrawnUse {
  readonly of: number;
  readonly range: string;
  readonly isOptional: boolean;
}

/** A version of the plugin `p<at>`. It has a private provider, exports the service `s` unless it is silent, and uses services. */
interface DrawnPlugin {
  readonly at: number;
  readonly version: string;
  readonly isSilent: boolean;
  readonly uses: readonly DrawnUse[];
  readonly fails?: 'initialize' | 'start' | undefined;
}

const PLUGINS = 5;
const VERSIONS = ['1.0.0', '1.4.0', '2.0.0'];
const RANGES = ['*', '^1', '^2', '>=1.4', '^3'];

/** Any plugins at all: what they use may be missing, of another version, or use them in turn. */
function drawPlugin(at: number, ranges: readonly string[] = RANGES): fc.Arbitrary<DrawnPlugin> {
  return fc.record({
    at: fc.constant(at),
    version: fc.constantFrom(...VERSIONS),
    isSilent: fc.integer({ min: 0, max: 9 }).map((it) => it === 0),
    uses: fc.uniqueArray(
      fc.record({ of: fc.nat({ max: PLUGINS - 1 }), range: fc.constantFrom(...ranges), isOptional: fc.boolean() }),
      { maxLength: 3, selector: ({ of, range }) => `${of} ${range}` },
    ),
  });
}

function drawPlugins(): fc.Arbitrary<DrawnPlugin[]> {
  const any = fc.nat({ max: PLUGINS - 1 }).chain((at) => drawPlugin(at));
  return fc.uniqueArray(any, { maxLength: 8, selector: titleOf });
}

function titleOf({ at, version }: DrawnPlugin): string {
  return `p${at}@${version}`;
}

/** What somebody is given for a use, said as plainly as possible. */
function meantBy(all: readonly DrawnPlugin[], { of, range }: DrawnUse): DrawnPlugin | undefined {
  const offered = all.filter(({ at, isSilent }) => at === of && !isSilent);
  return [...within(offered, ({ version }) => version, range)].sort((one, other) => newestFirst(one.version, other.version))[0];
}

/** The same plugins without what would be a mistake: what is missing and required, and uses that do not go down. */
function mend(all: readonly DrawnPlugin[]): DrawnPlugin[] {
  return all.map((plugin) => ({
    ...plugin,
    uses: plugin.uses.filter((use) => use.of < plugin.at && (use.isOptional || meantBy(all, use) !== undefined)),
  }));
}

/** What was made for a plugin: the service it exports, and what it was given. */
class Made {
  constructor(
    readonly title: string,
    readonly log: string[],
    readonly given: readonly (Made | undefined)[],
    readonly fails: DrawnPlugin['fails'],
  ) {}
  initialize() {
    if (this.fails === 'initialize') throw new RangeError('out of luck');
    this.log.push(`initialize ${this.title}`);
    return Promise.resolve();
  }
  start() {
    if (this.fails === 'start') throw new RangeError('out of luck');
    this.log.push(`start ${this.title}`);
  }
  stop() {
    this.log.push(`stop ${this.title}`);
  }
  shutdown() {
    this.log.push(`shutdown ${this.title}`);
  }
}

/** A real plugin. */
function pluginOf(drawn: DrawnPlugin, log: string[]): ConcreteClass {
  const { at, version, isSilent, uses } = drawn;
  const ref = serviceRef<Made>(`p${at}`, 's');
  const provide: Provider = {
    provide: `made ${titleOf(drawn)}`,
    useFactory: (_: unknown, ...given: (Made | undefined)[]) => new Made(titleOf(drawn), log, given, drawn.fails),
    inject: [
      `private ${titleOf(drawn)}`,
      ...uses.map((it) => importService(serviceRef<Made>(`p${it.of}`, 's'), { version: it.range, optional: it.isOptional })),
    ],
  };
  const it = class {};
  Object.defineProperty(it, 'name', { value: titleOf(drawn) });
  Plugin({
    ...{ name: `p${at}`, version },
    providers: [{ provide: `private ${titleOf(drawn)}`, useValue: titleOf(drawn) }, provide],
    exports: isSilent ? [] : [exportService(ref, `made ${titleOf(drawn)}`)],
  })(it);
  return it;
}

function rootOf(imports: readonly ConcreteClass[]): ConcreteClass {
  class Root {}
  Module({ imports })(Root);
  return Root;
}

function said(log: readonly string[], verb: string): string[] {
  return log.flatMap((line) => (line.startsWith(`${verb} `) ? [line.slice(verb.length + 1)] : []));
}

describe('any plugins that use services without mistakes', () => {
  const drawGood = drawPlugins().map(mend);

  it('are initialised and started behind what they use, and end in the exact reverse, in whatever order they are listed', async () => {
    await fc.assert(
      fc.asyncProperty(drawGood, fc.infiniteStream(fc.nat()), async (all, shuffle) => {
        const log: string[] = [];
        const listed = [...all].sort(() => ((shuffle.next().value ?? 0) % 3) - 1);
        const { instances } = await build(rootOf(listed.map((it) => pluginOf(it, log))));
        await startInstances(instances);
        await stopInstances(instances);
        for (const verb of ['initialize', 'start']) {
          const order = said(log, verb);
          expect([...order].sort()).toEqual(all.map(titleOf).sort());
          for (const plugin of all) {
            for (const use of plugin.uses) {
              const meant = meantBy(all, use);
              if (meant !== undefined) expect(order.indexOf(titleOf(meant))).toBeLessThan(order.indexOf(titleOf(plugin)));
            }
          }
        }
        expect(said(log, 'stop')).toEqual(said(log, 'start').reverse());
        expect(said(log, 'shutdown')).toEqual(said(log, 'initialize').reverse());
      }),
    );
  });

  it('end in the exact reverse of how far they came when some fail to start, and it is told which', async () => {
    const drawFailing = fc.tuple(drawGood, fc.infiniteStream(fc.constantFrom(undefined, undefined, 'initialize', 'start')));
    await fc.assert(
      fc.asyncProperty(drawFailing, async ([good, fails]) => {
        const all = good.map((it) => ({ ...it, fails: fails.next().value as DrawnPlugin['fails'] }));
        const log: string[] = [];
        const run = async (): Promise<void> => {
          const { instances } = await build(rootOf(all.map((it) => pluginOf(it, log))));
          await startInstances(instances);
          await stopInstances(instances);
        };
        const failure = await run().catch((error: unknown) => error as Error);
        expect(said(log, 'stop')).toEqual(said(log, 'start').reverse());
        expect(said(log, 'shutdown')).toEqual(said(log, 'initialize').reverse());
        const isInitialized = all.every(({ fails: hook }) => hook !== 'initialize');
        const isReached = (plugin: DrawnPlugin, hook: DrawnPlugin['fails']): boolean =>
          plugin.uses.flatMap((use) => meantBy(all, use) ?? []).every((it) => it.fails !== hook && isReached(it, hook));
        // Nothing is begun once something failed; what was begun before is told of with it, and it may be anything that could be.
        const failing = all.filter((it) => failure?.message.includes(`${titleOf(it)}: ${it.fails ?? 'nothing'} of `));
        for (const it of failing) {
          expect(it.fails === 'initialize' || isInitialized).toBe(true);
          expect(isReached(it, it.fails)).toBe(true);
        }
        const wasWhole = all.every(({ fails: hook }) => hook === undefined);
        expect([failure === undefined, failing.length === 0]).toEqual([wasWhole, wasWhole]);
      }),
    );
  });

  it('are each given the very service meant: the newest within the range, or nothing', async () => {
    await fc.assert(
      fc.asyncProperty(drawGood, async (all) => {
        const { instances } = await build(rootOf(all.map((it) => pluginOf(it, []))));
        const made = madeBy(instances);
        for (const plugin of all) {
          const expected = plugin.uses.map((use) => made.get(titleOf(meantBy(all, use) ?? NOBODY)));
          const { given } = made.get(titleOf(plugin))!;
          expect(given).toHaveLength(expected.length);
          given.forEach((it, index) => expect(it).toBe(expected[index]));
        }
      }),
    );
  });

  it('cannot have what is private to another, whoever asks for it', async () => {
    await fc.assert(
      fc.asyncProperty(drawGood, async (all) => {
        const { instances } = await build(rootOf(all.map((it) => pluginOf(it, []))));
        for (const plugin of all) {
          for (const kind of ['private', 'made']) {
            const having = instances.filter(({ container }) => {
              try {
                return container.resolve(`${kind} ${titleOf(plugin)}`) !== undefined;
              } catch (error) {
                expect((error as { code?: string }).code).toBe('PLUGIN_NOT_EXPORTED');
                return false;
              }
            });
            expect(having.map(({ name }) => name)).toEqual([titleOf(plugin)]);
          }
        }
      }),
      { numRuns: 40 },
    );
  });
});

const NOBODY: DrawnPlugin = { at: -1, version: '0.0.0', isSilent: true, uses: [] };

function madeBy(instances: readonly PluginInstance[]): Map<string, Made> {
  const plugins = instances.filter(({ definition }) => definition !== undefined);
  return new Map(plugins.map(({ name, container }) => [name, container.resolve<Made>(`made ${name}`)]));
}

describe('any plugins whatever', () => {
  /** The mistake a required use is, if it is one. */
  function mistakeOf(all: readonly DrawnPlugin[], use: DrawnUse): string | undefined {
    if (use.isOptional || meantBy(all, use) !== undefined) return undefined;
    const named = all.filter(({ at }) => at === use.of);
    if (named.length === 0) return 'PLUGIN_NOT_LOADED';
    return named.every(({ isSilent }) => isSilent) ? 'SERVICE_UNKNOWN' : 'SERVICE_VERSION_UNSATISFIED';
  }

  it('have every mistake found, and no other', () => {
    fc.assert(
      fc.property(drawPlugins(), (all) => {
        const expected = all.flatMap((plugin) =>
          plugin.uses.flatMap((use) => {
            const code = mistakeOf(all, use);
            return code === undefined ? [] : [`${code} ${titleOf(plugin)} p${use.of} ${use.range}`];
          }),
        );
        const found = mistakesOf(rootOf(all.map((it) => pluginOf(it, [])))).filter(({ code }) => !code.endsWith('_CYCLE'));
        const told = found.map(({ code, message }) => {
          const [, who, of, range = '*'] = /in (p\d@[\d.]+) needs (p\d)\.s(?: (\S+))? as /.exec(message) ?? [];
          return `${code} ${who} ${of} ${range}`;
        });
        expect(told.sort()).toEqual(expected.sort());
      }),
      { numRuns: 300 },
    );
  });

  it('have a cycle told of exactly when there is one, and each path is one', () => {
    fc.assert(
      fc.property(drawPlugins(), (all) => {
        const edges = new Map(
          all.map((plugin) => [titleOf(plugin), plugin.uses.flatMap((use) => meantBy(all, use) ?? []).map(titleOf)]),
        );
        const next = (from: string): readonly string[] => edges.get(from) ?? [];
        const leadsTo = (from: string, to: string, seen = new Set<string>()): boolean =>
          next(from).some((it) => it === to || (!seen.has(it) && leadsTo(it, to, seen.add(it))));
        // What uses its own service is no cycle of plugins, but of providers.
        const isCyclic = [...edges.keys()].some((it) => next(it).some((other) => other !== it && leadsTo(other, it)));
        const paths = mistakesOf(rootOf(all.map((it) => pluginOf(it, []))))
          .filter(({ code }) => code === 'PLUGIN_CYCLE')
          .map(({ message }) => [...message.matchAll(/p\d@[\d.]+\d/g)].map(([name]) => name));
        expect(paths.length > 0).toBe(isCyclic);
        for (const path of paths) {
          expect(path[0]).toBe(path[path.length - 1]);
          for (let at = 1; at < path.length; at++) expect(next(path[at - 1])).toContain(path[at]);
        }
      }),
      { numRuns: 300 },
    );
  });
});

/** A change somebody may ask for, whatever runs; `isKnown`: by the very class that was there once, where one was. */
interface Change {
  readonly kind: 'add' | 'replace' | 'remove';
  readonly plugin: DrawnPlugin;
  readonly version: string;
  readonly isKnown: boolean;
}

function drawChange(): fc.Arbitrary<Change> {
  const plugin = fc.nat({ max: PLUGINS - 1 }).chain((at) => drawPlugin(at, ['*', '^1', '>=1.4']));
  return fc.record({
    kind: fc.constantFrom('add', 'add', 'replace', 'replace', 'remove'),
    plugin: fc
      .tuple(plugin, fc.constantFrom('initialize' as const, 'start' as const, ...Array.from({ length: 10 }, () => undefined)))
      .map(([it, fails]) => ({ ...it, fails, uses: it.uses.filter(({ of }) => of < it.at) })),
    version: fc.constantFrom(...VERSIONS),
    isKnown: fc.boolean(),
  });
}

/** What runs after a change, and that it cannot be: as plainly as possible. */
function changed(running: readonly DrawnPlugin[], { kind, plugin, version }: Change): readonly DrawnPlugin[] | undefined {
  const target = running.find((it) => it.at === plugin.at && it.version === version);
  if (kind !== 'add' && target === undefined) return undefined;
  const rest = kind === 'add' ? running : running.filter((it) => it !== target);
  const next = kind === 'remove' ? rest : [...rest, plugin];
  if (new Set(next.map(titleOf)).size < next.length) return undefined;
  const isWhole = next.every(({ uses }) => uses.every((use) => use.isOptional || meantBy(next, use) !== undefined));
  return isWhole && (kind === 'remove' || plugin.fails === undefined) ? next : undefined;
}

describe('after any history of changes', () => {
  /** Who runs, who was given whom, and what is offered: by names, so that two applications can be compared. */
  function stateOf(app: Application): unknown {
    const made = new Map<string, Made>();
    const plugins = app.plugins.list().map(({ name, version, state }) => `${name}@${version} ${state}`);
    for (const title of plugins.map((it) => it.split(' ')[0])) made.set(title, app.resolve<Made>(`made ${title}`));
    const given = [...made].map(([title, it]) => [title, it.given.map((other) => other?.title)]);
    const isSame = [...made.values()].every((it) =>
      it.given.every((other) => other === undefined || made.get(other.title) === other),
    );
    return { plugins: plugins.sort(), given: given.sort(), isSame };
  }

  it('also failed ones, an application is as one put together of the same plugins anew, and nobody but those runs', async () => {
    await fc.assert(
      fc.asyncProperty(drawPlugins().map(mend), fc.array(drawChange(), { maxLength: 8 }), async (first, changes) => {
        const log: string[] = [];
        const known = new Map(first.map((it) => [titleOf(it), { drawn: it, made: pluginOf(it, log) }]));
        const app = await createApp(rootOf([...known.values()].map(({ made }) => made)), { logger: false });
        let running: readonly DrawnPlugin[] = first;
        for (const given of changes) {
          const title = titleOf(given.plugin);
          const fresh = { drawn: given.plugin, made: pluginOf(given.plugin, log) };
          const { drawn, made } = (given.isKnown ? known.get(title) : undefined) ?? fresh;
          known.set(title, { drawn, made });
          const change = { ...given, plugin: drawn };
          const next = changed(running, change);
          const asked = apply(app, change, made);
          if (next === undefined) await expect(asked).rejects.toThrow(/^(PLUGIN_|SERVICE_)/);
          else {
            const { stopped } = await asked;
            await stopped;
            running = next;
          }
          const another = await createApp(rootOf(running.map((it) => pluginOf(it, []))), { logger: false });
          expect(stateOf(app)).toEqual(stateOf(another));
          expect(stateOf(app)).toMatchObject({ isSame: true });
          await another.close();
        }
        // Whatever was started and is not there was stopped, once.
        const stillThere = running.map(titleOf);
        const ended = (verb: string): string[] => said(log, verb).sort();
        expect(ended('initialize')).toEqual([...ended('shutdown'), ...stillThere].sort());
        expect(ended('start')).toEqual([...ended('stop'), ...stillThere].sort());
        await app.close();
        expect(ended('initialize')).toEqual(ended('shutdown'));
        expect(ended('start')).toEqual(ended('stop'));
      }),
      { numRuns: 60 },
    );
  });

  function apply(app: Application, { kind, plugin: { at }, version }: Change, made: ConcreteClass) {
    const name = `p${at}`;
    if (kind === 'remove') return app.plugins.remove(name, { version });
    return kind === 'add' ? app.plugins.add(made) : app.plugins.replace(name, made, { version });
  }
});
