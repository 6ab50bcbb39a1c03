import type { OutgoingHttpHeaders } from 'node:http2';
import fc from 'fast-check';
import { freshForMs } from '../../lib/push/cache-lifetime';
import { preloadLink } from '../../lib/push/preload-link';
import { parseOptions } from '../../lib/push/push-options';
import { isPath, PathTemplate } from '../../lib/push/push-path';
import type { PushOptions } from 'rockstar-web';

const link = (path: string, options: PushOptions = {}, type?: string): string =>
  preloadLink(path, parseOptions(options, 'a test'), type);

describe('a link', () => {
  it.each<[string, PushOptions, string | undefined, string]>([
    ['/a.css', {}, undefined, '</a.css>; rel=preload; as=style; type="text/css"'],
    ['/a.css', {}, 'text/css; charset=utf-8', '</a.css>; rel=preload; as=style; type="text/css"'],
    ['/a.js?v=2', {}, undefined, '</a.js?v=2>; rel=preload; as=script; type="text/javascript"'],
    ['/a.mjs', {}, 'text/javascript', '</a.mjs>; rel=preload; as=script; type="text/javascript"'],
    ['/f.woff2', {}, undefined, '</f.woff2>; rel=preload; as=font; type="font/woff2"; crossorigin'],
    ['/f.ttf', { crossorigin: false }, undefined, '</f.ttf>; rel=preload; as=font; type="font/ttf"'],
    ['/i.PNG', {}, undefined, '</i.PNG>; rel=preload; as=image; type="image/png"'],
    ['/i', {}, 'image/avif', '</i>; rel=preload; as=image; type="image/avif"'],
    ['/v.mp4', {}, 'video/mp4', '</v.mp4>; rel=preload; as=video; type="video/mp4"'],
    ['/t.vtt', {}, undefined, '</t.vtt>; rel=preload; as=track; type="text/vtt"'],
    ['/d.json', {}, undefined, '</d.json>; rel=preload; as=fetch; type="application/json"; crossorigin'],
    ['/api/users/1', {}, undefined, '</api/users/1>; rel=preload; as=fetch; crossorigin'],
    [
      '/api/users/1',
      { crossorigin: 'use-credentials' },
      undefined,
      '</api/users/1>; rel=preload; as=fetch; crossorigin=use-credentials',
    ],
    [
      '/worker',
      { as: 'worker', type: 'text/javascript' },
      undefined,
      '</worker>; rel=preload; as=worker; type="text/javascript"',
    ],
    [
      '/a.css',
      { as: 'fetch', crossorigin: 'anonymous' },
      undefined,
      '</a.css>; rel=preload; as=fetch; type="text/css"; crossorigin',
    ],
    ['/constructor', {}, undefined, '</constructor>; rel=preload; as=fetch; crossorigin'],
    ['/x.toString', {}, 'not a type', '</x.toString>; rel=preload; as=fetch; crossorigin'],
  ])('to %s (%j, %s) says what it is used as, its type, and how it is asked for', (path, options, type, expected) => {
    expect(link(path, options, type)).toBe(expected);
  });
});

describe('a path', () => {
  it('that is taken means to a browser what it means here, and stands in a link by itself', () => {
    const pieces = fc.array(
      fc.constantFrom(
        '/',
        '.',
        '..',
        '%2e',
        '%2E',
        '\\',
        '<',
        '>',
        '"',
        '#',
        '?',
        ':',
        'a',
        'é',
        ' ',
        '\n',
        '@',
        '%',
        '%41',
        ';',
        ',',
      ),
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          pieces.map((all) => `/${all.join('')}`),
        ),
        (path) => {
          if (!isPath(path)) return;
          const url = new URL(path, 'https://here.test');
          // A query of nothing is none to the URL's parts.
          const parts = path.replace(/^([^?]*)\?$/, '$1');
          expect([url.origin, url.pathname + url.search, url.hash]).toEqual(['https://here.test', parts, '']);
          expect(link(path)).toContain(`<${path}>; rel=preload; as=`);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('of a template has the parameters of the request, whatever those are', () => {
    const template = new PathTemplate('/users/:id/posts?by=:id', 'a test');
    expect(template.fill({ id: '7' })).toBe('/users/7/posts?by=:id');
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (id) => {
        let filled: string;
        try {
          filled = template.fill({ id });
        } catch {
          return;
        }
        if (id !== '' && isPath(filled)) expect(decodeURIComponent(filled.split('/')[2])).toBe(id);
      }),
    );
  });
});

describe('how long a response is fresh', () => {
  it.each<[OutgoingHttpHeaders, number]>([
    [{}, 0],
    [{ 'cache-control': 'max-age=60' }, 60_000],
    [{ 'cache-control': 'private, MAX-AGE="5"' }, 5_000],
    [{ 'cache-control': 'max-age=60', age: '20' }, 40_000],
    [{ 'cache-control': 'max-age=60', age: '70' }, 0],
    [{ 'cache-control': 's-maxage=60' }, 0],
    [{ 'cache-control': 'no-cache, max-age=60' }, 0],
    [{ 'cache-control': 'no-store' }, 0],
    [{ 'cache-control': 'max-age=-1' }, 0],
    [{ 'cache-control': 'max-age=99999999999999' }, 9_999_999_999_000],
    [{ 'cache-control': 'max-age=60', vary: 'accept-encoding' }, 60_000],
    [{ 'cache-control': 'max-age=60', vary: 'accept, Cookie' }, 0],
    [{ 'cache-control': 'max-age=60', vary: '*' }, 0],
  ])('%j says %i ms', (fields, ms) => {
    expect(freshForMs(fields)).toBe(ms);
  });
});
