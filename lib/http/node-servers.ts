import { createServer as createHttp1Server, type Server as Http1Server } from 'node:http';
import type * as Http2 from 'node:http2';
import { Http1Request } from './http1-request';
import type { HttpLimits } from './limits';

/** Node's HTTP/1.1 server with our limits, told of nothing yet and without a port of its own. */
export function makeHttp1(limits: HttpLimits): Http1Server {
  const server = createHttp1Server({
    IncomingMessage: Http1Request,
    // A request without a host, or with two, is answered by us: Node's own answer has no body.
    requireHostHeader: false,
    // Node would set it anew twice in each request (5 % of one); see `OpenConnections`.
    keepAliveTimeout: 0,
    headersTimeout: Math.min(limits.headersTimeoutMs, limits.requestTimeoutMs),
    requestTimeout: limits.requestTimeoutMs,
    connectionsCheckingInterval: Math.max(50, Math.min(1_000, limits.headersTimeoutMs / 4, limits.requestTimeoutMs / 4)),
    maxHeaderSize: limits.headerLimitBytes,
    noDelay: true,
  });
  // Node drops header lines past this count without a word; their bytes are limited anyway.
  server.maxHeadersCount = 0;
  return server;
}

/** Node's HTTP/2 server likewise. */
export function makeHttp2(limits: HttpLimits): Http2.Http2Server {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- a static import would load it at start
  const { createServer } = require('node:http2') as typeof Http2;
  return createServer({
    settings: {
      maxConcurrentStreams: limits.maxConcurrentStreams,
      maxHeaderListSize: limits.headerLimitBytes,
      enableConnectProtocol: true,
    },
    maxHeaderListPairs: 512,
  });
}
