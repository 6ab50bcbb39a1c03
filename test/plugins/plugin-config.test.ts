import { Type } from 'class-transformer';
import { IsInt, IsOptional, IsString, Max, Min, MinLength, ValidateNested } from 'class-validator';
import { inspect } from 'node:util';
import { createApp, Injectable, Module, Plugin, type PluginContext, Secret } from 'rockstar-web';
import { createTestApp } from 'rockstar-web/testing';
import type { ConcreteClass } from '../../lib/metadata/slot';
import { keepLines } from '../context/lines';

class Pool {
  @IsInt()
  @Max(50)
  size = 10;

  @Secret()
  @IsOptional()
  @IsString({ each: true })
  @MinLength(4, { each: true, message: ({ value }) => `of ${(value as string[]).join(', ')} one is too short` })
  tickets?: string[];
}

class MailConfig {
  @IsString()
  host = 'localhost';

  @IsInt()
  @Min(1)
  port = 25;

  @Secret()
  @IsString()
  @MinLength(8, { message: '$value is too short a password' })
  password!: string;

  @ValidateNested()
  @Type(() => Pool)
  pool = new Pool();

  @IsOptional()
  @IsString()
  from?: string;
}

@Injectable()
class Mailer {
  constructor(readonly config: MailConfig) {}
}

let context: PluginContext<MailConfig> | undefined;

@Plugin({ name: 'mail-plugin', version: '1.2.0', config: MailConfig, providers: [Mailer] })
class MailPlugin {
  initialize(given: PluginContext<MailConfig>) {
    context = given;
  }
}

@Module({ imports: [MailPlugin] })
class App {}

const SECRET = 'correct horse battery';

/** What stands in the way of an application with this configuration. */
async function refusal(config: Record<string, object>, app: ConcreteClass = App): Promise<string> {
  const made = createTestApp(app, { config });
  return made.then(
    () => 'nothing',
    (error: unknown) => (error as Error).message,
  );
}

describe('the configuration of a plugin', () => {
  it('is an instance of its class, with the defaults for what is not given; it is injected, and in the context', async () => {
    const app = await createTestApp(App, { config: { 'mail-plugin': { port: 2525, password: SECRET } } });
    const { config } = app.resolve(Mailer);
    expect(config).toBeInstanceOf(MailConfig);
    expect([config.host, config.port, config.pool.size, config.from]).toEqual(['localhost', 2525, 10, undefined]);
    expect(context?.config).toBe(config);
    expect(Object.isFrozen(config)).toBe(true);
    await app.close();
  });

  it('may be given for one version alone', async () => {
    @Injectable()
    class Later {
      constructor(readonly config: MailConfig) {}
    }
    @Plugin({ name: 'mail-plugin', version: '2.0.0', config: MailConfig, providers: [Later] })
    class LaterPlugin {}
    @Module({ imports: [MailPlugin, LaterPlugin] })
    class Both {}
    const config = { 'mail-plugin': { password: SECRET }, 'mail-plugin@2.0.0': { password: SECRET, host: 'later' } };
    const app = await createTestApp(Both, { config });
    expect([app.resolve(Mailer).config.host, app.resolve(Later).config.host]).toEqual(['localhost', 'later']);
    await app.close();
  });

  it('is refused before anything is made, with all that is wrong at once, and without the secrets', async () => {
    const pool = { size: 99, tickets: ['K7', 'K7Q'] };
    const text = await refusal({ 'mail-plugin': { port: 'many', password: 'hunter2', pool, form: 1 } });
    expect(text).toBe(
      'CONFIG_INVALID: The configuration of mail-plugin@1.2.0 is not valid: ' +
        'port must be an integer number, port must not be less than 1, [secret] is too short a password, ' +
        'pool.size: size must not be greater than 50, pool.tickets: of [secret], [secret] one is too short and ' +
        'property form is not allowed. ' +
        'Give it to createApp in the option config, under "mail-plugin".',
    );
  });

  it('is asked for where there is no default', async () => {
    expect(await refusal({})).toMatch(
      /^CONFIG_INVALID: The configuration of mail-plugin@1\.2\.0 is not valid: .*password must be a string/,
    );
  });

  it('is refused for plugins that are not there, or take none', async () => {
    @Plugin({ name: 'plain-plugin', version: '1.0.0' })
    class PlainPlugin {}
    @Module({ imports: [MailPlugin, PlainPlugin] })
    class Two {}
    const config = { 'mail-plugin': { password: SECRET }, 'plain-plugin': { size: 1 }, 'male-plugin': {}, 'far-away': {} };
    expect(await refusal(config, Two)).toBe(
      [
        'APP_WIRING_FAILED: 3 wiring mistakes, and nothing was started:',
        '  1. CONFIG_UNEXPECTED: The option config has something for plain-plugin@1.0.0, which takes no configuration. Leave it out, or say in @Plugin of PlainPlugin what it takes: config: ItsConfig.',
        '  2. CONFIG_UNKNOWN: The option config has something for male-plugin, and no plugin of that name is there. Did you mean "mail-plugin"?',
        '  3. CONFIG_UNKNOWN: The option config has something for far-away, and no plugin of that name is there. Import that plugin, or leave it out.',
      ].join('\n'),
    );
  });

  it('needs a class that can say at once whether it fits', async () => {
    @Plugin({ name: 'odd-plugin', version: '1.0.0', config: { host: 'x' } as never })
    class OddPlugin {}
    expect(await refusal({}, OddPlugin)).toBe(
      'CONFIG_SCHEMA_INVALID: The config of odd-plugin@1.0.0 in @Plugin is an object with host; expected a class with class-validator decorators.',
    );
    class Bare {}
    @Plugin({ name: 'bare-plugin', version: '1.0.0', config: Bare })
    class BarePlugin {}
    expect(await refusal({ 'bare-plugin': {} }, BarePlugin)).toMatch(
      /^CONFIG_SCHEMA_FAILED: bare-plugin@1\.0\.0 cannot be configured: its class Bare is no use as a schema\./,
    );
  });

  it('belongs to a plugin that is added, and is refused with it', async () => {
    const app = await createTestApp(EmptyApp);
    await expect(app.app.plugins.add(MailPlugin, { config: { password: 'hunter2' } })).rejects.toThrow(
      '[secret] is too short a password',
    );
    await expect(app.app.plugins.add(MailPlugin)).rejects.toThrow('CONFIG_INVALID');
    await app.app.plugins.add(MailPlugin, { config: { password: SECRET, host: 'added' } });
    expect(app.resolve(Mailer).config.host).toBe('added');
    await app.app.plugins.replace('mail-plugin', MailPlugin, { config: { password: SECRET, host: 'again' } });
    expect(app.resolve(Mailer).config.host).toBe('again');
    await app.close();
  });
});

@Module({})
class EmptyApp {}

describe('a secret', () => {
  it('is read as it is, and shown nowhere: log, JSON, inspection, registry', async () => {
    const { logger, lines } = keepLines();
    const given = { password: SECRET, pool: { tickets: [SECRET] } };
    const app = await createApp(App, { logger, config: { 'mail-plugin': given } });
    const { config } = app.resolve(Mailer);
    expect(config.password).toBe(SECRET);
    context?.logger.info('configured', { config });
    app.logger.info('configured', { config });
    const shown = [
      JSON.stringify(config),
      inspect(config, { depth: 5, showHidden: true }),
      inspect({ nested: { config } }, { depth: 9 }),
      JSON.stringify(lines),
      JSON.stringify(app.plugins.list()),
    ];
    for (const text of shown) expect(text).not.toContain(SECRET);
    expect(shown[0]).toContain('"password":"[secret]"');
    expect(shown[0]).toContain('"pool":{"size":10,"tickets":"[secret]"}');
    await app.close();
  });

  it('is not in the error of a plugin that fails with its configuration at hand', async () => {
    @Plugin({ name: 'mail-plugin', version: '1.2.0', config: MailConfig })
    class Failing {
      constructor(readonly config: MailConfig) {}
      initialize() {
        throw new Error(`cannot reach ${this.config.host} with ${inspect(this.config)}`);
      }
    }
    const text = await refusal({ 'mail-plugin': { password: SECRET } }, Failing);
    expect(text).toContain('PLUGIN_HOOK_FAILED: mail-plugin@1.2.0: initialize of Failing failed: cannot reach localhost');
    expect(text).not.toContain(SECRET);
  });
});
