import type { FrameworkError } from '../errors/framework-error';
import { routingErrors } from './errors';

/** The parameters of a CONNECT, which has no path: the host and the port it asks for. */
export const AUTHORITY_PARAMETERS = ['host', 'port'] as const;

/** `host:port`: a name, an IPv4 address, or an IPv6 address in brackets. */
const AUTHORITY = /^(\[[0-9a-f:.]+\]|[a-z0-9_.*-]+):(\d{1,5}|\*)$/i;

/** One line of the table. */
interface AuthorityEntry<T> {
  readonly pattern: string;
  readonly place: string;
  readonly target: T;
}

/** What the table found, as a table of paths tells it. */
interface AuthorityMatch<T> {
  readonly store: T;
  readonly params: Readonly<Record<string, string | undefined>>;
  readonly searchParams: string;
}

/** `*.example.com`: every name below; `*` alone: every host, or every port. */
interface AuthorityPattern<T> {
  readonly host: string;
  readonly port: string;
  readonly target: T;
}

/** Host and port to target, for CONNECT (RFC 9110 §9.3.6). What is named in full is found first, then patterns in their order. */
export class AuthorityTable<T> {
  readonly #named = new Map<string, T>();
  readonly #patterns: AuthorityPattern<T>[] = [];
  /** Who declared a pattern. */
  readonly #places = new Map<string, string>();

  /** Adds a line. Out: what is wrong with it, if something is: ROUTE_AUTHORITY_INVALID, ROUTE_DUPLICATE. */
  add({ pattern, place, target }: AuthorityEntry<T>): FrameworkError | undefined {
    const [, host, port] = AUTHORITY.exec(pattern) ?? [];
    const isWild = host !== undefined && host.includes('*');
    if (host === undefined || Number(port) > 65_535 || (isWild && !/^\*(\.[^*]+)?$/.test(host))) {
      return routingErrors.ROUTE_AUTHORITY_INVALID({ authority: pattern, place });
    }
    const other = this.#places.get(pattern.toLowerCase());
    if (other !== undefined)
      return routingErrors.ROUTE_DUPLICATE({ method: 'CONNECT', pattern, place, other, otherPattern: pattern.toLowerCase() });
    this.#places.set(pattern.toLowerCase(), place);
    if (isWild || port === '*') this.#patterns.push({ host: host.toLowerCase(), port, target });
    else this.#named.set(pattern.toLowerCase(), target);
    return undefined;
  }

  /** In: a request target in authority form. Out: the match, `null` when nothing answers there. */
  find(authority: string): AuthorityMatch<T> | null {
    const [, host, port] = AUTHORITY.exec(authority.toLowerCase()) ?? [];
    if (host === undefined || host.includes('*') || !(Number(port) <= 65_535)) return null;
    const target = this.#named.get(`${host}:${port}`) ?? this.#patterns.find((pattern) => answers(pattern, host, port))?.target;
    return target === undefined ? null : { store: target, params: { host, port }, searchParams: '' };
  }
}

function answers(pattern: AuthorityPattern<unknown>, host: string, port: string): boolean {
  if (pattern.port !== '*' && pattern.port !== port) return false;
  return pattern.host === '*' || pattern.host === host || (pattern.host.startsWith('*.') && host.endsWith(pattern.host.slice(1)));
}
