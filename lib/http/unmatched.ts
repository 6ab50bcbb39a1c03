import { routingErrors } from '../routing/errors';
import type { RouteTable } from '../routing/route-table';
import type { Exchange, RouteTarget } from './exchange';

/**
 * Answers what no route matched: 400 for a path that is no URL, 405 with `Allow` where another method answers
 * (RFC 9110 §15.5.6), 204 with `Allow` to OPTIONS, else 404.
 */
export function answerUnmatched(exchange: Exchange, routes: RouteTable<RouteTarget>): undefined {
  const { method, url } = exchange.wire;
  if (method === 'OPTIONS' && url === '*') return undefined;
  if (routes.find(method, url)?.store === null || (!url.startsWith('/') && !/^https?:\/\//i.test(url)))
    throw routingErrors.ROUTE_URL_INVALID();
  const path = pathOf(url);
  const allowed = routes.allowed(url);
  if (allowed.length === 0) {
    if (isBadPath(url, routes)) throw routingErrors.ROUTE_URL_INVALID();
    throw routingErrors.ROUTE_NOT_FOUND({ path });
  }
  const allow = allowed.join(', ');
  if (method !== 'OPTIONS')
    throw routingErrors.ROUTE_METHOD_NOT_ALLOWED({ method, path, allowed: allow }, { headers: { allow } });
  exchange.setField('allow', allow);
  return undefined;
}

function pathOf(url: string): string {
  return url.split(/[?#]/, 1)[0] ?? url;
}

/** Whether the path cannot be decoded: the table says so for any method it knows. */
function isBadPath(url: string, routes: RouteTable<RouteTarget>): boolean {
  return routes.find('GET', url)?.store === null;
}
