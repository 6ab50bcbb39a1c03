import type { IncomingHttpHeaders } from 'node:http2';
import type { Wire } from '../http/wire';
import type { PushRequest } from './push-options';

/** What of the page's request goes for what is pushed with it as well: it is the same client, and the same user. */
const CARRIED = ['cookie', 'authorization', 'user-agent', 'accept-language', 'accept-encoding'] as const;

/** A promise that carries more would cost the page more than it brings it; HPACK remembers no more of it either (RFC 7541 §4.2). */
const MOST_CARRIED_BYTES = 4_096;
/** What a field counts besides its text (RFC 9113 §6.5.2). */
const FIELD_BYTES = 32;

/** Whether a promise of this request may be sent. In: the size of header lists that the client takes. */
export function isSmall(request: IncomingHttpHeaders, clientTakes = Infinity): boolean {
  let bytes = 0;
  for (const name in request) bytes += name.length + String(request[name]).length + FIELD_BYTES;
  return bytes <= Math.min(MOST_CARRIED_BYTES, clientTakes);
}

/** The head of a request that a client has not made, as it would make it (RFC 9113 §8.4.1). In: the page's. */
export function makeRequest({ headers }: Wire, { path, options }: PushRequest): IncomingHttpHeaders {
  const request = {
    __proto__: null,
    ':method': options.method ?? 'GET',
    ':scheme': headers[':scheme'] ?? 'https',
    ':authority': headers[':authority'] ?? headers.host,
    ':path': path,
  } as unknown as IncomingHttpHeaders;
  for (const name of CARRIED) if (headers[name] !== undefined) request[name] = headers[name];
  for (const [name, value] of options.headers) request[name] = value;
  return request;
}
