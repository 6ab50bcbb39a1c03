import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { createLogger, type CreateLoggerOptions } from '../../lib/diagnostics/create-logger';
import { LOG_LEVELS, silentLogger } from '../../lib/diagnostics/logger';
import { FrameworkError } from '../../lib/errors/framework-error';

interface Line {
  readonly [name: string]: unknown;
  readonly level: string;
  readonly time: string;
  readonly msg: string;
}

class Lines {
  readonly texts: string[] = [];
  write(line: string): void {
    this.texts.push(line);
  }
  get parsed(): Line[] {
    return this.texts.map((text) => JSON.parse(text) as Line);
  }
  get last(): Line {
    return this.parsed.at(-1)!;
  }
}

function make(options: Omit<CreateLoggerOptions, 'destination'> = {}): { lines: Lines; logger: ReturnType<typeof createLogger> } {
  const lines = new Lines();
  return { lines, logger: createLogger({ ...options, destination: lines }) };
}

/** What a client may try: new lines, cursor movements, separators, reading direction, invisible tags. */
const NASTY = 'a\r\nlevel=50 forged\u001b[2J\u2028b\u2029\u202ec\u2066\u0085\u009b31m\u200f\ufeff\u{e0041}';

const DECEPTIVE =
  // eslint-disable-next-line no-control-regex -- what must not come through
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\u{e0000}-\u{e007f}]/u;

describe('the built-in logger', () => {
  test('writes a line of JSON with the level as a word and an ISO time', () => {
    const { lines, logger } = make();
    logger.warn('queue is long', { length: 12 });
    expect(lines.texts).toHaveLength(1);
    expect(lines.texts[0]).toMatch(/^\{.*\}\n$/);
    expect(lines.last).toMatchObject({ level: 'warn', msg: 'queue is long', length: 12 });
    expect(new Date(lines.last.time).toISOString()).toBe(lines.last.time);
  });

  test('writes each level under its name and leaves out what is below its own', () => {
    const { lines, logger } = make({ level: 'trace' });
    for (const level of LOG_LEVELS) logger[level]('x');
    expect(lines.parsed.map((line) => line.level)).toEqual([...LOG_LEVELS]);

    const quiet = make({ level: 'error' });
    for (const level of LOG_LEVELS) quiet.logger[level]('x');
    expect(quiet.lines.parsed.map((line) => line.level)).toEqual(['error', 'fatal']);
    expect(LOG_LEVELS.filter((level) => quiet.logger.isLevelEnabled(level))).toEqual(['error', 'fatal']);
  });

  test('says nothing at level silent', () => {
    expect(make({ level: 'silent' }).logger).toBe(silentLogger);
    expect(silentLogger.isLevelEnabled('fatal')).toBe(false);
  });

  test('refuses a level it does not know', () => {
    expect(() => make({ level: 'loud' as 'info' })).toThrow(/^LOGGER_LEVEL_UNKNOWN: the log level is "loud"; expected trace/);
  });

  test('writes informational lines and above unless told otherwise', () => {
    const { lines, logger } = make();
    logger.debug('x');
    logger.info('y');
    expect(lines.parsed.map((line) => line.msg)).toEqual(['y']);
  });

  test('puts the fields of a child on each of its lines, and on nobody else’s', () => {
    const { lines, logger } = make();
    const child = logger.child({ requestId: 'r1', plugin: 'a' }).child({ plugin: 'b' });
    child.info('inside', { step: 1 });
    logger.info('outside');
    expect(lines.parsed[0]).toMatchObject({ requestId: 'r1', plugin: 'b', step: 1 });
    expect(lines.texts[0].match(/"plugin"/g)).toHaveLength(1);
    expect(lines.parsed[1]).not.toHaveProperty('requestId');
  });

  test('leaves % in a message alone', () => {
    const { lines, logger } = make();
    logger.info('100%s %d %o %%', { a: 1 });
    logger.info('50%%');
    expect(lines.parsed.map((line) => line.msg)).toEqual(['100%s %d %o %%', '50%%']);
  });
});

describe('errors in a line', () => {
  test('carry code, message, stack and the chain of causes', () => {
    const { lines, logger } = make();
    const root = Object.assign(new Error('refused'), { code: 'ECONNREFUSED', syscall: 'connect', port: 5432 });
    logger.error('failed', { err: new FrameworkError('DATABASE_GONE', 'DATABASE_GONE: no answer', 503, { cause: root }) });
    expect(lines.last.err).toMatchObject({
      type: 'FrameworkError',
      code: 'DATABASE_GONE',
      status: 503,
      message: 'DATABASE_GONE: no answer',
      stack: expect.stringMatching(/^FrameworkError: DATABASE_GONE: no answer\n {4}at .*create-logger\.test\.ts/),
      cause: { type: 'Error', code: 'ECONNREFUSED', message: 'refused', syscall: 'connect', port: 5432 },
    });
  });

  test('may stand anywhere, also as the fields themselves or in place of the message', () => {
    const { lines, logger } = make();
    logger.error('a', new TypeError('one'));
    logger.error('b', { failures: [new RangeError('two')] });
    (logger.error as (thrown: unknown) => void).call(logger, new SyntaxError('three'));
    expect(lines.parsed[0].err).toMatchObject({ type: 'TypeError', message: 'one' });
    expect(lines.parsed[1].failures).toMatchObject([{ type: 'RangeError', message: 'two' }]);
    expect(lines.parsed[2]).toMatchObject({ msg: 'three', err: { type: 'SyntaxError' } });
  });

  test('end a chain of causes that is long or closes on itself', () => {
    const { lines, logger } = make();
    let deep = new Error('0');
    for (let i = 1; i <= 50; i++) deep = new Error(String(i), { cause: deep });
    const self: Error = new Error('self');
    self.cause = self;
    logger.error('x', { deep, self });
    let length = 0;
    for (let at = lines.last.deep as Record<string, unknown>; typeof at === 'object'; at = at.cause as Record<string, unknown>)
      length++;
    expect(length).toBe(6);
    expect(lines.last.self).toMatchObject({ message: 'self', cause: '[circular]' });
  });

  test('list what an AggregateError gathered', () => {
    const { lines, logger } = make();
    logger.error('x', { err: new AggregateError([new Error('a'), new Error('b')], 'both') });
    expect(lines.last.err).toMatchObject({ type: 'AggregateError', errors: [{ message: 'a' }, { message: 'b' }] });
  });

  test('keep a forged frame out of the stack', () => {
    const { lines, logger } = make();
    logger.error('x', { err: new Error('no such user: bob\n    at forged (evil.js:1:1)') });
    const stack = String((lines.last.err as Line).stack);
    expect(stack.split('\n').some((line) => /^ {4}at forged/.test(line))).toBe(true);
    const { lines: pretty, logger: toPeople } = make({ pretty: true });
    toPeople.error('x', { err: new Error('bob\nINFO: forged') });
    expect(
      pretty.texts
        .join('')
        .split('\n')
        .some((line) => /^\s*INFO: forged/.test(line)),
    ).toBe(false);
  });
});

describe('secrets', () => {
  test('are redacted wherever headers stand', () => {
    const { lines, logger } = make();
    const secret = 'hunter2';
    logger.child({ Authorization: secret }).info('x', {
      authorization: secret,
      Cookie: secret,
      headers: { 'set-cookie': [secret], 'Proxy-Authorization': secret, accept: 'text/html' },
      req: { headers: { cookie: secret }, rawHeaders: ['Host', 'a', 'AUTHORIZATION', secret, 'Accept', '*/*'] },
      entries: [['cookie', secret]],
      map: new Map([['authorization', secret]]),
      err: Object.assign(new Error('x'), { config: { headers: { authorization: secret } } }),
    });
    expect(lines.texts[0]).not.toContain(secret);
    expect(lines.last).toMatchObject({
      Authorization: '[redacted]',
      headers: { 'set-cookie': '[redacted]', accept: 'text/html' },
      req: { rawHeaders: ['Host', 'a', 'AUTHORIZATION', '[redacted]', 'Accept', '*/*'] },
    });
  });
});

describe('bounds', () => {
  test('cut long text, between characters, and say so', () => {
    const { lines, logger } = make();
    logger.info('m'.repeat(5_000), { path: `${'p'.repeat(1_999)}😀${'p'.repeat(10)}` });
    expect(lines.last.msg).toBe(`${'m'.repeat(2_000)}… (3000 more characters)`);
    expect(lines.last.path).toBe(`${'p'.repeat(1_999)}… (12 more characters)`);
  });

  test('keep a line a line, however large and tangled the fields', () => {
    const { lines, logger } = make();
    const tangle: Record<string, unknown> = { list: Array.from({ length: 10_000 }, (_, i) => ({ i, text: 't'.repeat(500) })) };
    tangle.self = tangle;
    tangle.deep = Array.from({ length: 30 }).reduce<object>((inner) => ({ inner }), {});
    tangle.wide = Object.fromEntries(Array.from({ length: 5_000 }, (_, i) => [`k${i}`, i]));
    logger.info('x', tangle);
    expect(lines.texts[0].length).toBeLessThan(150_000);
    expect(lines.last).toMatchObject({ self: '[circular]' });
    expect((lines.last.list as unknown[]).at(-1)).toBe('[9950 more]');
  });

  test('say in a word what JSON cannot say, or what would drag the process along', () => {
    const { lines, logger } = make();
    logger.info('x', {
      big: 10n,
      nan: NaN,
      fn: () => 1,
      symbol: Symbol('s'),
      date: new Date(0),
      url: new URL('http://a/b'),
      bytes: Buffer.from('abc'),
      set: new Set([1]),
      stream: new PassThrough(),
      nothing: undefined,
      empty: null,
    });
    expect(lines.last).toMatchObject({
      big: '10',
      nan: 'NaN',
      fn: '[function]',
      symbol: '[symbol]',
      date: '1970-01-01T00:00:00.000Z',
      url: 'http://a/b',
      bytes: '[Buffer of 3 bytes]',
      set: [1],
      empty: null,
    });
    expect(lines.last.stream).toBe('[PassThrough]');
    expect(lines.last).not.toHaveProperty('nothing');
  });

  test('do not let a field stand in for level, time or message', () => {
    const { lines, logger } = make();
    logger.info('real', { level: 'fatal', msg: 'forged', time: 'never', ['__proto__']: 1 });
    expect(lines.last).toMatchObject({
      level: 'info',
      msg: 'real',
      'field.level': 'fatal',
      'field.msg': 'forged',
      'field.time': 'never',
    });
    expect(lines.texts[0].match(/"msg":/g)).toHaveLength(1);
  });
});

describe('what a client sends', () => {
  test('cannot break out of a line of JSON, and is there unchanged', () => {
    const { lines, logger } = make();
    logger.info(`got ${NASTY}`, { path: NASTY, nested: { [NASTY]: [NASTY] }, [NASTY]: 1 });
    expect(lines.texts[0].slice(0, -1)).not.toMatch(/\n/);
    expect(lines.texts[0]).not.toMatch(DECEPTIVE);
    expect(lines.last).toMatchObject({ msg: `got ${NASTY}`, path: NASTY, nested: { [NASTY]: [NASTY] } });
  });

  test('cannot move the cursor or forge a line on a terminal', () => {
    const { lines, logger } = make({ pretty: true });
    logger.info(`got ${NASTY}`, { path: NASTY, nested: { [NASTY]: [NASTY] }, stack: NASTY, type: 'Error' });
    logger.error('failed', { err: new Error(NASTY, { cause: new Error(NASTY) }) });
    const text = lines.texts.join('');
    expect(text).not.toMatch(DECEPTIVE);
    expect(text).not.toMatch(/^\s*level=50/m);
    expect(lines.texts[0].trimEnd().split('\n').length).toBeLessThanOrEqual(2);
    expect(text).toContain('a\\r\\nlevel=50 forged\\u001b[2J\\u2028b');
  });

  test('comes back from any line of JSON as it was sent', () => {
    const text = fc.string({ unit: 'binary', maxLength: 60 });
    fc.assert(
      fc.property(text, text, (message, value) => {
        const { lines, logger } = make();
        logger.info(message, { value });
        expect(lines.texts[0]).not.toMatch(DECEPTIVE);
        expect(lines.last).toMatchObject({ msg: message, value });
      }),
    );
  });

  test('never reaches people with a control character, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
        const { lines, logger } = make({ pretty: true });
        logger.info(text, { text });
        expect(lines.texts.join('')).not.toMatch(DECEPTIVE);
        expect(lines.texts.join('').trimEnd().split('\n')).toHaveLength(1);
      }),
    );
  });
});

describe('lines for people', () => {
  test('have the time, the level, the message and the fields in one line', () => {
    const { lines, logger } = make({ pretty: true });
    logger.info('listening', { port: 3000 });
    expect(lines.texts.join('')).toMatch(/^\[\d\d:\d\d:\d\d\.\d{3}\] INFO: listening \{"port":3000\}\n$/);
  });

  test('give the frames of a stack a line each', () => {
    const { lines, logger } = make({ pretty: true });
    logger.error('failed', { err: new Error('why') });
    expect(
      lines.texts
        .join('')
        .split('\n')
        .filter((line) => /^\s+at /.test(line)).length,
    ).toBeGreaterThan(2);
  });
});

describe('a destination that fails', () => {
  test('does not fail the caller', () => {
    const logger = createLogger({
      destination: {
        write() {
          throw new Error('disk full');
        },
      },
    });
    expect(() => logger.child({ a: 1 }).error('x', { b: 2 })).not.toThrow();
  });

  test('nor do fields that throw when read', () => {
    const { lines, logger } = make();
    const hostile = {
      get a(): never {
        throw new Error('a');
      },
      toJsonToo: {
        toJSON() {
          throw new Error('b');
        },
      },
      fine: 1,
    };
    logger.info('x', hostile);
    logger.info('y', new Proxy({}, { ownKeys: () => { throw new Error('c'); } })); // prettier-ignore
    expect(lines.parsed[0]).toMatchObject({ a: '[unreadable]', toJsonToo: '[unreadable]', fine: 1 });
  });
});

test('lines reach stderr before the process exits, and stdout stays clean', () => {
  const file = join(__dirname, '../../lib/diagnostics/create-logger.ts');
  const program = `
    const { createLogger } = require(${JSON.stringify(file)});
    const logger = createLogger();
    for (let i = 0; i < 200; i++) logger.info('line', { i });
    process.exit(3);`;
  let failure: { status: number; stdout: string; stderr: string } | undefined;
  try {
    execFileSync(process.execPath, ['-r', 'ts-node/register/transpile-only', '-e', program], { encoding: 'utf8', stdio: 'pipe' });
  } catch (error) {
    failure = error as typeof failure;
  }
  expect(failure?.status).toBe(3);
  expect(failure?.stdout).toBe('');
  const written = failure!.stderr
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
  expect(written.map((line) => line.i)).toEqual(Array.from({ length: 200 }, (_, i) => i));
});
