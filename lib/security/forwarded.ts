import { isIP, isIPv4, isIPv6 } from 'node:net';
import { plainAddress } from '../http/read-origin';

/** What one proxy says of the connection it got a request by. */
export interface ForwardedElement {
  /** Who connected to it: an address, `unknown`, or a name of the proxy's own that begins with `_` (RFC 7239 §6); not always told. */
  readonly client: string | undefined;
  readonly protocol: 'http' | 'https' | undefined;
  readonly host: string | undefined;
}

/** What says nothing that can be understood. */
const NOTHING: ForwardedElement = { client: 'unknown', protocol: undefined, host: undefined };

/**
 * The elements of a `Forwarded` field, the last first: that is the nearest proxy's. Read from the end, so that whatever a
 * client put in front (a quote that never closes) does not change how the rest is understood.
 */
export function* readForwarded(field: string): Generator<ForwardedElement> {
  for (const text of splitFromEnd(field, true)) yield parseElement(text);
}

/** The items of a comma separated field, the last first; empty ones are left out. */
export function* splitFromEnd(field: string, quotes = false): Generator<string, void> {
  let end = field.length;
  for (let at = end - 1; at >= -1; at--) {
    if (quotes && field[at] === '"') at = openingQuote(field, at);
    else if (at < 0 || field[at] === ',') {
      const item = field.slice(at + 1, end).trim();
      if (item !== '') yield item;
      end = at;
    }
  }
  // A quote that nothing opens: what is left is no list any more.
  if (end > 0) yield field.slice(0, end).trim();
}

/** Where the quoted text that ends at `closing` begins; before everything when it does not. */
function openingQuote(field: string, closing: number): number {
  for (let at = closing - 1; at >= 0; at--) if (field[at] === '"' && !isEscaped(field, at)) return at;
  return -2;
}

function isEscaped(field: string, at: number): boolean {
  let slashes = 0;
  while (field[at - 1 - slashes] === '\\') slashes++;
  return slashes % 2 === 1;
}

/**
 * `name=value` or `name="value"`; more is allowed in a bare value than RFC 7239 §4 does, since colons are often not quoted.
 * Blanks are matched in one way only: in two, a header full of them took 0.9 s.
 */
const PAIR = /[ \t]*(?:([\w!#$%&'*+.^`|~-]+)=(?:([^\s",;=\\]+)|"((?:[^"\\]|\\.)*)")[ \t]*)?(;|$)/y;

function parseElement(text: string): ForwardedElement {
  const pairs = new Map<string, string>();
  for (let from = 0; from < text.length; from = PAIR.lastIndex) {
    PAIR.lastIndex = from;
    const match = PAIR.exec(text);
    if (match === null) return NOTHING;
    const [, name, bare, quoted = ''] = match;
    if (name === undefined) continue;
    // Twice the same in one element is not allowed, and whoever takes either is wrong (RFC 7239 §4).
    if (pairs.has(name.toLowerCase())) return NOTHING;
    pairs.set(name.toLowerCase(), bare ?? quoted.replace(/\\(.)/g, '$1'));
  }
  const client = pairs.get('for');
  return {
    client: client === undefined ? undefined : parseClient(client),
    protocol: parseProtocol(pairs.get('proto')),
    host: parseHost(pairs.get('host')),
  };
}

const LONGEST_NAME = 100;

/** Whom a proxy names: an address, with or without port and brackets; `_name`; all else is `unknown`. */
export function parseClient(text: string): string {
  if (isIP(text) !== 0) return plainAddress(text);
  const match = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::(?:\d{1,5}|_[\w.-]+))?$/.exec(text);
  if (match === null) return 'unknown';
  const [, bracketed, bare = ''] = match;
  if (bracketed !== undefined) return isIPv6(bracketed) ? plainAddress(bracketed) : 'unknown';
  if (isIPv4(bare)) return bare;
  return /^_[\w.-]+$/.test(bare) && bare.length <= LONGEST_NAME ? bare : 'unknown';
}

/** Some proxies name the protocol of a WebSocket: it comes by the same connections. */
const PROTOCOLS: ReadonlyMap<string, 'http' | 'https'> = new Map([
  ['http', 'http'],
  ['https', 'https'],
  ['ws', 'http'],
  ['wss', 'https'],
]);

/** `undefined` for what is none. */
export function parseProtocol(text: string | undefined): 'http' | 'https' | undefined {
  return text === undefined ? undefined : PROTOCOLS.get(text.toLowerCase());
}

/** Host and port; `undefined` for what is none. */
export function parseHost(text: string | undefined): string | undefined {
  const isHost = text !== undefined && text.length <= 260 && /^(?:[\w.-]+|\[[\da-f:.]+\])(?::\d{1,5})?$/i.test(text);
  return isHost ? text : undefined;
}
