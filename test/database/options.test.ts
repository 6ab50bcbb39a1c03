import { createServer } from 'node:net';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createApp, DatabaseModule, Module } from 'rockstar-web';
import { checkDatabaseOptions, EMBEDDED, urlOf } from '../../lib/database/database-options';
import { failureOf, World } from './world';

describe('the options of a database', () => {
  it.each([
    [{ url: 'mysql://host/name' }, 'url', 'postgres://user:password@host:5432/name, or embedded'],
    [{ url: 'postgres://ho st/name' }, 'url', 'postgres://user:password@host:5432/name, or embedded'],
    [{ url: '' }, 'url', 'postgres://user:password@host:5432/name, or embedded'],
    [{ dataDir: 7 }, 'dataDir', 'a text'],
    [{ ssl: 'yes' }, 'ssl', 'true, false or options of TLS'],
    [{ maxConnections: 0 }, 'maxConnections', 'a whole number from 1 to 10000'],
    [{ maxConnections: 1.5 }, 'maxConnections', 'a whole number from 1 to 10000'],
    [{ connectTimeoutMs: 0 }, 'connectTimeoutMs', 'milliseconds, more than 0'],
    [{ acquireTimeoutMs: Infinity }, 'acquireTimeoutMs', 'milliseconds, more than 0'],
    [{ timeoutMs: -1 }, 'timeoutMs', 'milliseconds, 0 for no limit'],
    [{ name: '' }, 'name', 'a text'],
    [{ required: 1 }, 'required', 'true or false'],
    [{ pool: 5 }, 'pool', 'nothing (it knows '],
  ])('refuse %j', (options, name, expected) => {
    const [first, ...others] = checkDatabaseOptions(options);
    expect(first).toMatchObject({ code: 'DATABASE_OPTION_INVALID' });
    expect(first?.message).toContain(`as ${name} ${expected}`);
    expect(others).toEqual([]);
  });

  it('never say what was given: it could hold a password', () => {
    const [wrong] = checkDatabaseOptions({ url: 'mysql://root:secret@host' });
    expect(wrong?.message).not.toContain('secret');
    expect(failureOfUrl({ DATABASE_URL: 'mysql://root:secret@host' })).toMatch(
      /^DATABASE_URL_INVALID: DATABASE_URL is no address/,
    );
    expect(failureOfUrl({ DATABASE_URL: 'mysql://root:secret@host' })).not.toContain('secret');
  });

  it('are all told at once when an application is made of wrong ones', async () => {
    @Module()
    class Empty {}
    const database = { maxConnections: -1, nonsense: true } as object;
    await expect(createApp(Empty, { logger: false, database })).rejects.toMatchObject({
      message: expect.stringMatching(/maxConnections[\s\S]*nonsense/) as string,
    });
    const text = 'postgres://' as unknown as object;
    await expect(createApp(Empty, { logger: false, database: text })).rejects.toThrow('an object of options');
    expect(() => DatabaseModule.forRoot({ url: 'nowhere' })).toThrow('DATABASE_OPTION_INVALID');
  });

  it('take the address from themselves, then from the environment, else the embedded one', () => {
    const environment = { DATABASE_URL: 'postgres://environment/name' };
    expect(urlOf({ url: 'postgresql://option/name' }, environment)).toBe('postgresql://option/name');
    expect(urlOf({ url: 'embedded' }, environment)).toBe(EMBEDDED);
    expect(urlOf({}, environment)).toBe('postgres://environment/name');
    expect(urlOf({}, { DATABASE_URL: '' })).toBe(EMBEDDED);
    expect(urlOf({}, {})).toBe(EMBEDDED);
  });
});

describe('what is asked', () => {
  it.each([
    [{ timeoutMs: -1 }, 'timeoutMs'],
    [{ timeoutMs: 'soon' }, 'timeoutMs'],
    [{ batchRows: 0 }, 'batchRows'],
    [{ batchRows: 2.5 }, 'batchRows'],
  ])('is refused with %j before anything is connected', async (options, name) => {
    const world = new World({ url: 'postgres://127.0.0.1:1/nowhere' });
    const wrong = { code: 'DATABASE_OPTION_INVALID', message: expect.stringContaining(name) as string };
    const given = options as { timeoutMs?: number };
    expect(() => world.database.stream('SELECT 1', [], given)).toThrow(expect.objectContaining(wrong));
    if ('timeoutMs' in options) expect(await failureOf(world.database.query('SELECT 1', [], given))).toMatchObject(wrong);
    await world.close();
  });
});

describe('a server that is not there', () => {
  it.each([
    ['refuses connections', 'postgres://user:secret@127.0.0.1:1/name', /ECONNREFUSED/],
    ['has no such name', 'postgres://user:secret@nowhere.invalid/name', /ENOTFOUND|EAI_AGAIN/],
  ])('because it %s, fails every query with a code that says no more than that', async (_what, url, reason) => {
    const world = new World({ url });
    for (let round = 0; round < 3; round++) {
      const failure = await failureOf(world.database.query('SELECT 1'));
      expect(failure).toMatchObject({ code: 'DATABASE_UNAVAILABLE', status: 503, detail: 'The database does not answer.' });
      expect(failure).toMatchObject({ message: expect.stringMatching(reason) as string });
    }
    expect(await failureOf(world.database.transaction(() => 'done'))).toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
    expect(await failureOf(world.database.stream('SELECT 1').next())).toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
    await expect(world.connections.probe()).rejects.toThrow(reason);
    // No place is lost.
    expect(world.connections.numbers).toEqual({ used: 0, idle: 0, most: 10, waiting: 0 });
    await world.close();
  });

  it('but something that is no PostgreSQL: fails, too, and leaves nothing open', async () => {
    const server = createServer((socket) =>
      socket
        .on('error', () => undefined)
        .resume()
        .end('HTTP/1.1 400 Bad Request\r\n\r\n'),
    );
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const world = new World({ url: `postgres://127.0.0.1:${(server.address() as AddressInfo).port}/name` });
    expect(await failureOf(world.database.query('SELECT 1'))).toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
    await world.close();
    server.close();
    await once(server, 'close');
  });
});

function failureOfUrl(environment: Record<string, string>): string {
  try {
    return urlOf({}, environment);
  } catch (error) {
    return (error as Error).message;
  }
}
