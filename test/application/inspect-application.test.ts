import {
  Authorize,
  Controller,
  exportService,
  Get,
  type Guard,
  ImportService,
  Injectable,
  inspectApplication,
  Module,
  Plugin,
  Post,
  serviceRef,
  Timeout,
  UseGuards,
} from '../../lib/index';

const made: string[] = [];

@Injectable()
class Clock {
  constructor() {
    made.push('Clock');
  }
}

@Plugin({ name: 'time-plugin', version: '1.2.0', description: 'Tells the time', providers: [Clock], exports: [Clock] })
class TimePlugin {}

class Office implements Guard {
  canActivate(): boolean {
    return true;
  }
}

@Controller('/visits')
@UseGuards(Office)
class VisitsController {
  constructor(readonly clock: Clock) {
    made.push('VisitsController');
  }

  @Get('/:id')
  @Timeout(1_000)
  one() {
    return 1;
  }

  @Post()
  @Authorize('visits', 'write')
  add() {
    return 2;
  }
}

@Module({ imports: [TimePlugin], controllers: [VisitsController] })
class App {}

const auth = { permits: () => true };

describe('inspectApplication', () => {
  it('tells modules, who uses what of whom, and routes, as plain data and without making anything', async () => {
    const report = await inspectApplication(App, { prefix: '/api', auth, guards: [new Office()], handlerTimeoutMs: 5_000 });
    const common = { guards: ['Office', 'Office'], module: 'App' };
    expect(report).toEqual({
      root: 'App',
      modules: [
        {
          name: 'TimePlugin',
          plugin: { name: 'time-plugin', version: '1.2.0', description: 'Tells the time' },
          imports: [],
          controllers: [],
          providers: ['Clock'],
          exports: ['Clock'],
          uses: [],
          services: [],
          importedServices: [],
          dependsOn: [],
        },
        {
          name: 'App',
          plugin: undefined,
          imports: ['TimePlugin'],
          controllers: ['VisitsController'],
          providers: ['Office'],
          exports: [],
          uses: [{ module: 'TimePlugin', key: 'Clock' }],
          services: [],
          importedServices: [],
          dependsOn: ['TimePlugin'],
        },
      ],
      routes: [
        { method: 'GET', path: '/api/visits/:id', place: 'VisitsController.one', timeoutMs: 1_000, notes: {}, ...common },
        {
          method: 'POST',
          path: '/api/visits',
          place: 'VisitsController.add',
          timeoutMs: 5_000,
          notes: { authorize: ['visits:write'] },
          ...common,
        },
      ],
      mistakes: [],
    });
    expect(JSON.parse(JSON.stringify(report))).toMatchObject({ root: 'App', mistakes: [] });
    expect(made).toEqual([]);
  });

  it('tells the services that plugins offer and import, each once, with what each is given or why it is not', async () => {
    const CLOCK = serviceRef<Clock>('time-plugin', 'clock');
    const FAX = serviceRef<Clock>('fax-plugin', 'fax');
    @Plugin({
      ...{ name: 'time-plugin', version: '1.2.0', providers: [Clock] },
      exports: [exportService(CLOCK, Clock, { version: '3.1.0', description: 'The time' }), exportService(CLOCK, Clock)],
    })
    class OfferingPlugin {}
    @Injectable()
    class Watch {
      constructor(
        @ImportService(CLOCK, { version: '^3', optional: true }) readonly perhaps: Clock | undefined,
        @ImportService(CLOCK, { version: '^3' }) readonly surely: Clock,
        @ImportService(FAX, { optional: true }) readonly fax: Clock | undefined,
      ) {}
    }
    @Plugin({
      ...{ name: 'watch-plugin', version: '1.0.0', providers: [Watch] },
      dependencies: [{ service: CLOCK, version: '^1' }, 'other-plugin'],
    })
    class WatchPlugin {}
    @Plugin({ name: 'other-plugin', version: '1.0.0' })
    class OtherPlugin {}
    @Module({ imports: [WatchPlugin, OfferingPlugin, OtherPlugin] })
    class Shop {}
    const { modules, mistakes } = await inspectApplication(Shop);
    expect(mistakes).toEqual([]);
    const named = (name: string) => modules.find((it) => it.name === name);
    expect(named('OfferingPlugin')?.services).toEqual([
      { service: 'clock', version: '3.1.0', description: 'The time' },
      { service: 'clock', version: '1.2.0' },
    ]);
    const given = (version: string) => ({ module: 'OfferingPlugin', version });
    const missing = 'no plugin fax-plugin is loaded';
    const { importedServices = [], uses, dependsOn } = named('WatchPlugin') ?? {};
    expect([...importedServices].sort((one, other) => one.range.localeCompare(other.range))).toEqual([
      { service: 'fax-plugin.fax', range: '*', optional: true, given: undefined, missing },
      { service: 'time-plugin.clock', range: '^1', optional: false, given: given('1.2.0'), missing: undefined },
      { service: 'time-plugin.clock', range: '^3', optional: false, given: given('3.1.0'), missing: undefined },
    ]);
    expect(uses).toEqual([]);
    expect([...(dependsOn ?? [])].sort()).toEqual(['OfferingPlugin', 'OtherPlugin']);
  });

  it('tells every mistake that createApp would refuse, beside what is known all the same', async () => {
    @Module({ controllers: [VisitsController] })
    class Gap {}
    const report = await inspectApplication(Gap);
    expect(report.mistakes.map(({ code }) => code)).toEqual(['DEPENDENCY_UNKNOWN', 'AUTH_NOT_CONFIGURED']);
    expect(report.mistakes[0]?.message).toMatch(/VisitsController in Gap needs Clock/);
    expect(report.routes.map(({ path }) => path)).toEqual(['/visits/:id', '/visits']);
    const wrong = await inspectApplication(App, { prefix: 'api' });
    expect(wrong).toEqual({
      root: undefined,
      modules: [],
      routes: [],
      mistakes: [expect.objectContaining({ code: 'OPTION_INVALID' })],
    });
  });
});
