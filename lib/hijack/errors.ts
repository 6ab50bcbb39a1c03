import { defineErrors } from '../errors/define-error';

export const hijackErrors = defineErrors({
  HIJACK_UPGRADE_REQUIRED: {
    status: 426,
    message:
      'This speaks {protocol}. Ask for it with Connection: Upgrade and Upgrade: {protocol} over HTTP/1.1 (a proxy in between has to pass both on), or with an extended CONNECT over HTTP/2 (RFC 8441).',
  },
  HIJACK_PROTOCOL_UNKNOWN: { status: 501, message: 'This speaks {protocol}, and not {asked} (RFC 8441 §4).' },
  HIJACK_LIMIT: { status: 503, message: 'Too many connections are open. Try again later.' },
  HIJACK_OPTION_INVALID: { message: '@Hijack of {place} {reason}' },
  HIJACK_ALREADY_ACCEPTED: {
    status: 500,
    message: '{call} comes too late: the client has been answered already. Call it once, before anything is written.',
  },
  HIJACK_HEAD_INVALID: { status: 500, message: 'The connection cannot be accepted with that: {reason}.' },
  HIJACK_INPUT_ENDED: { status: 400, message: 'The client ended its side: {wanted} bytes were asked for, {got} came.' },
  HIJACK_LINE_TOO_LONG: { status: 400, message: 'A line is longer than {limit} bytes.' },
  HIJACK_READ_INVALID: {
    status: 500,
    message: '{call} takes a whole number of bytes from 0 to {limit}, got {got}. Read what is longer as a stream.',
  },
  HIJACK_READ_TEXT: {
    status: 500,
    message: '{call} reads bytes, and setEncoding() makes text of them. Leave that out, or read the text as a stream.',
  },
  HIJACK_DEADLINE_INVALID: {
    status: 500,
    message: '{call} takes milliseconds from now, a Date, or nothing to lift it, got {got}.',
  },
  CONNECTION_TIMEOUT: { status: 408, message: 'The time for {what} ran out.' },
  TUNNEL_TARGET_INVALID: {
    status: 500,
    message: 'A tunnel leads to "host:port", or to an object with host and port; got {got}.',
  },
  TUNNEL_TARGET_REFUSED: { status: 403, message: 'This target is not among those that tunnels may lead to.' },
  TUNNEL_UNREACHABLE: { status: 502, message: 'The target of the tunnel cannot be reached.' },
  TUNNEL_ALLOW_INVALID: {
    status: 500,
    message: 'The targets that a tunnel may lead to are "host:port" (the host may be *.example.com or *, the port *), got {got}.',
  },
  TUNNEL_TIME_INVALID: { status: 500, message: '{option} takes milliseconds from 0 (none) to {limit}, got {got}.' },
  TUNNEL_CONNECT_TIMEOUT: { status: 504, message: 'The target of the tunnel did not answer in time.' },
});
