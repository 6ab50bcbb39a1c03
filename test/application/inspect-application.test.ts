import {
  Authorize,
  Controller,
  Get,
  type Guard,
  Injectable,
  inspectApplication,
  Module,
  Plugin,
  Post,
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
        },
        {
          name: 'App',
          plugin: undefined,
          imports: ['TimePlugin'],
          controllers: ['VisitsController'],
          providers: ['Office'],
          exports: [],
          uses: [{ module: 'TimePlugin', key: 'Clock' }],
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
