import { defineErrors } from '../errors/define-error';

export const httpErrors = defineErrors({
  REQUEST_MALFORMED: { status: 400, message: 'The request is not valid HTTP.' },
  REQUEST_HOST_INVALID: { status: 400, message: 'A request names its host exactly once (RFC 9112 §3.2); this one has {count}.' },
  REQUEST_TIMEOUT: { status: 408, message: 'The request did not arrive in time.' },
  REQUEST_URL_TOO_LONG: { status: 414, message: 'The request target is longer than {limit} bytes.' },
  REQUEST_EXPECTATION_UNKNOWN: { status: 417, message: 'The only expectation understood is 100-continue.' },
  REQUEST_HEADERS_TOO_LARGE: { status: 431, message: 'The header section is larger than {limit} bytes.' },
  REQUEST_CONNECT_REFUSED: { status: 405, message: 'Nothing here opens tunnels (CONNECT).' },
  BODY_TOO_LARGE: { status: 413, message: 'The body is larger than {limit} bytes.' },
  BODY_TYPE_UNSUPPORTED: { status: 415, message: 'This route takes {expected}; the content type of the request is {got}.' },
  BODY_ENCODING_UNSUPPORTED: { status: 415, message: 'A body with content coding {coding} is not taken here; send it as it is.' },
  BODY_MALFORMED: { status: 400, message: 'The body is not valid {kind}: {reason}.' },
  BODY_TAKEN: {
    status: 500,
    message: 'The body of this request was read already as {kind}. Read it once, and pass the value on.',
  },
  MULTIPART_TOO_MANY: { status: 413, message: 'The body has more than the {limit} {what} that are taken here.' },
  MULTIPART_FILE_TOO_LARGE: { status: 413, message: 'The file {name} is larger than {limit} bytes.' },
  MULTIPART_FIELD_TOO_LARGE: { status: 413, message: 'The field {name} is larger than {limit} bytes.' },
  MULTIPART_HEADERS_TOO_LARGE: { status: 413, message: 'The header section of a part has more than {limit}.' },
  MULTIPART_FILE_SKIPPED: {
    status: 500,
    message: 'The file {name} was passed over, since nobody read it. Read each file before asking for the next part.',
  },
  UPLOAD_NOT_STORED: { status: 500, message: 'A file of the body could not be stored in {directory}: {reason}.' },
  BODY_INCOMPLETE: { status: 400, message: 'The connection ended before the body was complete.' },
  COOKIE_SECRETS_MISSING: {
    status: 500,
    message:
      'The cookie {name} is to be signed, but the application has no cookieSecrets. Give createApp one (or more: the first signs, all verify), from the environment and not from the code.',
  },
  PRECONDITION_FAILED: { status: 412, message: 'A condition of the request does not hold for what is here now.' },
  REPLY_ALREADY_SENT: {
    status: 500,
    message:
      '{route} returned a value after it had already answered. Return nothing after ctx.json(), ctx.text(), ctx.redirect() or ctx.stream().',
  },
  HIJACK_ALREADY_TAKEN: {
    status: 500,
    message:
      '{route}: {call} comes too late: the connection was taken over, and nothing of HTTP is left on it. Write to the connection itself.',
  },
  HIJACK_AFTER_ANSWER: {
    status: 500,
    message:
      '{route} cannot take its connection over any more: a response has begun, by the handler or by middleware in front of it. Take it over before anything is sent.',
  },
  HIJACK_TOO_LATE: {
    status: 500,
    message:
      '{route} asked for its connection too late: what the client sent behind its request may have been read as HTTP. Declare the route with @Hijack(), or a HijackedConnection among its parameters; or call ctx.hijack() in the tick the request came, before the first await of the handler and of any guard, pipe or middleware in front of it.',
  },
  HIJACK_HTTP2_REFUSED: {
    status: 505,
    message:
      'Over HTTP/2 many requests share one connection, which an ordinary request cannot take over. Ask over HTTP/1.1, or by an extended CONNECT (RFC 8441).',
  },
  HIJACK_UNSUPPORTED: {
    status: 500,
    message:
      'Connections cannot be taken over on Node.js {version}: {reason}. Run a version this package was tested with, and tell its maintainers.',
  },
  REPLY_HEADER_INVALID: { status: 500, message: 'The response header {name} is not valid: {reason}.' },
  REPLY_STATUS_INVALID: { status: 500, message: 'A response status is a whole number from 200 to 599, got {status}.' },
  REPLY_NOT_SERIALIZABLE: { status: 500, message: 'What {route} returned cannot be written as JSON: {reason}.' },
  REPLY_CLIENT_TOO_SLOW: {
    status: 500,
    message: '{route} was cut: its client did not read, and more than {limit} bytes were waiting for it.',
  },
  SERVER_STOPPING: { status: 503, message: 'The server is stopping; try another one, or again later.' },
  SERVER_LISTEN_FAILED: { message: 'Cannot listen on {address}: {reason}. {wayOut}' },
  SERVER_TLS_INVALID: {
    message: "The TLS key and certificate cannot be used: {reason}. Give tls: (key, cert) as PEM text, or tls: 'self-signed'.",
  },
  INTERNAL_ERROR: { status: 500, message: 'Something went wrong here. It was logged.' },
  DEADLINE_EXCEEDED: { status: 504, message: 'The answer took longer than {limit} ms.' },
});
