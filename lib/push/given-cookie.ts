import { createHash, randomBytes } from 'node:crypto';
import { readSignedValue, signValue } from '../http/cookie-signature';
import { cookiesOf, setCookie } from '../http/cookies';
import type { Exchange } from '../http/exchange';
import { epochMs } from '../lifetime/clock';
import type { KnownResource } from './known-resource';

const NAME = 'push-given';
const MONTH_S = 30 * 24 * 60 * 60;

/** Three bytes of a hash: of 64 that are remembered, one in 260,000 is taken for another. */
const MARK_LETTERS = 4;
const MOST = 64;

/** Signs where the application has no secrets of its own, until the process ends. */
const OWN_SECRET = randomBytes(32).toString('base64url');

/**
 * What a client was given over whatever connection, as its signed cookie tells: a mark for each file as it was, and for what a
 * route answered with the second until which that is fresh. The last ones, up to a limit.
 */
export class GivenCookie {
  readonly #exchange: Exchange;
  #entries: readonly string[];
  /** As it stands among the fields of the response. */
  #line: string | undefined;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
    const nowS = nowSOf(exchange);
    const kept = readSignedValue(cookiesOf(exchange)[NAME] ?? '', secretsOf(exchange)) ?? '';
    this.#entries = kept.split('~').filter((entry) => untilS(entry) > nowS);
  }

  has(path: string, { file }: KnownResource): boolean {
    const mark = markOf(path, file?.etag);
    return this.#entries.some((entry) => entry.startsWith(mark));
  }

  /** Notes what is promised, unless nothing says that it may be used again; the response will carry it. */
  add(path: string, { file, freshMs }: KnownResource): void {
    if (file === undefined && freshMs <= 0) return;
    const mark = markOf(path, file?.etag);
    const until = file === undefined ? (nowSOf(this.#exchange) + Math.floor(freshMs / 1_000)).toString(36) : '';
    this.#entries = [...this.#entries.filter((entry) => !entry.startsWith(mark)), `${mark}${until}`].slice(-MOST);
    this.#send();
  }

  /** One line, whatever is added: it takes the place of the one before. */
  #send(): void {
    const { fields } = this.#exchange;
    if (fields !== undefined && this.#line !== undefined) {
      const at = fields.lastIndexOf(this.#line);
      if (at > 0) fields.splice(at - 1, 2);
    }
    const [secret = OWN_SECRET] = secretsOf(this.#exchange);
    setCookie(this.#exchange, NAME, signValue(this.#entries.join('~'), secret), { maxAge: MONTH_S });
    this.#line = this.#exchange.fields?.at(-1);
  }
}

/** None of the application's own: everybody is given this cookie, and its value must not pass under another name. */
function secretsOf({ host }: Exchange): readonly string[] {
  return host.cookieSecrets.length > 0 ? host.cookieSecrets.map((secret) => `${NAME}:${secret}`) : [OWN_SECRET];
}

function nowSOf({ host }: Exchange): number {
  return Math.floor(epochMs(host.clock) / 1_000);
}

function markOf(path: string, etag: string | undefined): string {
  return createHash('sha256')
    .update(`${path} ${etag ?? ''}`)
    .digest('base64url')
    .slice(0, MARK_LETTERS);
}

/** Until when an entry holds, in seconds since 1970. */
function untilS(entry: string): number {
  if (entry.length < MARK_LETTERS) return 0;
  return entry.length === MARK_LETTERS ? Infinity : Number.parseInt(entry.slice(MARK_LETTERS), 36);
}
