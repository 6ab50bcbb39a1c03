// Hot: asked once a request, before anything else exists.
import Router from 'find-my-way';
import type { HTTPMethod } from 'find-my-way';
import type { FrameworkError } from '../errors/framework-error';
import { AuthorityTable } from './authority-table';
import { routingErrors } from './errors';

/** One line of the table. `place` names where it was declared, for messages. */
export interface RouteEntry<T> {
  readonly method: string;
  readonly pattern: string;
  readonly target: T;
  readonly place: string;
  /** Stands back where another entry answers the same method and path. */
  readonly yields?: boolean;
  /** Of GET: does not answer HEAD as well. */
  readonly withoutHead?: boolean;
}

/**
 * What the table found. `store` is the target, or `null` for a path that is no valid URL; `searchParams` is the
 * query as it was sent, without its question mark.
 */
export interface RouteMatch<T> {
  readonly store: T | null;
  readonly params: Readonly<Record<string, string | undefined>>;
  readonly searchParams: string;
}

/** Answers at paths that no table can list. It is asked behind the table, with what that found, and has the last word. */
export interface LateFinder<T> {
  /** Those it may answer. */
  readonly methods: readonly string[];
  find(method: string, url: string, match: RouteMatch<T> | null): RouteMatch<T> | null;
}

type Find<T> = (method: string, url: string) => RouteMatch<T> | null;

/** A parameter longer than this does not match (it bounds what route expressions are run on). */
const LONGEST_PARAMETER = 2048;

const SLASH = 0x2f;
/** The absolute form of a request target (RFC 9112 §3.2.2). */
const ABSOLUTE = /^https?:\/\//i;

const nothing = (): void => undefined;

/**
 * Method and path to target, as an immutable value: a server exchanges its whole table in one assignment.
 *
 * A trailing slash makes no difference, letter case does. `HEAD` is answered by the route of `GET` unless it has its own.
 */
export class RouteTable<T> {
  /** In: method and request target (`/path?query`, or the absolute form). Out: the match, `null` when nothing answers. */
  readonly find: Find<T>;
  readonly entries: readonly RouteEntry<T>[];
  readonly #methods: readonly string[];

  private constructor(entries: readonly RouteEntry<T>[], methods: readonly string[], find: Find<T>) {
    this.entries = entries;
    this.#methods = methods;
    this.find = find;
  }

  /** Compiles the table. All mistakes are told at once. In: `late`, asked behind it. */
  static compile<T>(
    entries: readonly RouteEntry<T>[],
    late?: LateFinder<T>,
  ): {
    readonly table: RouteTable<T>;
    readonly mistakes: readonly FrameworkError[];
  } {
    const router = Router({
      ignoreTrailingSlash: true,
      maxParamLength: LONGEST_PARAMETER,
      onBadUrl: nothing,
      querystringParser: (query: string) => query as never,
    });
    const all = candidates(entries);
    const authorities = new AuthorityTable<T>();
    const mistakes = addAll(router, authorities, all);
    const methods = [...new Set([...all.map((entry) => entry.method), ...(late?.methods ?? [])])];
    const look = router.find.bind(router) as unknown as Find<T>;
    const find: Find<T> = (method, url) => {
      // The router does not look at the first letter: what is no path would match as if it were one.
      if (url.charCodeAt(0) !== SLASH && !ABSOLUTE.test(url)) return method === 'CONNECT' ? authorities.find(url) : null;
      const match = look(method, url);
      // Only such paths can leave a parameter empty, and nobody who writes /:id means that.
      return match !== null && mayBeEmpty(url) && hasEmpty(match.params) ? null : match;
    };
    const both: Find<T> = late === undefined ? find : (method, url) => late.find(method, url, find(method, url));
    return { table: new RouteTable(entries, methods, both), mistakes };
  }

  /** The methods that answer at this path, for `Allow` (RFC 9110 §10.2.1); empty when none does. */
  allowed(url: string): string[] {
    const answering = this.#methods.filter((method) => this.find(method, url)?.store);
    return answering.length === 0 ? [] : [...new Set([...answering, 'OPTIONS'])].sort();
  }
}

function mayBeEmpty(url: string): boolean {
  return url.length === 1 || url[1] === '?' || url.includes('//');
}

function hasEmpty(params: RouteMatch<unknown>['params']): boolean {
  for (const name in params) if (params[name] === '' && name !== '*') return true;
  return false;
}

/** An entry on its way into the table: what somebody declared is told of when it loses its place, what follows from it is not. */
interface Candidate<T> extends RouteEntry<T> {
  readonly derived: boolean;
}

/** All entries by who has the first right to a place: declared ones, HEAD from GET, and what yields. */
function candidates<T>(entries: readonly RouteEntry<T>[]): Candidate<T>[] {
  const inOrder = (some: readonly RouteEntry<T>[]): Candidate<T>[] => [
    ...some.map((entry) => ({ ...entry, derived: false })),
    ...some
      .filter(({ method, withoutHead }) => method === 'GET' && withoutHead !== true)
      .map((entry) => ({ ...entry, method: 'HEAD', derived: true })),
  ];
  return [
    ...inOrder(entries.filter(({ yields }) => yields !== true)),
    ...inOrder(entries.filter(({ yields }) => yields === true)),
  ];
}

function addAll<T>(
  router: Router.Instance<Router.HTTPVersion.V1>,
  authorities: AuthorityTable<T>,
  entries: readonly Candidate<T>[],
): FrameworkError[] {
  const mistakes: FrameworkError[] = [];
  const seen = new Map<string, Candidate<T>>();
  for (const entry of entries) {
    const { method, pattern, target, place } = entry;
    const key = `${method} ${shape(pattern)}`;
    const other = seen.get(key);
    if (other !== undefined) {
      if (!standsBack(entry, other)) mistakes.push(duplicate(entry, other));
      continue;
    }
    seen.set(key, entry);
    if (method === 'CONNECT') {
      const mistake = authorities.add(entry);
      if (mistake !== undefined) mistakes.push(mistake);
      continue;
    }
    try {
      router.on(method as HTTPMethod, pattern, nothing, target);
    } catch (error) {
      if (!entry.derived) mistakes.push(routingErrors.ROUTE_PATTERN_INVALID({ method, pattern, place, reason: reasonOf(error) }));
    }
  }
  return mistakes;
}

/** Whether an entry may lose its place without a word. Two that answer all methods are told of once. */
function standsBack(entry: Candidate<unknown>, other: Candidate<unknown>): boolean {
  return entry.derived || (entry.yields === true && (other.yields !== true || entry.method !== 'GET'));
}

function duplicate({ method, pattern, place }: Candidate<unknown>, other: Candidate<unknown>): FrameworkError {
  return routingErrors.ROUTE_DUPLICATE({ method, pattern, place, other: other.place, otherPattern: other.pattern });
}

/** Two patterns that differ in nothing but the names of their parameters, or a last slash, answer the same paths. */
function shape(pattern: string): string {
  return pattern.replace(/:[A-Za-z_]\w*/g, ':').replace(/(?<=.)\/$/, '');
}

function reasonOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/\.$/, '');
}
