/** Where middleware is mounted: the path's segments, as they are written in code. */
export interface MountPath {
  readonly path: string;
  readonly segments: readonly string[];
}

/** What of a request changes while it is below a mount path. */
export interface Mountable {
  url?: string | undefined;
  baseUrl?: string;
}

/** In front of the path in a target of the absolute form (RFC 9112 §3.2.2). */
const ORIGIN = /^[a-z][a-z\d+.-]*:\/\/[^/?#]*/i;

/** Reads a mount path: text that starts with a slash, no patterns. Out: `undefined` where it is none. */
export function parseMountPath(path: string): MountPath | undefined {
  if (!path.startsWith('/') || /[*?#]|\/:/.test(path)) return undefined;
  const segments = path.split('/').filter((segment) => segment !== '');
  return { path: `/${segments.join('/')}`, segments };
}

/**
 * Takes the mount path off the request's `url`, where it lies below it: `/api/x?y` below `/api` is `/x?y`. Letter case
 * makes no difference, nor does percent-encoding: what the router takes for the path must not slip past what guards it.
 *
 * Out: what puts it back in front of what `url` is by then; `undefined`: it lies elsewhere.
 */
export function enterMount({ segments }: MountPath, request: Mountable): (() => void) | undefined {
  const before = request.url ?? '/';
  const from = originLength(before);
  const to = endOfSegments(before, from, segments);
  if (to < 0) return undefined;
  const [origin, taken, rest] = [before.slice(0, from), before.slice(from, to), before.slice(to)];
  const below = origin + (rest.startsWith('/') ? rest : `/${rest}`);
  const base = request.baseUrl ?? '';
  request.url = below;
  request.baseUrl = base + taken;
  return () => {
    const after = request.url ?? '/';
    request.url = after === below ? before : origin + taken + after.slice(originLength(after));
    request.baseUrl = base;
  };
}

/** Whether a path lies below a mount path. */
export function isBelow(mount: MountPath, path: string): boolean {
  return endOfSegments(path, originLength(path), mount.segments) >= 0;
}

function originLength(url: string): number {
  return url.startsWith('/') ? 0 : (ORIGIN.exec(url)?.[0].length ?? 0);
}

/** Where the segments end in `url`, -1 where it has others. */
function endOfSegments(url: string, from: number, segments: readonly string[]): number {
  let at = from;
  for (const segment of segments) {
    if (url[at] !== '/') return -1;
    const end = endOfSegment(url, at + 1);
    if (!isSame(url.slice(at + 1, end), segment)) return -1;
    at = end;
  }
  return at;
}

function endOfSegment(url: string, from: number): number {
  let at = from;
  while (at < url.length && url[at] !== '/' && url[at] !== '?' && url[at] !== '#') at++;
  return at;
}

function isSame(sent: string, written: string): boolean {
  const plain = decode(sent);
  return lowerCase(sent) === lowerCase(written) || (plain !== undefined && plain === decode(written));
}

function decode(segment: string): string | undefined {
  try {
    return lowerCase(decodeURIComponent(segment));
  } catch {
    return undefined;
  }
}

function lowerCase(text: string): string {
  return text.toLowerCase();
}
