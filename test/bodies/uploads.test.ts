import 'reflect-metadata';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ArrayMaxSize, IsInstance, IsInt, IsOptional, IsString, MaxLength, ValidateNested } from 'class-validator';
import { Body, Controller, HttpError, Post, Timeout, UploadedFile } from 'rockstar-web';
import { type Client, doors, moduleOf, serveOn, type Served } from '../journeys/doors';
import { mistakesOf } from '../testing/app-of';
import { gate, type Gate, soon } from '../support/soon';
import { BOUNDARY, field, file, multipart, MULTIPART_TYPE, type RawPart } from './multipart-bytes';

const directory = mkdtempSync(join(tmpdir(), 'bodies-test-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));
afterEach(() => soon(() => expect(readdirSync(directory)).toEqual([])));

class Place {
  @IsInt() zip!: number;
  @IsString() @MaxLength(10) city!: string;
}

class NewPost {
  @IsString() @MaxLength(20) title!: string;
  @IsInt() stars = 3;
  @IsInstance(UploadedFile) cover!: UploadedFile;
  @IsOptional() @IsInstance(UploadedFile, { each: true }) @ArrayMaxSize(3) photos: UploadedFile[] = [];
  @IsOptional() @ValidateNested() place?: Place;
}

let seen: UploadedFile[];
let entered: Gate<void>;
let held: Gate<void>;

const outline = (one: UploadedFile): unknown => ({
  filename: one.filename,
  mimeType: one.mimeType,
  sizeBytes: one.sizeBytes,
  text: readFileSync(one.path, 'utf8').slice(0, 20),
});

@Controller('/')
class Uploads {
  @Post('posts')
  create(@Body({ files: { directory, maxFiles: 4, fileLimitBytes: 50_000 } }) post: NewPost) {
    seen = [post.cover, ...post.photos];
    const isTyped = post instanceof NewPost && (post.place === undefined || post.place instanceof Place);
    return { ...post, cover: outline(post.cover), photos: post.photos.map(outline), isTyped };
  }

  @Post('any')
  any(@Body({ files: { directory } }) form: Record<string, unknown>) {
    return { ...form, prototype: Object.getPrototypeOf(form) as unknown };
  }

  @Post('modes')
  modes(@Body({ files: { directory } }) form: { one: UploadedFile }) {
    const mode = (path: string): number => statSync(path).mode & 0o777;
    return [mode(form.one.path), mode(join(form.one.path, '..'))];
  }

  @Post('kept')
  async kept(@Body({ files: { directory } }) form: { one: UploadedFile }) {
    const path = join(tmpdir(), `kept-${process.pid}`);
    await form.one.moveTo(path);
    const text = readFileSync(path, 'utf8');
    rmSync(path);
    return text;
  }

  @Post('held')
  @Timeout(200)
  async held(@Body({ files: { directory } }) form: { one: UploadedFile }) {
    seen = [form.one];
    entered.open();
    await held.promise;
    return 'late';
  }

  @Post('fails')
  fails(@Body({ files: { directory } }) form: { one: UploadedFile }) {
    seen = [form.one];
    throw new HttpError(409);
  }

  @Post('nowhere')
  nowhere(@Body({ files: { directory: join(directory, 'missing') } }) form: object) {
    return form;
  }

  @Post('default')
  byDefault(@Body({ files: true }) form: { one: UploadedFile }) {
    seen = [form.one];
    return form.one.path.startsWith(tmpdir());
  }

  @Post('plain')
  plain(@Body() post: Place) {
    return post;
  }
}

describe.each(doors)('files with @Body over $name', ({ connect }) => {
  let served: Served;
  let client: Client;

  beforeAll(async () => {
    served = await serveOn(moduleOf([Uploads]), { bodyLimitBytes: 200_000 });
  });
  beforeEach(async () => {
    client = await connect(served.url);
    seen = [];
    entered = gate();
    held = gate();
  });
  afterEach(() => client.close());
  afterAll(() => served.app.close());

  const send = async (path: string, ...parts: readonly RawPart[]) => {
    const answer = await client.ask({
      method: 'POST',
      path,
      headers: MULTIPART_TYPE,
      body: multipart(parts).toString('utf8'),
    });
    return { status: answer.status, body: answer.json() as Record<string, unknown> };
  };
  const gone = (): Promise<void> => soon(() => expect(seen.map(({ path }) => existsSync(path))).toEqual(seen.map(() => false)));

  it('become members of a checked class, beside fields converted like those of a form', async () => {
    const { status, body } = await send(
      '/posts',
      field('title', 'Trip'),
      field('stars', '5'),
      file('cover', 'c.png', 'PNG!', 'image/png'),
      file('photos', 'a.jpg', 'a'),
      file('photos', '../b.jpg', ''),
      field('place[zip]', '8001'),
      field('place[city]', 'Zürich'),
    );
    expect({ status, body }).toEqual({
      status: 201,
      body: {
        title: 'Trip',
        stars: 5,
        cover: { filename: 'c.png', mimeType: 'image/png', sizeBytes: 4, text: 'PNG!' },
        photos: [
          { filename: 'a.jpg', mimeType: 'application/octet-stream', sizeBytes: 1, text: 'a' },
          { filename: 'b.jpg', mimeType: 'application/octet-stream', sizeBytes: 0, text: '' },
        ],
        place: { zip: 8001, city: 'Zürich' },
        isTyped: true,
      },
    });
    expect(seen).toHaveLength(3);
    await gone();
  });

  it('are a list where several may come and one did, and missing where none was chosen', async () => {
    const one = await send('/posts', field('title', 'x'), file('cover', 'c', 'c'), file('photos', 'a', 'a'));
    expect(one.body.photos).toHaveLength(1);
    const none = await send('/posts', field('title', 'x'), file('cover', 'c', 'c'), file('photos', '', ''));
    expect(none).toMatchObject({ status: 201, body: { photos: [], stars: 3 } });
  });

  it('are told about with everything else that is wrong', async () => {
    const { status, body } = await send(
      '/posts',
      field('stars', 'many'),
      field('cover', 'no file'),
      field('place[zip]', 'x'),
      field('place[city]', 'too long a name'),
      file('stranger', 's', 's'),
    );
    expect(status).toBe(400);
    const paths = (body.errors as { path: string }[]).map(({ path }) => path);
    expect([...new Set(paths)].sort()).toEqual(['cover', 'place.city', 'place.zip', 'stars', 'stranger', 'title']);
  });

  it('stand beside fields in an object without prototype, whatever the names', async () => {
    const { body } = await send(
      '/any',
      field('__proto__', 'x'),
      field('constructor', 'y'),
      field('a[__proto__][admin]', 'true'),
      field('a[b]', '1'),
      field('a[list][]', '1'),
      field('a[list][]', '2'),
    );
    expect(body).toMatchObject({ constructor: 'y', a: { b: '1', list: ['1', '2'] }, prototype: null });
    expect(({} as { admin?: string }).admin).toBeUndefined();
  });

  it('are nobody else’s to read', async () => {
    expect((await send('/modes', file('one', 'f', 'x'))).body).toEqual([0o600, 0o700]);
  });

  it('can be moved to stay', async () => {
    const answer = await client.ask({
      method: 'POST',
      path: '/kept',
      headers: MULTIPART_TYPE,
      body: multipart([file('one', 'f', 'kept')]).toString(),
    });
    expect(answer.text).toBe('kept');
  });

  it('are stored in the system’s folder for temporary files unless another is said', async () => {
    expect((await send('/default', file('one', 'f', 'x'))).body).toBe(true);
    await gone();
  });

  it.each([
    ['are too many', [0, 1, 2, 3, 4].map((at) => file(`f${at}`, 'f', 'x')), 413, 'MULTIPART_TOO_MANY'],
    ['are too large', [file('f', 'f', 'x'), file('g', 'g', 'x'.repeat(50_001))], 413, 'MULTIPART_FILE_TOO_LARGE'],
    [
      'are larger than a body may be',
      [0, 1, 2, 3].map((at) => file(`f${at}`, 'f', 'x'.repeat(49_999))).concat(field('a', 'x'.repeat(1000))),
      413,
      'BODY_TOO_LARGE',
    ],
    [
      'are encoded',
      [file('f', 'f', 'x'), field('a', 'x', 'Content-Transfer-Encoding: base64')],
      415,
      'BODY_ENCODING_UNSUPPORTED',
    ],
  ] as const)('are removed when they %s', async (_what, parts, status, code) => {
    expect(await send('/posts', ...parts)).toMatchObject({ status, body: { code } });
  });

  it('are removed when the handler fails', async () => {
    expect((await send('/fails', file('one', 'f', 'x'))).status).toBe(409);
    expect(seen).toHaveLength(1);
    await gone();
  });

  it('are removed when time runs out, before the handler comes to its end', async () => {
    expect((await send('/held', file('one', 'f', 'x'))).status).toBe(504);
    await gone();
    held.open();
  });

  it('are removed when the client leaves, during the handler', async () => {
    const asked = client.begin({
      method: 'POST',
      path: '/held',
      headers: MULTIPART_TYPE,
      body: multipart([file('one', 'f', 'x')]).toString(),
    });
    await entered.promise;
    expect(seen.map(({ path }) => existsSync(path))).toEqual([true]);
    asked.leave();
    await gone();
    held.open();
  });

  it('are removed when the client leaves in the middle of them', async () => {
    const whole = multipart([file('one', 'f', 'x'.repeat(900))]).toString();
    const asked = client.begin({ method: 'POST', path: '/any', headers: MULTIPART_TYPE, unfinished: true });
    asked.send(whole.slice(0, 500));
    await soon(() => expect(readdirSync(directory, { recursive: true })).toHaveLength(2));
    asked.leave();
    await soon(() => expect(readdirSync(directory)).toEqual([]));
  });

  it('that cannot be stored are the server’s fault, and no path is told', async () => {
    const { status, body } = await send('/nowhere', file('one', 'f', 'x'));
    expect({ status, ...body }).toMatchObject({
      status: 500,
      code: 'UPLOAD_NOT_STORED',
      detail: 'The file could not be stored.',
    });
  });

  it('are taken where they are asked for, and nothing else there', async () => {
    const json = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' };
    const other = await client.ask({ ...json, path: '/posts' });
    expect([other.status, other.header('accept')]).toEqual([415, 'multipart/form-data']);
    const plain = await client.ask({
      ...json,
      path: '/plain',
      headers: { 'content-type': `multipart/form-data; boundary=${BOUNDARY}` },
    });
    expect([plain.status, plain.header('accept')]).toEqual([415, 'application/json, application/x-www-form-urlencoded']);
  });
});

describe('@Body({ files }) that cannot be', () => {
  it('is a wiring mistake', async () => {
    @Controller('/')
    class Wrong {
      @Post('text')
      text(@Body({ files: true }) form: string) {
        return form;
      }
      @Post('unknown')
      unknown(@Body({ files: { maxFile: 1 } as object }) form: object) {
        return form;
      }
      @Post('half')
      half(@Body({ files: { maxFiles: 0.5 } }) form: object) {
        return form;
      }
    }
    const mistakes = await mistakesOf([Wrong]);
    expect(mistakes.map(({ code }) => code)).toEqual(Array(3).fill('ROUTE_OPTION_INVALID'));
    expect(mistakes.map(({ message }) => message.split('wrong: ')[1])).toEqual([
      'an object or a class holds the form, nothing else.',
      'maxFile is not known.',
      'maxFiles is no whole number.',
    ]);
  });
});

it('leaves nothing in the folder it began with', () => {
  mkdirSync(directory, { recursive: true });
  expect(readdirSync(directory)).toEqual([]);
});
