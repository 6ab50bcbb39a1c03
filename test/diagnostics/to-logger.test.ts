import { Console } from 'node:console';
import { Writable } from 'node:stream';
import pino from 'pino';
import { createLogger } from '../../lib/diagnostics/create-logger';
import { isLogger, Logger, silentLogger } from '../../lib/diagnostics/logger';
import { toLogger } from '../../lib/diagnostics/to-logger';

class Sheet extends Writable {
  text = '';
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
  get lines(): Record<string, unknown>[] {
    return this.text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  }
}

const NASTY = 'a\r\nforged\u001b[2J\u2028\u202e';
// eslint-disable-next-line no-control-regex -- what must not come through
const DECEPTIVE = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028-\u202e]/;

describe('a logger that a user brings', () => {
  test('may be a pino instance, which keeps its own level, names and form', () => {
    const sheet = new Sheet();
    const theirs = pino({ level: 'debug', base: { app: 'shop' }, messageKey: 'message' }, sheet);
    const logger = toLogger(theirs);
    logger.child({ requestId: 'r1' }).info('hello', { cookie: 'secret', step: 1 });
    logger.debug('fine');
    logger.trace('too fine');
    expect(sheet.lines).toMatchObject([
      { level: 30, app: 'shop', message: 'hello', requestId: 'r1', cookie: '[redacted]', step: 1 },
      { level: 20, message: 'fine' },
    ]);
    expect(logger.isLevelEnabled('trace')).toBe(false);
    theirs.level = 'trace';
    expect(logger.isLevelEnabled('trace')).toBe(true);
  });

  test('writes errors with their type, code and causes, the way it writes errors', () => {
    const sheet = new Sheet();
    const cause = Object.assign(new RangeError('low'), { code: 'E_LOW' });
    toLogger(pino(sheet)).error('failed', { err: Object.assign(new TypeError('high', { cause }), { code: 'E_HIGH' }) });
    expect(sheet.lines[0].err).toMatchObject({
      type: 'TypeError',
      code: 'E_HIGH',
      message: 'high: low',
      stack: expect.stringMatching(/^TypeError: high\n {4}at [^]*caused by: RangeError: low\n {4}at /),
    });
  });

  test('may be a console: one argument, so that nothing in it is a format', () => {
    const sheet = new Sheet();
    const logger = toLogger(new Console(sheet, sheet));
    logger.info('50%s done', { step: 1 });
    logger.trace('quiet');
    logger.fatal('over');
    expect(sheet.text).toBe('50%s done {"step":1}\nquiet\nover\n');
  });

  test('may be any logger that takes the message first', () => {
    const calls: unknown[][] = [];
    const write =
      (level: string) =>
      (...parts: unknown[]): void =>
        void calls.push([level, ...parts]);
    const winstonLike = {
      debug: write('debug'),
      info: write('info'),
      warn: write('warn'),
      error: write('error'),
      child: () => winstonLike,
      isLevelEnabled: (level: string) => level !== 'debug',
    };
    const logger = toLogger(winstonLike);
    logger.debug('x');
    logger.warn('careful', { a: 1 });
    logger.fatal('over');
    expect(calls.map((call) => JSON.parse(JSON.stringify(call)) as unknown)).toEqual([
      ['warn', 'careful', { a: 1 }],
      ['error', 'over'],
    ]);
  });

  test('is shown nothing that could forge a line', () => {
    const toPino = new Sheet();
    const toConsole = new Sheet();
    for (const logger of [toLogger(pino(toPino)), toLogger(new Console(toConsole, toConsole))]) {
      logger.info(NASTY, { [NASTY]: NASTY, err: new Error(NASTY) });
    }
    expect(toPino.text).not.toMatch(DECEPTIVE);
    expect(toConsole.text).not.toMatch(DECEPTIVE);
    expect(toPino.lines[0].msg).toBe('a\\r\\nforged\\u001b[2J\\u2028\\u202e');
    expect(toConsole.text.trimEnd().split('\n')).toHaveLength(1);
  });

  test('is silence when it is false', () => {
    expect(toLogger(false)).toBe(silentLogger);
  });

  test('is passed on when it is one of this package’s', () => {
    const logger = createLogger({ destination: new Sheet() });
    expect(toLogger(logger)).toBe(logger);
    expect(toLogger(toLogger(logger))).toBe(logger);
  });

  test('may be a Logger of their own, which gets what was logged as it is', () => {
    const seen: [string, object | undefined][] = [];
    class Own extends Logger {
      trace(): void {}
      debug(): void {}
      info(message: string, fields?: object): void {
        seen.push([message, fields]);
      }
      warn(): void {}
      error(): void {
        throw new Error('broken');
      }
      fatal(): void {}
      child(): Logger {
        throw new Error('no children');
      }
    }
    const logger = toLogger(new Own());
    const err = new Error('x');
    logger.child({ a: 1 }).info('hello', { err });
    expect(seen).toEqual([['hello', { err }]]);
    expect(seen[0][1]).toHaveProperty('err', err);
    expect(() => logger.error('x')).not.toThrow();
    expect(isLogger(logger)).toBe(true);
    expect(toLogger(logger)).toBe(logger);
  });

  test('does not fail a request when it throws', () => {
    const fail = (): never => {
      throw new Error('broken');
    };
    const logger = toLogger({ debug: fail, info: fail, warn: fail, error: fail, isLevelEnabled: fail });
    expect(() => logger.error('x', { a: 1 })).not.toThrow();
  });

  test.each([
    ['a string', 'string', 'console'],
    ['true', 'boolean', true],
    ['null', 'null', null],
    ['undefined', 'undefined', undefined],
    ['a number', 'number', 1],
  ])('is refused with its type named when it is %s', (_what, named, value) => {
    expect(() => toLogger(value)).toThrow(new RegExp(`^LOGGER_INVALID: the logger is ${named}; expected`));
  });

  test('is refused with what it lacks when it is an object of another kind', () => {
    expect(() => toLogger({ info() {}, log() {} })).toThrow(
      'an object; expected a Logger, a pino instance, or an object with the functions debug, info, warn and error (it lacks debug, warn, error)',
    );
    expect(() => toLogger({})).toThrow(expect.objectContaining({ code: 'LOGGER_INVALID' }));
  });
});
