import type { IncomingMessage } from 'node:http';
import { httpErrors } from './errors';
import type { Exchange } from './exchange';
import { NodeWire } from './node-wire';

/** The body that middleware has read and left at `request.body`, as body-parser and multer do; `undefined`: there is none. */
export function parsedBody({ wire }: Exchange): unknown {
  return wire instanceof NodeWire && wire.touched ? (wire.request as IncomingMessage & { body?: unknown }).body : undefined;
}

/** The same as what is asked for: text and bytes only where it is that. Fails with: BODY_TAKEN. */
export function parsedAs(body: unknown, kind: string): unknown {
  const isAsAsked = kind === 'text' ? typeof body === 'string' : kind !== 'bytes' || body instanceof Uint8Array;
  if (isAsAsked) return body;
  throw httpErrors.BODY_TAKEN({ kind: 'request.body by middleware' });
}

/** Whether middleware has begun to read the body, so that nobody can read it whole any more. */
export function isReadByMiddleware({ wire }: Exchange): boolean {
  if (!(wire instanceof NodeWire) || !wire.touched) return false;
  const { request } = wire;
  return request.readableDidRead || (wire.hasBody && request.readableEnded);
}
