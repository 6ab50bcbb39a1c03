import { STATUS_CODES } from 'node:http';
import { FrameworkError, type FrameworkErrorOptions } from './framework-error';

/** What an `HttpError` carries besides its status. */
export interface HttpErrorOptions extends FrameworkErrorOptions {
  /** Stable code, `THING_WHAT`. Default: the status phrase, e.g. `NOT_FOUND`. */
  readonly code?: string;
}

function defaultCode(status: number): string {
  return (STATUS_CODES[status] ?? `STATUS_${status}`).toUpperCase().replace(/[^A-Z0-9]+/g, '_');
}

/**
 * A failure a handler answers with, sent as `application/problem+json` (RFC 9457).
 *
 * In: `status` 400 to 599; `detail` and `headers` are sent, `cause` is only logged.
 * Fails with: RangeError for a status that is no error.
 */
export class HttpError extends FrameworkError {
  declare readonly status: number;

  constructor(status: number, options: HttpErrorOptions | string = {}) {
    const all = typeof options === 'string' ? { detail: options } : options;
    if (!Number.isInteger(status) || status < 400 || status > 599) {
      throw new RangeError(`HttpError takes a status from 400 to 599, got ${status}`);
    }
    super(all.code ?? defaultCode(status), all.detail ?? STATUS_CODES[status] ?? `Status ${status}`, status, all);
  }
}

type NamedOptions = HttpErrorOptions | string;

/** 400: the request is not understood. */
export class BadRequestError extends HttpError {
  constructor(options?: NamedOptions) {
    super(400, options);
  }
}
/** 401: nobody is known to be asking; send `WWW-Authenticate` along. */
export class UnauthorizedError extends HttpError {
  constructor(options?: NamedOptions) {
    super(401, options);
  }
}
/** 403: the one who asks may not. */
export class ForbiddenError extends HttpError {
  constructor(options?: NamedOptions) {
    super(403, options);
  }
}
/** 404: there is nothing here. */
export class NotFoundError extends HttpError {
  constructor(options?: NamedOptions) {
    super(404, options);
  }
}
/** 406: no representation the client accepts. */
export class NotAcceptableError extends HttpError {
  constructor(options?: NamedOptions) {
    super(406, options);
  }
}
/** 409: the state of the resource forbids it. */
export class ConflictError extends HttpError {
  constructor(options?: NamedOptions) {
    super(409, options);
  }
}
/** 410: it was here and is gone. */
export class GoneError extends HttpError {
  constructor(options?: NamedOptions) {
    super(410, options);
  }
}
/** 412: a condition of the request does not hold. */
export class PreconditionFailedError extends HttpError {
  constructor(options?: NamedOptions) {
    super(412, options);
  }
}
/** 413: the body is larger than allowed. */
export class PayloadTooLargeError extends HttpError {
  constructor(options?: NamedOptions) {
    super(413, options);
  }
}
/** 415: the body's content type is not taken here. */
export class UnsupportedMediaTypeError extends HttpError {
  constructor(options?: NamedOptions) {
    super(415, options);
  }
}
/** 422: understood, and still wrong. */
export class UnprocessableEntityError extends HttpError {
  constructor(options?: NamedOptions) {
    super(422, options);
  }
}
/** 429: too many requests; send `Retry-After` along. */
export class TooManyRequestsError extends HttpError {
  constructor(options?: NamedOptions) {
    super(429, options);
  }
}
/** 500: the server's own fault. */
export class InternalServerError extends HttpError {
  constructor(options?: NamedOptions) {
    super(500, options);
  }
}
/** 501: not built. */
export class NotImplementedError extends HttpError {
  constructor(options?: NamedOptions) {
    super(501, options);
  }
}
/** 502: a server behind this one failed. */
export class BadGatewayError extends HttpError {
  constructor(options?: NamedOptions) {
    super(502, options);
  }
}
/** 503: not now; send `Retry-After` along. */
export class ServiceUnavailableError extends HttpError {
  constructor(options?: NamedOptions) {
    super(503, options);
  }
}
/** 504: a server behind this one took too long. */
export class GatewayTimeoutError extends HttpError {
  constructor(options?: NamedOptions) {
    super(504, options);
  }
}
