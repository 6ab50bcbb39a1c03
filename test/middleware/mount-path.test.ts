import fc from 'fast-check';
import { enterMount, isBelow, type Mountable, parseMountPath } from '../../lib/http/mount-path';

function below(path: string, url: string): Mountable & { leave?: () => void } {
  const mount = parseMountPath(path);
  if (mount === undefined) throw new Error(`${path} is no mount path`);
  const request: Mountable & { leave?: () => void } = { url };
  const leave = enterMount(mount, request);
  if (leave !== undefined) request.leave = leave;
  return request;
}

describe('a mount path', () => {
  it.each([
    ['/api', '/api', '/'],
    ['/api', '/api/', '/'],
    ['/api', '/api?x=1', '/?x=1'],
    ['/api', '/api/users?x=/api', '/users?x=/api'],
    ['/api/', '/API/users', '/users'],
    ['/api/v1', '/api/v1/a', '/a'],
    ['/api', '/%61pi/a', '/a'],
    ['/a b', '/a%20b/c', '/c'],
    ['/api', 'http://host:80/api/a?b', 'http://host:80/a?b'],
    ['/api', 'http://host/api', 'http://host/'],
    ['/', '/a', '/a'],
  ])('%s takes itself off %s, which is %s below it', (path, url, rest) => {
    const request = below(path, url);
    expect(request.url).toBe(rest);
    request.leave?.();
    expect([request.url, request.baseUrl]).toEqual([url, '']);
  });

  it.each([
    ['/api', '/apis'],
    ['/api', '/'],
    ['/api', '/a/api'],
    ['/api', '//api'],
    ['/api', '/api%2Fusers'],
    ['/api', '/%'],
    ['/api', '*'],
    ['/api/v1', '/api'],
  ])('%s does not hold %s', (path, url) => {
    expect(below(path, url)).toEqual({ url });
  });

  it('is put back in front of what the url became', () => {
    const request = below('/api', '/api/old?x');
    request.url = '/new';
    request.leave?.();
    expect(request.url).toBe('/api/new');
  });

  it.each(['api', '', '/a/:id', '/a/*', '/a?b', '/a#b'])('is not %j', (path) => expect(parseMountPath(path)).toBeUndefined());

  it('never throws, and gives back what it took', () => {
    const segment = fc.stringMatching(/^[a-zA-Z0-9%.~-]{0,4}$/);
    const path = fc.array(segment, { maxLength: 4 }).map((segments) => `/${segments.join('/')}`);
    fc.assert(
      fc.property(path, path, fc.constantFrom('', '?a=/b', '#c'), (mounted, url, rest) => {
        const request = below(mounted, url + rest);
        const isInside = request.leave !== undefined;
        expect(isBelow(parseMountPath(mounted)!, url)).toBe(isInside);
        if (isInside) expect(request.url).toMatch(/^\//);
        request.leave?.();
        expect(request.url).toBe(url + rest);
      }),
    );
  });
});
