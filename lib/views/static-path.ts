import { sep } from 'node:path';

/** Names that Windows reads as something else: streams, drives, and what it cuts off at the end. */
const MISREAD = /:|[. ](?:\/|$)/;
/**
 * Each name has a letter, and none begins with a dot: no `.`, no `..`, no hidden files, no empty names. But for the folder
 * that is there to be read by everybody (RFC 8615), in the first place.
 */
const NAMES = /^(?:\/\.well-known(?=\/))?(?:\/[^/\\.\0][^/\\\0]*)*\/?$/;
/** An encoded slash or zero is no part of a file's name. */
const ENCODED_SEPARATOR = /%(?:2f|5c|00)/i;

/**
 * The path of a file below its folder, from that of a URL. The one place where a client's text becomes a path.
 *
 * In: percent-encoded, from its first slash on, without the query. Out: decoded, e.g. `/css/app.css`, with a last slash where
 * a folder is meant; `undefined` for what no file can be had by: `.` and `..`, hidden names, backslashes, zeros, empty names.
 */
export function toFilePath(path: string): string | undefined {
  const decoded = path.includes('%') ? decode(path) : path;
  if (decoded === undefined || !NAMES.test(decoded)) return undefined;
  return sep === '\\' && MISREAD.test(decoded) ? undefined : decoded;
}

function decode(path: string): string | undefined {
  if (ENCODED_SEPARATOR.test(path)) return undefined;
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}

/** In front of the path in a target of the absolute form (RFC 9112 §3.2.2). */
const ORIGIN = /^[a-z]+:\/\/[^/?#]*/i;
const END = /[?#]/;

/** The path of a request target, still encoded. */
export function pathOf(url: string): string {
  const path = url.startsWith('/') ? url : url.replace(ORIGIN, '');
  const end = path.search(END);
  return end < 0 ? path : path.slice(0, end);
}
