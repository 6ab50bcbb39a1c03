import { parse } from 'node:querystring';
import type { Exchange } from './exchange';

/** A query as name → text; a name that came more than once has a list. Without a prototype, so that no name is special. */
export type Query = Readonly<Record<string, string | string[] | undefined>>;

const NOTHING: Query = Object.freeze(Object.create(null) as Record<string, never>);

/** The parsed query of an exchange; parsed once. What is not valid percent-encoding stays as it was sent. */
export function queryOf(exchange: Exchange): Query {
  exchange.query ??= exchange.search === '' ? NOTHING : parse(exchange.search, '&', '=', { maxKeys: 0 });
  return exchange.query;
}
