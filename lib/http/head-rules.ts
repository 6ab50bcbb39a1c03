// Hot: asked once per request.
import type { IncomingMessage } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http2';
import type { FrameworkError } from '../errors/framework-error';
import { httpErrors } from './errors';
import type { HttpLimits } from './limits';

/** Why a request of HTTP/1.1 is not walked through its route, if so, from its head alone. In: whether it has one. */
export function refusalOfRequest(request: IncomingMessage, limits: HttpLimits, found: boolean): FrameworkError | undefined {
  const { method, httpVersionMajor: version } = request;
  const hosts = countHosts(request.rawHeaders);
  const isShort = (request.url as string).length <= limits.urlLimitBytes;
  const isFramed = request.headers['transfer-encoding'] === undefined || isChunked(request);
  if (hosts === 1 && version === 1 && method !== 'CONNECT' && isShort && isFramed) return undefined;
  if (version !== 1 || !isFramed) return httpErrors.REQUEST_MALFORMED({}, CLOSED);
  if (hosts > 1 || (hosts === 0 && request.httpVersionMinor === 1)) {
    return httpErrors.REQUEST_HOST_INVALID({ count: hosts }, CLOSED);
  }
  if (method === 'CONNECT' && !found) return httpErrors.REQUEST_CONNECT_REFUSED({}, { headers: { allow: '' } });
  return isShort ? undefined : httpErrors.REQUEST_URL_TOO_LONG({ limit: limits.urlLimitBytes });
}

/** The same for a stream of HTTP/2. */
export function refusalOfStream(
  headers: IncomingHttpHeaders,
  rawHeaders: readonly string[],
  limits: HttpLimits,
  found: boolean,
): FrameworkError | undefined {
  const { host, expect, ':path': path = '', ':authority': authority = host } = headers;
  if (authority === undefined) return httpErrors.REQUEST_HOST_INVALID({ count: 0 });
  if (host !== undefined && (host !== authority || countHosts(rawHeaders) > 1))
    return httpErrors.REQUEST_HOST_INVALID({ count: 2 });
  if (headers[':method'] === 'CONNECT' && headers[':protocol'] === undefined && !found)
    return httpErrors.REQUEST_CONNECT_REFUSED({}, { headers: { allow: '' } });
  if (path.length > limits.urlLimitBytes) return httpErrors.REQUEST_URL_TOO_LONG({ limit: limits.urlLimitBytes });
  if (expect !== undefined && !CONTINUE.test(expect)) return httpErrors.REQUEST_EXPECTATION_UNKNOWN();
  return undefined;
}

/**
 * Whether the end of a body can be seen: its last coding is `chunked` (RFC 9112 §6.3), and its client knows of chunks (§6.1).
 * Node's parser tells of another coding behind the head only, and of an empty one not at all.
 */
function isChunked({ headers: { 'transfer-encoding': coding = '' }, httpVersionMinor }: IncomingMessage): boolean {
  return httpVersionMinor > 0 && /(?:^|,)[ \t]*chunked$/i.test(coding);
}

/** As Node reads it over HTTP/1.1. */
export const CONTINUE = /(?:^|\W)100-continue(?:$|\W)/i;

/** Who cannot say whom it asks is not asked again on the same connection. */
const CLOSED = { headers: { connection: 'close' } };

/** How many `Host` lines a head has. Node keeps the first and hides the others, which is how requests are smuggled. */
function countHosts(rawHeaders: readonly string[]): number {
  let hosts = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i];
    if (name.length === 4 && (name === 'Host' || name === 'host' || name.toLowerCase() === 'host')) hosts++;
  }
  return hosts;
}
