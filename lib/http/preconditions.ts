import type { Exchange } from './exchange';

/** What the conditions of a request say about the representation at hand (RFC 9110 §13.2.2). */
export type Verdict = 'send' | 'not-modified' | 'failed';

/** Evaluates the conditional fields of a GET or HEAD against the `etag` and `last-modified` of its response. */
export function evaluatePreconditions(exchange: Exchange): Verdict {
  const { headers } = exchange.wire;
  const etag = exchange.field('etag');
  const modified = parseDate(exchange.field('last-modified'));
  const ifMatch = headers['if-match'];
  if (ifMatch !== undefined) {
    if (!matches(ifMatch, etag, strong)) return 'failed';
  } else if (isAfter(modified, parseDate(headers['if-unmodified-since']))) {
    return 'failed';
  }
  const ifNoneMatch = headers['if-none-match'];
  if (ifNoneMatch !== undefined) return matches(ifNoneMatch, etag, weak) ? 'not-modified' : 'send';
  const since = parseDate(headers['if-modified-since']);
  return modified !== undefined && since !== undefined && modified <= since ? 'not-modified' : 'send';
}

/**
 * Whether the `Range` of a GET is to be heeded: there is none in `If-Range`'s way (RFC 9110 §13.1.5). A date there must be the
 * very one, and a tag a strong one, of the response: parts of two versions would be put together else.
 */
export function rangeApplies(exchange: Exchange): boolean {
  const { headers, method } = exchange.wire;
  if (headers.range === undefined || method !== 'GET') return false;
  const condition = headers['if-range'];
  if (condition === undefined) return true;
  const text = String(condition).trim();
  if (text.includes('"')) return strong(text, exchange.field('etag') ?? '');
  const modified = parseDate(exchange.field('last-modified'));
  return modified !== undefined && modified === parseDate(text);
}

type Compare = (one: string, other: string) => boolean;

const strong: Compare = (one, other) => one === other && !one.startsWith('W/');
const weak: Compare = (one, other) => one.replace(/^W\//, '') === other.replace(/^W\//, '');

function matches(list: string, etag: string | undefined, same: Compare): boolean {
  if (list.trim() === '*') return true;
  if (etag === undefined) return false;
  return (list.match(/(?:W\/)?"[^"]*"/g) ?? []).some((candidate) => same(candidate, etag));
}

function parseDate(text: string | undefined): number | undefined {
  const ms = text === undefined ? NaN : Date.parse(text);
  return Number.isNaN(ms) ? undefined : Math.floor(ms / 1000);
}

function isAfter(one: number | undefined, other: number | undefined): boolean {
  return one !== undefined && other !== undefined && one > other;
}
