import type { IncomingMessage, ServerResponse } from 'node:http';
import type { MountPath } from './mount-path';

/** Goes on to what comes behind a middleware; with an error, to the next error handler. */
export type NextFunction = (error?: unknown) => void;

/** Methods, because their parameters are compared both ways: middleware is typed for Express, for Connect, or for Node. */
interface Shapes {
  handle(request: IncomingMessage, response: ServerResponse, next: NextFunction): unknown;
  handleError(error: unknown, request: IncomingMessage, response: ServerResponse, next: NextFunction): unknown;
}

/**
 * Connect's middleware: answers by Node's response, or calls `next()` once, now or later. A promise that it returns and
 * that rejects is as good as `next(error)`.
 */
export type ConnectMiddleware = Shapes['handle'];

/** Connect's error handler: told apart by its four parameters. Answers, or passes an error on with `next(error)`. */
export type ConnectErrorMiddleware = Shapes['handleError'];

/** One middleware, and below which path it runs (`undefined`: everywhere). */
export interface Layer {
  readonly mount: MountPath | undefined;
  readonly run: ConnectMiddleware | ConnectErrorMiddleware;
}

/** What a request goes through before its route, in this order. */
export class MiddlewareChain {
  readonly layers: readonly Layer[];
  /** Those with four parameters, which errors of the route come to as well. */
  readonly errorLayers: readonly Layer[];

  constructor(layers: readonly Layer[]) {
    this.layers = layers;
    this.errorLayers = layers.filter(takesErrors);
  }
}

export function takesErrors({ run }: Layer): boolean {
  return run.length === 4;
}
