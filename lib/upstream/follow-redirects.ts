import { Readable } from 'node:stream';
import { nameOf, parseAbsolute } from './call-url';
import type { UpstreamRequest } from './upstream-request';
import { upstreamErrors, untold } from './errors';
import type { UpstreamResponse } from './upstream-response';

type Send = (request: UpstreamRequest) => Promise<UpstreamResponse>;

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** All that another host is told: any other header could be a credential. */
const HARMLESS =
  /^(accept|accept-.*|content-type|content-language|user-agent|range|if-.*|traceparent|tracestate|x-request-timeout-ms)$/;

/**
 * Sends a request, and where it is redirected sends it there, as often as it says. 303, and 301 and 302 for anything
 * but GET and HEAD, go on as GET (RFC 9110 §15.4). A body that is a stream is gone: its redirect is the answer.
 *
 * Fails with: UPSTREAM_REDIRECT_INVALID; what sending fails with.
 */
export async function followRedirects(request: UpstreamRequest, send: Send): Promise<UpstreamResponse> {
  let current = request;
  for (let left = request.maxRedirects; ; left--) {
    const response = await send(current);
    const location = response.header('location');
    if (!REDIRECTS.has(response.status) || location === undefined || request.maxRedirects === 0) return response;
    const next = redirected(current, response.status, location);
    if (next === undefined) return response;
    await response.discard();
    if (left === 0) throw invalid(current, `more than ${request.maxRedirects} times (maxRedirects)`);
    current = next;
  }
}

function redirected(request: UpstreamRequest, status: number, location: string): UpstreamRequest | undefined {
  const becomesGet =
    status === 303 || ((status === 301 || status === 302) && request.method !== 'GET' && request.method !== 'HEAD');
  const method = becomesGet && request.method !== 'HEAD' ? 'GET' : request.method;
  const body = becomesGet ? undefined : request.body;
  if (body instanceof Readable) return undefined;
  const url = target(request, location);
  return { ...request, method, url, body, headers: headersFor(request, url, body === undefined) };
}

function target(request: UpstreamRequest, location: string): URL {
  let url: URL;
  try {
    url = parseAbsolute(new URL(location, request.url).href);
  } catch {
    throw invalid(request, 'to what is no URL that can be asked');
  }
  if (request.url.protocol === 'https:' && url.protocol !== 'https:')
    throw invalid(request, 'from an encrypted connection to one that is not');
  return url;
}

function headersFor({ url: from, headers }: UpstreamRequest, to: URL, isBodiless: boolean): Readonly<Record<string, string>> {
  const isSame = from.origin === to.origin;
  const kept = Object.entries(headers).filter(
    ([name]) => (isSame || HARMLESS.test(name)) && !(isBodiless && name.startsWith('content-')),
  );
  return Object.fromEntries(kept.filter(([name]) => isSame || name !== 'host'));
}

function invalid({ method, url }: UpstreamRequest, reason: string): Error {
  return upstreamErrors.UPSTREAM_REDIRECT_INVALID({ call: nameOf(method, url), reason }, untold(502));
}
