import 'reflect-metadata';
import { execFile, spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { Agent, fetch as fetchBy, FormData, Response } from 'undici';
import { Body, Controller, Post, RequestContext } from 'rockstar-web';
import { doors as rawDoors } from '../support/doors';
import { moduleOf, serveOn, type Served } from '../journeys/doors';

const run = promisify(execFile);
const curlVersion = spawnSync('curl', ['--version'], { encoding: 'utf8' }).stdout ?? '';
const folder = mkdtempSync(join(tmpdir(), 'clients-test-'));
const sha1 = (bytes: Uint8Array): string => createHash('sha1').update(bytes).digest('hex');

@Controller('/')
class Uploads {
  @Post('parts')
  async parts(ctx: RequestContext) {
    const parts: unknown[] = [];
    for await (const part of ctx.multipart({ bodyLimitBytes: 10_000_000 })) {
      if (part.type === 'field') {
        parts.push([part.fieldname, part.value]);
        continue;
      }
      const hash = createHash('sha1');
      for await (const chunk of part) hash.update(chunk as Buffer);
      parts.push([part.fieldname, part.filename, part.mimeType, part.bytesRead, hash.digest('hex')]);
    }
    return parts;
  }

  @Post('form')
  form(@Body() form: Record<string, unknown>) {
    return form;
  }
}

let served: Served;
let agent: Agent;

const send = (path: string, body: FormData | URLSearchParams): ReturnType<typeof fetchBy> =>
  fetchBy(`${served.url.href}${path}`, { method: 'POST', body, dispatcher: agent });

beforeAll(async () => {
  served = await serveOn(moduleOf([Uploads]), { bodyLimitBytes: 500_000 });
  writeFileSync(join(folder, 'large.bin'), Buffer.alloc(3_000_000, 'large'));
  writeFileSync(join(folder, 'naïve "name".txt'), 'text');
  writeFileSync(join(folder, 'empty'), '');
});
afterAll(async () => {
  await served.app.close();
  rmSync(folder, { recursive: true });
});

const large: unknown[] = ['large.bin', 'application/octet-stream', 3_000_000, sha1(Buffer.alloc(3_000_000, 'large'))];

/** What a machine without curl has of it: nothing to try. */
const versions = curlVersion === '' ? [] : ['--http1.1', ...(curlVersion.includes('HTTP2') ? ['--http2-prior-knowledge'] : [])];

describe('curl', () => {
  const curl = async (version: string, ...args: readonly string[]): Promise<string> => {
    const { stdout } = await run('curl', ['-sS', '--noproxy', '*', version, ...args]);
    return stdout;
  };

  it.each(versions)('uploads files and fields: %s', async (version) => {
    const parts = [
      ...['-F', 'title=a "quoted" tïtle', '-F', `file=@${join(folder, 'large.bin')}`],
      ...['-F', `file=@"${join(folder, 'naïve \\"name\\".txt')}";type=text/x-thing`, '-F', `none=@${join(folder, 'empty')}`],
    ];
    const answer: unknown = JSON.parse(await curl(version, ...parts, `${served.url.href}parts`));
    expect(answer).toEqual([
      ['title', 'a "quoted" tïtle'],
      ['file', ...large],
      ['file', 'naïve "name".txt', 'text/x-thing', 4, sha1(Buffer.from('text'))],
      ['none', 'empty', 'application/octet-stream', 0, sha1(Buffer.of())],
    ]);
  });

  it.each(versions)('sends nested and compressed forms: %s', async (version) => {
    const url = `${served.url.href}form`;
    const nested = await curl(version, '--data-urlencode', 'a[b]=1 & 2', '-d', 'a[c][]=3', url);
    expect(JSON.parse(nested)).toEqual({ a: { b: '1 & 2', c: ['3'] } });
    writeFileSync(join(folder, 'form.gz'), gzipSync('a=1'));
    const gzip = await curl(version, '-H', 'content-encoding: gzip', '--data-binary', `@${join(folder, 'form.gz')}`, url);
    expect(JSON.parse(gzip)).toEqual({ a: '1' });
  });

  // Over HTTP/2, curl 7.88 takes the end of what nobody wants to read for an error, whatever was answered before.
  it.each(versions.slice(0, 1))('hears why an upload is refused: %s', async (version) => {
    writeFileSync(join(folder, 'huge.bin'), Buffer.alloc(11_000_000));
    const answer = await curl(version, '-F', `file=@${join(folder, 'huge.bin')}`, `${served.url.href}parts`);
    expect(JSON.parse(answer)).toMatchObject({ status: 413, code: 'BODY_TOO_LARGE' });
  });
});

describe('fetch', () => {
  beforeEach(() => {
    agent = new Agent();
  });
  afterEach(() => agent.close());

  it('uploads FormData, with names that need escaping', async () => {
    const form = new FormData();
    form.append('title', 'a\r\nb');
    form.append('q"uo\nte', 'x');
    form.append('file', new Blob([Buffer.alloc(3_000_000, 'large')]), 'large.bin');
    form.append('file', new Blob(['text'], { type: 'text/plain;charset=utf-8' }), 'say "hi" – naïve.txt');
    form.append('none', new Blob([]), '');
    const answer = await send('parts', form);
    expect(await answer.json()).toEqual([
      ['title', 'a\r\nb'],
      ['q"uo\r\nte', 'x'],
      ['file', ...large],
      ['file', 'say "hi" – naïve.txt', 'text/plain', 4, sha1(Buffer.from('text'))],
      ['none', '', 'application/octet-stream', 0, sha1(Buffer.of())],
    ]);
  });

  it('sends URLSearchParams', async () => {
    const answer = await send('form', new URLSearchParams({ 'a[b]': 'é' }));
    expect(await answer.json()).toEqual({ a: { b: 'é' } });
  });

  it('has any form read back as it was, however its bytes are cut', async () => {
    const name = fc.string({
      minLength: 1,
      maxLength: 8,
      unit: fc.constantFrom('a', 'é', '"', '\\', ';', ' ', '=', '日', '😀', '%'),
    });
    const field = fc.record({ name, value: fc.string({ unit: 'grapheme', maxLength: 20 }) });
    const piece = fc.constantFrom('\r\n', '--', '-', 'x', '\r', '\n', '----formdata-undici-0', 'boundary');
    const file = fc.record({ name, filename: name, body: fc.array(piece, { maxLength: 20 }).map((pieces) => pieces.join('')) });
    const door = rawDoors.find(({ name }) => name === 'h2c') as (typeof rawDoors)[number];
    const client = await door.connect(served.url);
    try {
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.oneof(field, file), { maxLength: 6 }),
          fc.array(fc.nat(), { maxLength: 8 }),
          async (parts, cuts) => {
            const form = new FormData();
            for (const part of parts) {
              if ('value' in part) form.append(part.name, part.value);
              else form.append(part.name, new Blob([part.body]), part.filename);
            }
            const encoded = new Response(form);
            const bytes = Buffer.from(await encoded.arrayBuffer());
            const headers = { 'content-type': encoded.headers.get('content-type') as string };
            const pending = client.begin({ method: 'POST', path: '/parts', headers }, { streaming: true });
            const at = cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b);
            for (const [index, from] of [0, ...at].entries()) {
              pending.write(bytes.subarray(from, at[index] ?? bytes.length));
              await new Promise((resolve) => setImmediate(resolve));
            }
            pending.end();
            const answer = await pending.answer;
            expect(JSON.parse(answer.body.toString())).toEqual(
              parts.map((part) =>
                'value' in part
                  ? [part.name, part.value.replace(/\r?\n|\r/g, '\r\n')]
                  : [
                      part.name,
                      lastSegment(part.filename),
                      'application/octet-stream',
                      Buffer.byteLength(part.body),
                      sha1(Buffer.from(part.body)),
                    ],
              ),
            );
          },
        ),
        { numRuns: 60 },
      );
    } finally {
      await client.close();
    }
  });

  it('keeps many uploads at once apart', async () => {
    const uploads = [...Array(20).keys()].map((at) => randomBytes(50_000 + at));
    const answers = await Promise.all(
      uploads.map(async (bytes) => {
        const form = new FormData();
        form.append('file', new Blob([bytes]), 'f');
        return (await send('parts', form)).json() as Promise<unknown[][]>;
      }),
    );
    expect(answers.map(([file]) => file?.[4])).toEqual(uploads.map(sha1));
  });
});

/** What is left of a name that may look like a path; a backslash is one. */
function lastSegment(filename: string): string {
  return filename.slice(filename.lastIndexOf('\\') + 1).trim();
}
