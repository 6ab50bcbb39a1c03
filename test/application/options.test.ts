import { Controller, createApp, Get, Module, type WiringError } from 'rockstar-web';
import { ManualClock } from 'rockstar-web/testing';
import { keepLines } from '../context/lines';
import { soon } from '../support/soon';
import { appOf } from '../testing/app-of';

@Controller()
class Hello {
  @Get('/')
  hello() {
    return 'hello';
  }
}

@Module({ controllers: [Hello] })
class App {}

async function mistakes(options: Readonly<Record<string, unknown>>): Promise<string[]> {
  try {
    await (await createApp(App, { logger: false, ...options })).close();
  } catch (error) {
    return (error as WiringError).mistakes.map(({ message }) => message);
  }
  return [];
}

const AUTH = '{ authenticate(ctx), permits(user, resource, action) }, one of them or both';

describe('a wrong option', () => {
  it.each([
    ['http2', 'yes', `The option http2 takes true, false or 'h2c', got "yes".`],
    ['tls', true, `The option tls takes { key, cert } as PEM text, or 'self-signed', got true.`],
    ['tls', { key: 'k' }, `The option tls takes { key, cert } as PEM text, or 'self-signed', got an object.`],
    ['prefix', 'api', 'The option prefix takes a path that starts with a slash, got "api".'],
    ['bodyLimitBytes', 0, 'The option bodyLimitBytes takes a whole number of bytes, more than 0, got 0.'],
    ['bodyLimitBytes', 1.5, 'The option bodyLimitBytes takes a whole number of bytes, more than 0, got 1.5.'],
    ['bodyLimitBytes', '1mb', 'The option bodyLimitBytes takes a whole number of bytes, more than 0, got "1mb".'],
    ['urlLimitBytes', -1, 'The option urlLimitBytes takes a whole number of bytes, more than 0, got -1.'],
    ['headerLimitBytes', NaN, 'The option headerLimitBytes takes a whole number of bytes, more than 0, got NaN.'],
    ['bufferLimitBytes', null, 'The option bufferLimitBytes takes a whole number of bytes, more than 0, got null.'],
    ['requestTimeoutMs', 0, 'The option requestTimeoutMs takes milliseconds, more than 0, got 0.'],
    ['headersTimeoutMs', '5s', 'The option headersTimeoutMs takes milliseconds, more than 0, got "5s".'],
    ['handlerTimeoutMs', -1, 'The option handlerTimeoutMs takes milliseconds, 0 for no limit, got -1.'],
    ['handlerTimeoutMs', Infinity, 'The option handlerTimeoutMs takes milliseconds, 0 for no limit, got Infinity.'],
    ['keepAliveTimeoutMs', 2 ** 31, 'The option keepAliveTimeoutMs takes milliseconds, more than 0, got 2147483648.'],
    ['handshakeTimeoutMs', [], 'The option handshakeTimeoutMs takes milliseconds, more than 0, got an array.'],
    ['maxConcurrentStreams', 1.5, 'The option maxConcurrentStreams takes a whole number from 1 to 2147483647, got 1.5.'],
    ['shutdownGraceMs', -1, 'The option shutdownGraceMs takes milliseconds, 0 or more, got -1.'],
    ['startTimeoutMs', 0, 'The option startTimeoutMs takes milliseconds, more than 0, got 0.'],
    ['logger', 'info', 'The option logger takes a logger with info(), warn() and error(), or false, got "info".'],
    ['clock', Date, 'The option clock takes an object with now() and setTimer(), got a function.'],
    ['auth', {}, `The option auth takes ${AUTH}, got an object.`],
    ['auth', { authenticate: 'ann' }, `The option auth takes ${AUTH}, got an object.`],
    ['auth', { authenticate: () => 1, permit: () => true }, `The option auth takes ${AUTH}, got an object.`],
    ['guards', [class {}], 'The option guards takes an array of classes or instances with canActivate(), got an array.'],
    ['interceptors', {}, 'The option interceptors takes an array of classes or instances with intercept(), got an object.'],
    ['filters', [undefined], 'The option filters takes an array of classes or instances with catch(), got an array.'],
    ['pipes', [() => 1], 'The option pipes takes an array of classes or instances with transform(), got an array.'],
    ['health', 'no', 'The option health takes true or false, got "no".'],
    ['metrics', 1, 'The option metrics takes true or false, got 1.'],
  ])('is named: %s: %p', async (name, value, message) => {
    expect(await mistakes({ [name]: value })).toEqual([`OPTION_INVALID: ${message}`]);
  });

  it.each([
    ['bodyLimit', 'Did you mean bodyLimitBytes?'],
    ['HTTP2', 'Did you mean http2?'],
    ['handlerTimeoutms', 'Did you mean handlerTimeoutMs?'],
    ['guard', 'Did you mean guards?'],
    ['handlerTimeout', 'Did you mean handlerTimeoutMs?'],
    ['port', 'It is told to serve(App, { port }), or to app.listen(port).'],
    ['Prot', 'Did you mean port?'],
    ['colour', /^It knows:\n {2}auth, bodyLimitBytes, .*, websocket\.$/],
    ['toString', /^It knows:\n {2}auth, /],
  ])('that is none is named with what was meant: %s', async (name, wayOut) => {
    const [message = '', ...more] = await mistakes({ [name]: 1 });
    expect(more).toEqual([]);
    expect(message).toMatch(new RegExp(`^OPTION_UNKNOWN: createApp does not know the option ${name}\\. `));
    expect(message.replace(/^.*?\. /, '')).toEqual(typeof wayOut === 'string' ? wayOut : expect.stringMatching(wayOut));
  });

  it('does not show a long text, which may be a key', async () => {
    const [message] = await mistakes({ prefix: '-----BEGIN PRIVATE KEY-----'.repeat(3) });
    expect(message).toContain('got a long string.');
  });

  it('is told with all others, before anything is made', async () => {
    expect(await mistakes({ http2: 'h2c', tls: 'self-signed', prefx: '/', health: 0 })).toEqual([
      'OPTION_UNKNOWN: createApp does not know the option prefx. Did you mean prefix?',
      'OPTION_INVALID: The option health takes true or false, got 0.',
      "OPTION_INVALID: The option tls takes nothing beside http2: 'h2c', got both.",
    ]);
  });

  it('is a logger that lacks what is needed, and names it', async () => {
    await expect(createApp(App, { logger: { info: () => undefined } as never })).rejects.toMatchObject({
      code: 'LOGGER_INVALID',
    });
  });
});

describe('options', () => {
  it('may all be left out, or be undefined', async () => {
    const names = ['http2', 'tls', 'prefix', 'clock', 'auth', 'guards', 'bodyLimitBytes', 'shutdownGraceMs'];
    expect(await mistakes(Object.fromEntries(names.map((name) => [name, undefined])))).toEqual([]);
  });

  it('turn health and metrics off; routes at their places are ones of the application', async () => {
    @Controller()
    class Own {
      @Get('/metrics')
      metrics() {
        return 'own';
      }
    }
    const without = await appOf([Hello], { health: false, metrics: false });
    for (const url of ['/health/live', '/health/ready', '/metrics']) expect((await without.request({ url })).status).toBe(404);
    const own = await appOf([Own]);
    expect((await own.request({ url: '/metrics' })).text()).toBe('own');
    expect((await own.request({ url: '/health/live' })).status).toBe(200);
  });

  it('set the time to answer in, which a route may say otherwise', async () => {
    const clock = new ManualClock();
    @Controller()
    class Slow {
      @Get('/')
      get() {
        return new Promise((resolve) => clock.setTimer(() => resolve('late'), 600));
      }
    }
    const app = await appOf([Slow], { clock, handlerTimeoutMs: 500 });
    const waiting = app.request({ url: '/' });
    await soon(() => expect(app.leaks()).toContain('GET /: under way'));
    await clock.advance(700);
    expect((await waiting).status).toBe(504);
  });

  it('take a logger of the user, who is told in words and fields', async () => {
    const { logger, lines } = keepLines();
    const app = await appOf([Hello], { logger });
    await app.close('a test');
    expect(lines.filter(({ level }) => level === 'info').map(({ message }) => message)).toEqual(['stopping', 'stopped']);
    expect(lines[0]?.fields).toMatchObject({ reason: 'a test' });
  });
});
