import {
  Authorize,
  bearerTokens,
  exportService,
  ImportService,
  Injectable,
  Module,
  Plugin,
  PluginReportsModule,
  Secret,
  serviceRef,
} from 'rockstar-web';
import { createTestApp, type TestApplication } from 'rockstar-web/testing';
import { IsString } from 'class-validator';
import { RecordingLogger } from '../support/kernel';
import { RawClient, request } from '../support/raw-client';
import { soon } from '../support/soon';

const READER = { authorization: 'Bearer reader-token' };
const VISITOR = { authorization: 'Bearer visitor-token' };
const auth = bearerTokens([
  { token: 'reader-token', user: { name: 'Rhea', permissions: ['plugins.read'] } },
  { token: 'visitor-token', user: { name: 'Vera', permissions: [] } },
]);

interface Mailer {
  send(): void;
}
const MAIL = serviceRef<Mailer>('mail-plugin', 'mail');
const FAX = serviceRef<Mailer>('fax-plugin', 'fax');

let mailHealth: 'up' | 'down' = 'up';

class MailConfig {
  @Secret() @IsString() password!: string;
}

@Injectable()
class Mail implements Mailer {
  readonly hidden = 'not to be told';
  constructor(readonly config: MailConfig) {}
  send() {}
}

@Plugin({
  ...{ name: 'mail-plugin', version: '1.2.0', description: 'Sends mail', author: 'Ada', config: MailConfig, providers: [Mail] },
  exports: [
    exportService(MAIL, Mail, { version: '2.0.0', description: 'Mail by SMTP', timeoutMs: 500, health: () => mailHealth }),
  ],
})
class MailPlugin {}

@Injectable()
class News {
  constructor(
    @ImportService(MAIL) readonly mail: Mailer,
    @ImportService(FAX, { optional: true }) readonly fax: Mailer | undefined,
  ) {}
}
@Injectable()
class Alarms {
  constructor(@ImportService(FAX, { optional: true }) readonly fax: Mailer | undefined) {}
}
@Plugin({ name: 'news-plugin', version: '1.0.0', providers: [News, Alarms] })
class NewsPlugin {}

@Injectable()
class Fax implements Mailer {
  send() {}
}
@Plugin({ name: 'fax-plugin', version: '3.0.0', providers: [Fax], exports: [exportService(FAX, Fax)] })
class FaxPlugin {}

const guarded = PluginReportsModule.forRoot({ read: [Authorize('plugins', 'read')] });
@Module({ imports: [guarded, NewsPlugin, MailPlugin] })
class Guarded {}

const open = PluginReportsModule.forRoot({ read: [], path: '/inside' });
@Module({ imports: [open, MailPlugin] })
class Open {}

let app: TestApplication;
let log: RecordingLogger;

async function start(module: new () => object): Promise<void> {
  log = new RecordingLogger();
  app = await createTestApp(module, { auth, logger: log, config: { 'mail-plugin': { password: 'hunter2' } } });
}

const ask = (url: string, headers: Record<string, string> = READER) => app.request({ url, headers });

afterEach(async () => {
  mailHealth = 'up';
  await app.close();
  expect(app.leaks()).toEqual([]);
});

describe('the list of services', () => {
  it('has descriptions alone, with the health each says of itself', async () => {
    await start(Guarded);
    const answer = await ask('/api/services');
    const mail = { plugin: 'mail-plugin', service: 'mail', version: '2.0.0', description: 'Mail by SMTP', timeoutMs: 500 };
    expect([answer.status, answer.headers['cache-control']]).toEqual([200, 'no-store']);
    expect(answer.json()).toEqual([{ ...mail, health: 'up' }]);
    expect(answer.text()).not.toMatch(/hunter2|not to be told/);
  });

  it('tells a service that is down, and does not fail with it', async () => {
    mailHealth = 'down';
    await start(Guarded);
    const answer = await ask('/api/services');
    expect([answer.status, answer.json()]).toMatchObject([200, [{ service: 'mail', health: 'down' }]]);
  });

  it('is of those that run: what is added stands in it, what is removed does not', async () => {
    await start(Guarded);
    const names = async () => (await ask('/api/services')).json() as { service: string }[];
    await app.app.plugins.add(FaxPlugin);
    expect((await names()).map(({ service }) => service).sort()).toEqual(['fax', 'mail']);
    await (
      await app.app.plugins.remove('fax-plugin')
    ).stopped;
    expect((await names()).map(({ service }) => service)).toEqual(['mail']);
  });

  it('is told of as it changes, until the application stops', async () => {
    await start(Guarded);
    const client = await RawClient.connect(await app.app.listen(0));
    client.write(request('GET', '/api/services/events', READER));
    await client.until('text/event-stream');
    await app.app.plugins.add(FaxPlugin);
    await client.until('event: added\ndata: {"plugin":"fax-plugin","service":"fax","version":"3.0.0"');
    await app.app.plugins.remove('fax-plugin');
    await client.until('event: removed\ndata: {"plugin":"fax-plugin"');
    const closing = app.close();
    await client.closed();
    client.close();
    await closing;
    await soon(() => expect(app.leaks()).toEqual([]));
  });
});

describe('the list of plugins', () => {
  it('is in the order they were started, with what each depends on', async () => {
    await start(Guarded);
    const mail = { name: 'mail-plugin', version: '1.2.0', description: 'Sends mail', author: 'Ada', dependencies: [] };
    expect((await ask('/api/plugins')).json()).toEqual([
      { ...mail, state: 'started' },
      { name: 'news-plugin', version: '1.0.0', state: 'started', dependencies: ['mail-plugin.mail'] },
    ]);
  });

  it('comes with one warning for each service that a plugin may do without', async () => {
    await start(Guarded);
    const missing = log.lines.filter(({ message }) => message === 'an optional service is missing');
    expect(missing.map(({ fields }) => fields)).toEqual([
      { service: 'fax-plugin.fax', reason: 'no plugin fax-plugin is loaded' },
    ]);
  });
});

describe('whoever may not read', () => {
  it.each(['/api/services', '/api/plugins', '/api/services/events'])('is told nothing by %s', async (path) => {
    await start(Guarded);
    expect((await ask(path, {})).status).toBe(401);
    expect((await ask(path, VISITOR)).status).toBe(403);
  });

  it('is nobody where everybody may, under another path', async () => {
    await start(Open);
    expect((await ask('/inside/services', {})).status).toBe(200);
    expect((await ask('/inside/plugins', {})).status).toBe(200);
    expect((await ask('/api/services', {})).status).toBe(404);
  });

  it('is what the module asks for: without it, it is not mounted', async () => {
    await start(Open);
    expect(() => PluginReportsModule.forRoot({} as never)).toThrow(/OPERATORS_READERS_UNKNOWN/);
  });
});
