import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { defaultLimits } from '../../lib/http/limits';
import { multipartLimits } from '../../lib/http/multipart-limits';
import { toWebSocketSettings } from '../../lib/websocket/web-socket-options';
import { readText, ROOT } from './checkout';

interface Row {
  readonly what: string;
  readonly limit: string;
  readonly file: string;
  readonly title: string;
}

/** The rows of the table in `docs/security.md`. */
function rowsOf(text: string): Row[] {
  const rows = text.matchAll(/^\| ([^|]+?) +\| ([^|]+?) +\| [^|]+ +\| `(test\/[^`]+)`: ([^|]+?) +\|$/gm);
  return [...rows].map(([, what = '', limit = '', file = '', title = '']) => ({ what, limit, file, title }));
}

const text = readText('docs/security.md');
const rows = rowsOf(text);

/** Every option a row may name, with its default. */
const defaults: Readonly<Record<string, unknown>> = {
  ...defaultLimits,
  trustProxy: false,
  ...prefixed('multipart', multipartLimits(defaultLimits.bodyLimitBytes, undefined, undefined)),
  ...prefixed('websocket', toWebSocketSettings({}, undefined)),
};

function prefixed(name: string, options: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(options).map(([key, value]) => [`${name}.${key}`, value]));
}

describe('the table of abuses in docs/security.md', () => {
  it('has every row read, and more than a few', () => {
    const lines = text.split('\n').filter((line) => line.includes('test/') && line.startsWith('|'));
    expect(lines).toHaveLength(rows.length);
    expect(rows.length).toBeGreaterThan(30);
  });

  it('names tests that are there, by their titles', () => {
    const missing = rows.filter(({ file, title }) => !existsSync(join(ROOT, file)) || !hasTitle(readText(file), title));
    expect(missing.map(({ file, title }) => `${file}: ${title}`)).toEqual([]);
  });

  it('names tests that send it over a connection', () => {
    const clients = /^import .*(RawClient|H2Client|WsClient|RawWebSocket|openPushApp|SampleProcess)|^import .*\bdoors\b/m;
    const unsent = rows.filter(({ file }) => !clients.test(readText(file).replace(/\n(?=[^;]*from )/g, ' ')));
    expect(unsent.map(({ what, file }) => `${what}: ${file}`)).toEqual([]);
  });

  it('names limits that are there, with the defaults they have', () => {
    const wrong = rows.filter(({ limit }) => {
      const [, option = '', value = ''] = /^`([\w.]+)` (\w+)$/.exec(limit) ?? [];
      return limit !== '–' && !(Object.hasOwn(defaults, option) && String(defaults[option]) === value);
    });
    expect(wrong.map(({ what, limit }) => `${what}: ${limit}`)).toEqual([]);
  });
});

/** Whether a test, not only some text of the file, is called so. */
function hasTitle(source: string, title: string): boolean {
  const quoted = [`'${title}'`, `\`${title}\``, `"${title}"`];
  return quoted.some((one) => new RegExp(`\\(\\s*${one.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')},`).test(source));
}
