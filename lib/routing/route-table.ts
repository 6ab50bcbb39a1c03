// Hot: asked once a request, before anything else exists.
import Router from 'find-my-way';
import type { HTTPMethod } from 'find-my-way';
import type { FrameworkError } from '../errors/framework-error';
import { AuthorityTable } from './authority-table';
import { type Candidate, candidates, isHeadLikeGet, placed } from './candidates';
import { routingErrors } from './errors';
import type { RouteEntry } from './route-entry';
import { isPlainPattern, whyNotMeant } from './route-pattern';

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
    const isAlike = isHeadLikeGet(entries);
    const all = candidates(entries, !isAlike);
    const authorities = new AuthorityTable<T>();
    const mistakes: FrameworkError[] = [];
    addAll(router, authorities, placed(all, mistakes), mistakes);
    const look = router.find.bind(router) as unknown as Find<T>;
    const find: Find<T> = (method, url) => {
      // The router does not look at the first letter: what is no path would match as if it were one.
      if (url.charCodeAt(0) !== SLASH && !ABSOLUTE.test(url)) return method === 'CONNECT' ? authorities.find(url) : null;
      const match = look(isAlike && method === 'HEAD' ? 'GET' : method, url);
      // Only such paths can leave a parameter empty, and nobody who writes /:id means that.
      return match !== null && mayBeEmpty(url) && hasEmpty(match.params) ? null : match;
    };
    const both: Find<T> = late === undefined ? find : (method, url) => late.find(method, url, find(method, url));
    const methods = new Set([...all.map((entry) => entry.method), ...(late?.methods ?? [])]);
    if (isAlike && methods.has('GET')) methods.add('HEAD');
    return { table: new RouteTable(entries, [...methods], both), mistakes };
  }

  /** What is wrong with entries, without making a table of them where their patterns say nothing out of the ordinary. */
  static check(entries: readonly RouteEntry<unknown>[]): readonly FrameworkError[] {
    if (!entries.every(({ method, pattern }) => method !== 'CONNECT' && isPlainPattern(pattern)))
      return RouteTable.compile(entries).mistakes;
    const mistakes: FrameworkError[] = [];
    placed(candidates(entries, !isHeadLikeGet(entries)), mistakes);
    return mistakes;
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

/** Adds what has its place. Mistakes are added to `mistakes`. */
function addAll<T>(
  router: Router.Instance<Router.HTTPVersion.V1>,
  authorities: AuthorityTable<T>,
  entries: readonly Candidate<T>[],
  mistakes: FrameworkError[],
): void {
  for (const entry of entries) {
    const { method, pattern, target, place } = entry;
    if (method === 'CONNECT') {
      const mistake = authorities.add(entry);
      if (mistake !== undefined) mistakes.push(mistake);
      continue;
    }
    const refuse = (reason: string): void => {
      if (!entry.derived) mistakes.push(routingErrors.ROUTE_PATTERN_INVALID({ method, pattern, place, reason }));
    };
    const reason = isPlainPattern(pattern) ? undefined : whyNotMeant(pattern);
    if (reason !== undefined) {
      refuse(reason);
      continue;
    }
    try {
      router.on(method as HTTPMethod, pattern, nothing, target);
    } catch (error) {
      refuse(reasonOf(error));
    }
  }
}

function reasonOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/\.$/, '');
}
