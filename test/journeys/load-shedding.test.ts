import { type ApplicationOptions, Controller, createApp, Get, Use } from 'rockstar-web';
import { ManualClock } from 'rockstar-web/testing';
import { keepLines } from '../context/lines';
import { gate, type Gate, soon } from '../support/soon';
import { doors, http1, moduleOf, QUIET, withClient } from './doors';

let go: Gate<string>;
let entered = 0;
let passed = 0;

beforeEach(() => {
  go = gate<string>();
  entered = 0;
  passed = 0;
});

@Controller()
class Work {
  @Get('/quick')
  @Use((_request: unknown, _response: unknown, next: () => void) => {
    passed++;
    next();
  })
  quick() {
    return 'quick';
  }

  @Get('/waits')
  waits() {
    entered++;
    return go.promise;
  }

  @Get('/fails')
  fails() {
    throw new Error('failed');
  }
}

const app = moduleOf([Work]);

/** A clock whose timers can be made late. */
class LateClock extends ManualClock {
  lateMs = 0;

  override now(): number {
    return super.now() + this.lateMs;
  }
}

describe.each(doors)('an application that sheds load, over $name', (door) => {
  it('refuses what is more than may be under way, and takes more as soon as one ends', async () => {
    const { logger, lines } = keepLines();
    await withClient(door, app, { logger, loadShedding: { maxInFlight: 2 } }, async (client, { url }) => {
      const second = await door.connect(url);
      const third = await door.connect(url);
      const waiting = [client.begin({ path: '/waits' }), second.begin({ path: '/waits' })];
      await soon(() => expect(entered).toBe(2));
      const refused = await third.ask({ path: '/quick' });
      expect(refused.json()).toMatchObject({
        status: 503,
        code: 'SERVER_OVERLOADED',
        detail: 'The server has too much to do; try again later.',
      });
      expect([refused.status, refused.header('retry-after'), passed]).toEqual([503, '10', 0]);
      expect((await third.ask({ path: '/health/ready' })).status).toBe(200);
      expect((await third.ask({ path: '/metrics' })).text).toContain('load_shedding_refused_total{reason="in_flight"} 1');
      go.open('done');
      expect(await Promise.all(waiting.map(async ({ answer }) => (await answer).text))).toEqual(['done', 'done']);
      await soon(async () => expect((await third.ask({ path: '/quick' })).text).toBe('quick'));
      await Promise.all([second.close(), third.close()]);
    });
    const levels = lines.filter(({ message }) => message.startsWith('request')).map(({ level }) => level);
    expect(levels).not.toContain('error');
    expect(lines.some(({ message }) => message === 'requests are refused: there is too much to do')).toBe(true);
  });

  it('gives each place back, however a request ends: answered, failed, or its client gone', async () => {
    await withClient(door, app, { loadShedding: { maxInFlight: 1 } }, async (client, { url }) => {
      for (const path of ['/quick', '/fails', '/missing']) {
        for (let i = 0; i < 3; i++) expect((await client.ask({ path })).status).not.toBe(503);
      }
      const leaving = await door.connect(url);
      const left = leaving.begin({ path: '/waits' });
      await soon(() => expect(entered).toBe(1));
      expect((await client.ask({ path: '/quick' })).status).toBe(503);
      left.leave();
      await soon(async () => expect((await client.ask({ path: '/quick' })).status).toBe(200));
      await leaving.close();
      go.open('nobody waits');
    });
  });

  it('refuses while the event loop is late, and no longer', async () => {
    const clock = new LateClock();
    await withClient(door, app, { clock, loadShedding: { maxEventLoopDelayMs: 500, retryAfterMs: 2_000 } }, async (client) => {
      expect((await client.ask({ path: '/quick' })).status).toBe(200);
      clock.lateMs = 700;
      const refused = await client.ask({ path: '/quick' });
      expect([refused.status, refused.header('retry-after')]).toEqual([503, '2']);
      await clock.advance(100);
      await clock.advance(100);
      expect((await client.ask({ path: '/quick' })).status).toBe(200);
    });
    expect(clock.pending).toBe(0);
  });
});

describe('an application that sheds no load', () => {
  it('has no such metric, and refuses nothing', async () => {
    await withClient(http1, app, {}, async (client) => {
      expect((await client.ask({ path: '/metrics' })).text).not.toContain('load_shedding');
    });
  });

  it('does not begin with a wrong option', async () => {
    const options = { ...QUIET, loadShedding: { maxInFlight: -1 } } as ApplicationOptions;
    await expect(createApp(app, options)).rejects.toThrow('Load shedding: maxInFlight is -1');
  });
});
