import { connect, createServer } from 'node:net';
import { once } from 'node:events';
import { SampleProcess } from '../support/sample-process';

const APP = 'slow-app.ts';

let running: SampleProcess[] = [];

afterEach(async () => {
  const all = running;
  running = [];
  await Promise.all(all.map((one) => one.end('SIGKILL')));
});

function start(environment: Readonly<Record<string, string>> = {}, file = APP): SampleProcess {
  const app = SampleProcess.fixture(file, environment);
  running.push(app);
  return app;
}

/** Asks, and waits until the handler says that it works. */
async function workOn(
  app: SampleProcess,
  path: string,
): Promise<{ readonly answer: Promise<{ status: number; text: string } | 'broken off'> }> {
  const url = await app.listening();
  const answer = fetch(new URL(path, url)).then(
    async (response) => ({ status: response.status, text: await response.text() }),
    () => 'broken off' as const,
  );
  while (!app.stdout.includes('working')) await once(app.child.stdout as NodeJS.ReadableStream, 'data');
  return { answer };
}

/** Asks, and leaves when the handler says that it has begun. */
async function leave(app: SampleProcess, path: string, begun: string): Promise<void> {
  const leaving = new AbortController();
  const left = fetch(new URL(path, await app.listening()), { signal: leaving.signal }).catch(() => 'left');
  while (!app.stdout.includes(begun)) await once(app.child.stdout as NodeJS.ReadableStream, 'data');
  leaving.abort();
  expect(await left).toBe('left');
}

/** Settles when it writes more on stderr. */
async function told({ child }: SampleProcess): Promise<void> {
  await once(child.stderr as NodeJS.ReadableStream, 'data');
}

describe('serve', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    'ends gracefully on %s: one line on stdout, the log on stderr, code 0',
    async (signal) => {
      const app = start();
      const url = await app.listening();
      expect((await fetch(new URL('/health/ready', url))).status).toBe(200);
      expect(await app.end(signal)).toBe(0);
      expect(app.stdout).toBe(`listening on ${url.origin}\nshut down\n`);
      const lines = app.stderr
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as { msg: string; reason?: string });
      expect(lines.map(({ msg, reason }) => [msg, reason])).toEqual([
        ['stopping', signal],
        ['stopped', undefined],
      ]);
    },
  );

  it('lets a request that knows how to come to an end send what it has', async () => {
    const app = start();
    const { answer } = await workOn(app, '/partial');
    expect(await app.end()).toBe(0);
    expect(await answer).toEqual({ status: 200, text: '{"status":"partial"}' });
  });

  it('cuts what does not end by itself, tells its client, and still ends within the grace time', async () => {
    const app = start({ SHUTDOWN_GRACE_MS: '1000' });
    const { answer } = await workOn(app, '/stubborn');
    const beganMs = performance.now();
    expect(await app.end()).toBe(0);
    expect(performance.now() - beganMs).toBeLessThan(5_000);
    expect(await answer).toMatchObject({ status: 503, text: expect.stringContaining('"code":"SERVER_STOPPING"') as string });
    expect(app.stdout).toContain('shut down');
    expect(app.stderr).toContain('PLUGIN_STILL_BUSY');
  });

  it.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const)('ends at once on a second %s, with code %i', async (signal, code) => {
    const app = start({ SHUTDOWN_GRACE_MS: '60000' });
    const { answer } = await workOn(app, '/stubborn');
    app.child.kill('SIGTERM');
    while (!app.stderr.includes('"stopping"')) await once(app.child.stderr as NodeJS.ReadableStream, 'data');
    expect(await app.end(signal)).toBe(code);
    expect(await answer).toBe('broken off');
  });

  it('goes on when a client leaves a handler that began two calls and waits for the first', async () => {
    const app = start({ LOG_LEVEL: 'debug' }, 'nobody-waits.ts');
    await leave(app, '/two', 'both asked');
    while (!app.stderr.includes('nobody waited for')) await once(app.child.stderr as NodeJS.ReadableStream, 'data');
    expect((await fetch(new URL('/health/live', await app.listening()))).status).toBe(200);
    expect(app.stderr).toMatch(/"level":"debug".*"reason":"client","msg":"something was cut that nobody waited for"/);
    expect(await app.end()).toBe(0);
  });

  it('goes on when a client leaves a handler that subscribed by hand, and for no error', async () => {
    const app = start({}, 'nobody-waits.ts');
    await leave(app, '/ticks', 'ticking');
    while (!app.stderr.includes('request cancelled')) await once(app.child.stderr as NodeJS.ReadableStream, 'data');
    expect((await fetch(new URL('/health/live', await app.listening()))).status).toBe(200);
    expect(await app.end()).toBe(0);
  });

  it.each(['/sends', '/reads', '/observes'])(
    'goes on when a client is gone from a connection that was taken over: %s',
    async (path) => {
      const app = start({}, 'nobody-waits.ts');
      const url = await app.listening();
      const client = connect(Number(url.port), '127.0.0.1');
      client.write(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
      await once(client, 'readable');
      client.resetAndDestroy();
      while (!app.stdout.includes('gone')) await once(app.child.stdout as NodeJS.ReadableStream, 'data');
      expect((await fetch(new URL('/health/live', url))).status).toBe(200);
      expect(await app.end()).toBe(0);
    },
  );

  it('goes on when a request ends before a call that its handler has forgotten, and says so', async () => {
    const app = start({}, 'nobody-waits.ts');
    const url = await app.listening();
    expect(await (await fetch(new URL('/forgotten', url))).text()).toBe('done');
    while (!app.stderr.includes('nobody waited for')) await once(app.child.stderr as NodeJS.ReadableStream, 'data');
    expect(app.stderr).toMatch(/"level":"warn".*"reason":"parent","msg":"something was cut that nobody waited for"/);
    expect((await fetch(new URL('/health/live', url))).status).toBe(200);
    expect(await app.end()).toBe(0);
  });

  it('goes on by hand, too, as long as it listens', async () => {
    const app = start({ BY_HAND: '1' }, 'nobody-waits.ts');
    const url = await app.listening();
    expect(await (await fetch(new URL('/forgotten', url))).text()).toBe('done');
    while (!app.stderr.includes('nobody waited for')) await once(app.child.stderr as NodeJS.ReadableStream, 'data');
    expect((await fetch(new URL('/health/live', url))).status).toBe(200);
    expect(await app.end()).toBe(0);
    expect(app.stdout).toMatch(/^0 listen$/m);
    expect(app.stderr.match(/nobody waited for/g)).toHaveLength(1);
  });

  it.each([
    ['/mistake', /Error: a mistake\n +at /],
    ['/thrown', /Error: a mistake\n +at /],
    ['/text', /ERR_UNHANDLED_REJECTION/],
  ])('ends with code 1 for any other rejection that nobody handles: %s', async (path, told) => {
    const app = start({}, 'nobody-waits.ts');
    await fetch(new URL(path, await app.listening())).catch(() => 'broken off');
    expect(await app.exited).toBe(1);
    expect(app.stderr).toMatch(told);
  });

  it.each(['1', 'once'])('leaves other rejections to whoever listens for them: %s', async (listens) => {
    const app = start({ LISTENS: listens }, 'nobody-waits.ts');
    const url = await app.listening();
    await fetch(new URL('/mistake', url));
    while (!app.stdout.includes('heard: a mistake')) await once(app.child.stdout as NodeJS.ReadableStream, 'data');
    expect((await fetch(new URL('/health/live', url))).status).toBe(200);
    expect(await app.end()).toBe(0);
  });

  it('leaves other rejections to Node where that is told not to end the process, and goes on listening', async () => {
    const app = start({ NODE_OPTIONS: '--unhandled-rejections=warn' }, 'nobody-waits.ts');
    const url = await app.listening();
    for (const times of [1, 2]) {
      expect(await (await fetch(new URL('/mistake', url))).text()).toBe('done');
      expect(await (await fetch(new URL('/forgotten', url))).text()).toBe('done');
      while ((app.stderr.match(/nobody waited for/g) ?? []).length < times) await told(app);
    }
    expect(app.stderr).toMatch(/UnhandledPromiseRejectionWarning: Error: a mistake/);
    expect(await app.end()).toBe(0);
  });

  it('says what is wrong with how it is put together, once and in plain words, and ends with code 1', async () => {
    const app = start({ BROKEN: '1' });
    expect(await app.exited).toBe(1);
    expect(app.stdout).toBe('');
    expect(app.stderr).toMatch(/^(APP_WIRING_FAILED|CONTROLLER_UNDECORATED|PROVIDER_DUPLICATE|CONTROLLER_INVALID): /);
    expect(app.stderr).not.toContain('    at ');
    expect(app.stderr.match(/CONTROLLER_UNDECORATED/g)).toHaveLength(1);
  });

  it('configures the application before it listens', async () => {
    const app = start();
    const answer = await fetch(new URL('/by-hand', await app.listening()));
    expect([answer.status, await answer.text()]).toEqual([200, 'by middleware']);
    expect(await app.end()).toBe(0);
  });

  it('ends with code 1, everything shut down, when configuring it fails', async () => {
    const app = start({ BROKEN: '3' });
    expect(await app.exited).toBe(1);
    expect([app.stdout, app.stderr.includes('no middleware today')]).toEqual(['shut down\n', true]);
  });

  it('tells of a hook that failed, with the cause, and ends with code 1', async () => {
    const app = start({ BROKEN: '2' });
    expect(await app.exited).toBe(1);
    expect(app.stderr).toMatch(/PLUGIN_HOOK_FAILED: .*initialize.*the database is not there/);
    expect(app.stderr).toContain('Caused by: Error: the database is not there');
  });

  it('names the way out when another process has the port', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    const app = start({ PORT: String(port) });
    expect(await app.exited).toBe(1);
    expect(app.stderr).toContain(
      `SERVER_LISTEN_FAILED: Cannot listen on 127.0.0.1:${port}: EADDRINUSE. Another process listens there`,
    );
    other.close();
    await once(other, 'close');
  });

  it('tells every wrong variable of the environment at once', async () => {
    const app = start({ PORT: 'eighty', HTTP2: 'yes', LOG_LEVEL: 'loud', TLS_KEY: '/does/not/exist', SHUTDOWN_GRACE_MS: '-1' });
    expect(await app.exited).toBe(1);
    expect(
      app.stderr
        .match(/ENVIRONMENT_INVALID: The environment variable (\w+)/g)
        ?.map((line) => line.split(' ').pop())
        .sort(),
    ).toEqual(['HTTP2', 'LOG_LEVEL', 'PORT', 'SHUTDOWN_GRACE_MS', 'TLS_CERT', 'TLS_KEY']);
  });
});
