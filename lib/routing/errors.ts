import { defineErrors } from '../errors/define-error';

export const routingErrors = defineErrors({
  ROUTE_NOT_FOUND: { status: 404, message: 'Nothing answers at {path}.' },
  ROUTE_METHOD_NOT_ALLOWED: { status: 405, message: '{path} does not answer {method}; it answers {allowed}.' },
  ROUTE_URL_INVALID: {
    status: 400,
    message: 'The path of the request is not valid: it must start with a slash and be percent-encoded UTF-8.',
  },
  ROUTE_PATTERN_INVALID: {
    message:
      'The route {method} {pattern} of {place} is not valid: {reason}. A pattern starts with a slash and is made of text, :name and a last *.',
  },
  ROUTE_AUTHORITY_INVALID: {
    message:
      'The authority {authority} of {place} is not valid. CONNECT asks for host:port; the host may be *.example.com or *, and the port *.',
  },
  ROUTE_DUPLICATE: {
    message:
      '{place} answers {method} {pattern}, but {other} answers that already ({otherPattern}). Change the path or the method of one of them.',
  },
});
