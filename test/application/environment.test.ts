import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { WiringError } from 'rockstar-web';
import { readEnvironment } from '../../lib/application/environment';

function mistakes(variables: Readonly<Record<string, string>>): string[] {
  try {
    readEnvironment(variables, 3000);
  } catch (error) {
    return (error as WiringError).mistakes.map(({ message }) =>
      message.replace('ENVIRONMENT_INVALID: The environment variable ', ''),
    );
  }
  return [];
}

describe('the environment', () => {
  let folder: string;
  let key: string;
  let cert: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'environment-'));
    key = join(folder, 'key.pem');
    cert = join(folder, 'cert.pem');
    writeFileSync(key, 'the key');
    writeFileSync(cert, 'the certificate');
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  it('may say nothing; empty is nothing', () => {
    const nothing = {
      host: '127.0.0.1',
      port: 3000,
      http2: undefined,
      tls: undefined,
      shutdownGraceMs: undefined,
      logLevel: undefined,
    };
    expect(readEnvironment({}, 3000)).toEqual(nothing);
    const names = ['HOST', 'PORT', 'HTTP2', 'TLS', 'TLS_KEY', 'TLS_CERT', 'SHUTDOWN_GRACE_MS', 'LOG_LEVEL'];
    expect(readEnvironment(Object.fromEntries(names.map((name) => [name, ''])), 3000)).toEqual(nothing);
  });

  it('says where to listen, how, how long to wait at the end, and what to log', () => {
    const said = { HOST: '0.0.0.0', PORT: '0', HTTP2: '1', TLS: 'true', SHUTDOWN_GRACE_MS: '250', LOG_LEVEL: 'debug' };
    expect(readEnvironment(said, 3000)).toEqual({
      host: '0.0.0.0',
      port: 0,
      http2: true,
      tls: 'self-signed',
      shutdownGraceMs: 250,
      logLevel: 'debug',
    });
    expect(readEnvironment({ HTTP2: '0', TLS: 'false' }, 3000)).toMatchObject({ http2: false, tls: undefined });
  });

  it('names the files of a key and its certificate, with or without TLS=1', () => {
    const pair = { key: 'the key', cert: 'the certificate' };
    expect(readEnvironment({ TLS_KEY: key, TLS_CERT: cert }, 3000).tls).toEqual(pair);
    expect(readEnvironment({ TLS: '1', TLS_KEY: key, TLS_CERT: cert }, 3000).tls).toEqual(pair);
  });

  it.each([
    [{ PORT: '65536' }, 'PORT takes a whole number from 0 to 65535, got "65536".'],
    [{ PORT: '80a' }, 'PORT takes a whole number from 0 to 65535, got "80a".'],
    [{ PORT: '-1' }, 'PORT takes a whole number from 0 to 65535, got "-1".'],
    [{ PORT: ' 80' }, 'PORT takes a whole number from 0 to 65535, got " 80".'],
    [{ HTTP2: 'yes' }, 'HTTP2 takes 1 or 0, got "yes".'],
    [{ TLS: 'on' }, 'TLS takes 1 or 0, got "on".'],
    [{ SHUTDOWN_GRACE_MS: '5s' }, 'SHUTDOWN_GRACE_MS takes a whole number from 0 to 3600000, got "5s".'],
    [{ LOG_LEVEL: 'loud' }, 'LOG_LEVEL takes trace, debug, info, warn, error, fatal, got "loud".'],
  ])('is refused by name: %j', (variables, message) => {
    expect(mistakes(variables as Record<string, string>)).toEqual([message]);
  });

  it('is refused when a key lacks its certificate, or a file cannot be read, each told once', () => {
    expect(mistakes({ TLS_KEY: key })).toEqual(['TLS_CERT takes a file, as TLS_KEY has one, got "".']);
    expect(mistakes({ TLS_CERT: cert })).toEqual(['TLS_KEY takes a file, as TLS_CERT has one, got "".']);
    expect(mistakes({ TLS_KEY: '/no/such/file', TLS_CERT: cert })).toEqual([
      'TLS_KEY takes the path of a file that can be read, got "/no/such/file".',
    ]);
  });

  it('is told of with all its mistakes at once', () => {
    expect(mistakes({ PORT: 'x', TLS: 'x', LOG_LEVEL: 'x', HTTP2: 'x' })).toHaveLength(4);
  });
});
