import { Controller, Get, inspectApplication, Push, type PushOption, type PushOutcome, RequestContext } from 'rockstar-web';
import { type RouteDecorator, shapeRoute } from '../../lib/controllers/route-draft';
import { moduleOf } from '../journeys/doors';
import { appOf, failureOf, mistakesOf } from '../testing/app-of';
import { assets, openPushApp } from './push-app';

/** A controller of one route with this decorator. */
function controllerWith(push: RouteDecorator) {
  @Controller('/pages')
  class Pages {
    @Get('/:id')
    @push
    page(): string {
      return 'page';
    }
  }
  return Pages;
}

describe('what @Push is given', () => {
  it.each<[string, RouteDecorator, RegExp]>([
    ['a path without a slash', Push('app.css'), /PUSH_PATH_INVALID: Pages.page pushes "app.css": it does not start with a slash/],
    ['a URL', Push('https://elsewhere.test/a.js'), /PUSH_PATH_INVALID.*nothing of another host/],
    ['another host', Push('//elsewhere.test/a.js'), /PUSH_PATH_INVALID.*two slashes/],
    ['a fragment', Push('/a.svg#icon'), /PUSH_PATH_INVALID.*percent-encoded, or a fragment/],
    ['a space', Push('/a b.css'), /PUSH_PATH_INVALID.*percent-encoded/],
    ['a letter that is not encoded', Push('/ü.css'), /PUSH_PATH_INVALID.*percent-encoded/],
    ['a path that ends a link', Push('/a>; rel=x'), /PUSH_PATH_INVALID/],
    ['a dot segment', Push('/static/../secret'), /PUSH_PATH_INVALID.*segment/],
    ['an encoded dot segment', Push('/static/%2E%2e/secret'), /PUSH_PATH_INVALID.*segment/],
    ['a path of 3,000 letters', Push(`/${'a'.repeat(3_000)}`), /PUSH_PATH_INVALID.*longer than 2048/],
    ['no text', Push(undefined as unknown as string), /PUSH_PATH_INVALID.*expected a text, got undefined/],
    ['nothing', Push([]), /PUSH_PATHS_INVALID: Pages.page pushes nothing/],
    ['a parameter the route does not have', Push('/users/:name/posts'), /PUSH_PARAMETER_UNKNOWN.*":name".*It has :id/],
    [
      'a method that is not safe',
      Push(['/a'], { method: 'POST' as 'GET' }),
      /PUSH_OPTION_INVALID.*method: expected 'GET' or 'HEAD', got "POST"/,
    ],
    ['an option nobody knows', Push(['/a'], { cachable: true } as object), /PUSH_OPTION_INVALID.*cachable/],
    ['a header of a body', Push(['/a'], { headers: { 'Content-Type': 'x' } }), /PUSH_OPTION_INVALID.*content-type/],
    ['a condition', Push(['/a'], { headers: { 'if-none-match': '"x"' } }), /PUSH_OPTION_INVALID.*if-none-match/],
    ['a pseudo-header', Push(['/a'], { headers: { ':authority': 'evil.test' } }), /PUSH_OPTION_INVALID.*:authority/],
    ['a header of the connection', Push(['/a'], { headers: { connection: 'x' } }), /PUSH_OPTION_INVALID.*connection/],
    ['a header with a line break', Push(['/a'], { headers: { x: 'a\r\nb: c' } }), /PUSH_OPTION_INVALID/],
    ['a header that is no text', Push(['/a'], { headers: { x: 1 as unknown as string } }), /PUSH_OPTION_INVALID.*a text, got 1/],
    ['a use nobody knows', Push(['/a'], { as: 'css' as 'style' }), /PUSH_OPTION_INVALID.*as: expected audio/],
    ['a type that is none', Push(['/a'], { type: 'x"; y' }), /PUSH_OPTION_INVALID.*type/],
    ['an experiment without clients', Push(['/a'], { experiment: { weights: {} } }), /PUSH_OPTION_INVALID.*experiment.weights/],
    [
      'an arm nobody knows',
      Push(['/a'], { experiment: { weights: { fast: 1 } as object } }),
      /PUSH_OPTION_INVALID.*experiment.weights/,
    ],
    ['a cookie that is none', Push(['/a'], { experiment: { cookie: 'a b' } }), /PUSH_OPTION_INVALID.*experiment.cookie/],
    ['no time', Push(['/a'], { experiment: { maxAgeMs: 0 } }), /PUSH_OPTION_INVALID.*experiment.maxAgeMs/],
    [
      'another member of an experiment',
      Push(['/a'], { experiment: { arms: 2 } as object }),
      /PUSH_OPTION_INVALID.*experiment.arms/,
    ],
  ])('is told at start when it is wrong: %s', async (_what, push, message) => {
    const mistakes = await mistakesOf([controllerWith(push)]);
    expect(mistakes.map((mistake) => mistake.message)).toEqual([expect.stringMatching(message)]);
  });

  it.each<[string, unknown, RegExp]>([
    ['a number', 7, /the option push: expected true, false or an object, got 7/],
    ['a list', [], /got an array/],
    ['a limit below none', { maxPerPage: -1 }, /push.maxPerPage: expected a whole number from 0 to 100, got -1/],
    ['half a byte', { maxFileBytes: 0.5 }, /push.maxFileBytes/],
    ['hints for somebody else', { earlyHints: 'http3' }, /push.earlyHints: expected 'http2', 'always' or false, got "http3"/],
    ['a name that is nearly one', { maxPerPages: 1 }, /push.maxPerPages: expected maxPerPage\?/],
    ['a name that is none', { nonsense: 1 }, /push.nonsense: expected promises, earlyHints/],
  ])('is told of the option as well: %s', async (_what, push, message) => {
    const mistakes = await mistakesOf([controllerWith(Push('/a'))], { push: push as PushOption });
    expect(mistakes.map((mistake) => mistake.message)).toEqual([expect.stringMatching(message)]);
  });

  it('is shown with the route', async () => {
    const { routes } = await inspectApplication(moduleOf([controllerWith(Push('/a.css', '/users/:id'))]));
    expect(routes[0].notes).toMatchObject({ push: ['/a.css', '/users/:id'] });
    const other = await inspectApplication(moduleOf([controllerWith(Push(() => ['/a.css']))]));
    expect(other.routes[0].notes).toMatchObject({ push: ['by the request'] });
  });
});

describe('what is pushed by hand', () => {
  it('throws for what is no path or option, as a mistake of the handler’s', async () => {
    @Controller()
    class Pages {
      @Get('/')
      page(ctx: RequestContext): PushOutcome {
        return ctx.push(ctx.query.path as string);
      }
    }
    const app = await appOf([Pages]);
    const answer = await app.request({ url: '/?path=//evil.test' });
    expect([answer.status, failureOf(answer).code]).toEqual([500, 'INTERNAL_ERROR']);
    expect((await app.request({ url: '/?path=/' })).json()).toEqual({ kind: 'linked', reason: 'http1', notHinted: 'http1' });
  });

  it.each<[string, () => readonly string[]]>([
    [
      'throws',
      () => {
        throw new Error('no paths today');
      },
    ],
    ['gives a promise', () => Promise.resolve(['/a']) as unknown as string[]],
    ['gives what is no path', () => ['nowhere']],
  ])('by a function that %s never changes the answer, and is told in the log', async (_what, paths) => {
    const app = await openPushApp([controllerWith(Push(paths))]);
    const client = await app.connect();
    expect((await client.get('/pages/1')).text).toBe('page');
    expect(app.warnings().map(({ message }) => message)).toEqual(['what a route pushes could not be told']);
    await app.close();
  });
});

describe('a route whose handler will not be called', () => {
  it('pushes nothing, whatever the order of its decorators', async () => {
    const files = assets();
    let isOpen = true;
    const breaker = shapeRoute((draft) => void draft.wouldReject.push(() => isOpen));
    @Controller()
    class Pages {
      @Get('/one') @breaker @Push('/static/app.css') one(): string {
        return 'one';
      }
      @Get('/other') @Push('/static/app.css') @breaker other(): string {
        return 'other';
      }
    }
    const app = await openPushApp([Pages], { static: { root: files.root, prefix: '/static' } });
    const client = await app.connect();
    await client.get('/one');
    await client.get('/other');
    expect([client.paths, app.pushes().map(({ reason }) => reason)]).toEqual([[], ['breaker', 'breaker']]);
    isOpen = false;
    await client.get('/one');
    expect(client.paths).toEqual(['/static/app.css']);
    await app.close();
  });
});
