import fc from 'fast-check';
import { FrameworkError, isFrameworkError } from '../../lib/errors/framework-error';
import * as named from '../../lib/errors/http-error';
import { HttpError } from '../../lib/errors/http-error';

const NAMED = [
  ['BadRequestError', 400, 'BAD_REQUEST'],
  ['UnauthorizedError', 401, 'UNAUTHORIZED'],
  ['ForbiddenError', 403, 'FORBIDDEN'],
  ['NotFoundError', 404, 'NOT_FOUND'],
  ['NotAcceptableError', 406, 'NOT_ACCEPTABLE'],
  ['ConflictError', 409, 'CONFLICT'],
  ['GoneError', 410, 'GONE'],
  ['PreconditionFailedError', 412, 'PRECONDITION_FAILED'],
  ['PayloadTooLargeError', 413, 'PAYLOAD_TOO_LARGE'],
  ['UnsupportedMediaTypeError', 415, 'UNSUPPORTED_MEDIA_TYPE'],
  ['UnprocessableEntityError', 422, 'UNPROCESSABLE_ENTITY'],
  ['TooManyRequestsError', 429, 'TOO_MANY_REQUESTS'],
  ['InternalServerError', 500, 'INTERNAL_SERVER_ERROR'],
  ['NotImplementedError', 501, 'NOT_IMPLEMENTED'],
  ['BadGatewayError', 502, 'BAD_GATEWAY'],
  ['ServiceUnavailableError', 503, 'SERVICE_UNAVAILABLE'],
  ['GatewayTimeoutError', 504, 'GATEWAY_TIMEOUT'],
] as const;

describe('an HttpError', () => {
  it('has the phrase of its status as code and message, and no detail', () => {
    expect(new HttpError(404)).toMatchObject({
      name: 'HttpError',
      status: 404,
      code: 'NOT_FOUND',
      message: 'Not Found',
      detail: undefined,
    });
  });

  it('takes its detail as text', () => {
    expect(new HttpError(409, 'sold out')).toMatchObject({ code: 'CONFLICT', message: 'sold out', detail: 'sold out' });
  });

  it('takes a code, a detail, headers, issues and a cause', () => {
    const cause = new Error('underneath');
    const options = {
      code: 'SHOW_OVER',
      detail: 'too late',
      headers: { 'retry-after': '1' },
      errors: [{ path: '', message: 'x' }],
      cause,
    };
    const error = new HttpError(410, options);
    expect(error).toMatchObject(options);
    expect(error.cause).toBe(cause);
    expect(isFrameworkError(error)).toBe(true);
  });

  it('makes a code of every status there may be', () => {
    fc.assert(
      fc.property(fc.integer({ min: 400, max: 599 }), (status) => {
        const { code, message } = new HttpError(status);
        expect(code).toMatch(/^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$/);
        expect(message).not.toBe('');
      }),
    );
    expect(new HttpError(599)).toMatchObject({ code: 'STATUS_599', message: 'Status 599' });
  });

  it.each([399, 600, 200, 0, -404, 404.5, NaN, Infinity])('refuses %d, which is no status of an error', (status) => {
    expect(() => new HttpError(status)).toThrow(RangeError);
    expect(() => new HttpError(status)).toThrow(`HttpError takes a status from 400 to 599, got ${status}`);
  });

  it.each(NAMED)('is named %s with status %d', (name, status, code) => {
    const Named = named[name];
    expect(new Named()).toMatchObject({ name, status, code });
    expect(new Named('why')).toMatchObject({ detail: 'why', message: 'why' });
    expect(new Named({ code: 'OWN_CODE', cause: 1 })).toMatchObject({ code: 'OWN_CODE', cause: 1 });
    expect(new Named()).toBeInstanceOf(HttpError);
    expect(new Named()).toBeInstanceOf(FrameworkError);
  });

  it('has all its named kinds in the list above', () => {
    const kinds = Object.keys(named).filter((name) => name !== 'HttpError');
    expect(kinds.toSorted()).toEqual(NAMED.map(([name]) => name).toSorted());
  });
});
