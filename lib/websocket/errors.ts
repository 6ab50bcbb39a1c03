import { defineErrors } from '../errors/define-error';

/** Mistakes of wiring, refusals of an upgrade (answered over HTTP), and what a bad message is answered with (an error frame). */
export const websocketErrors = defineErrors({
  WEBSOCKET_EMPTY: {
    message: '{gateway} has neither @OnMessage() nor @OnOpen() methods. Decorate one, or take the class out of controllers.',
  },
  WEBSOCKET_MIXED: {
    message: '{gateway} has @WebSocket() and {what}. Make two classes of it: one answers requests, the other messages.',
  },
  WEBSOCKET_MISSING: {
    message: '{place} has {decorator}, but its class has no @WebSocket(). Decorate the class.',
  },
  WEBSOCKET_HOOK_UNDECORATED: {
    message: '{place} looks like a hook and is none. Decorate it with {decorator}, or give it another name.',
  },
  WEBSOCKET_OPTION_INVALID: { message: 'The option {name} of {place} takes {expected}, got {got}.' },
  WEBSOCKET_OPTION_UNKNOWN: { message: '{place} does not know the option {name}. {wayOut}' },
  WEBSOCKET_UNKNOWN: {
    message: '{name} is no class with @WebSocket(), so that it has no rooms. Give WebSocketRooms.of() one that is.',
  },
  MESSAGE_NOT_METHOD: { message: '{place} is {what}; {decorator} belongs on a method of the instance. Write it as one.' },
  MESSAGE_TYPE_TAKEN: {
    message: '{place} and {other} both take {what}. One method takes a message; call the other one from it.',
  },
  MESSAGE_PARAMETER_INVALID: { message: '{place} parameter {index}: {reason}.' },
  MESSAGE_DECORATOR_INVALID: {
    message: '{decorator} of {place} is about responses of HTTP, and has no meaning here. Take it away.',
  },
  WEBSOCKET_UPGRADE_REQUIRED: { status: 426, message: 'This is a WebSocket (RFC 6455): ask with Upgrade: websocket.' },
  WEBSOCKET_VERSION_UNSUPPORTED: { status: 426, message: 'The version of WebSocket that is spoken here is 13.' },
  WEBSOCKET_HANDSHAKE_INVALID: { status: 400, message: 'The header {name} is {problem}.' },
  WEBSOCKET_ORIGIN_REFUSED: { status: 403, message: 'Pages of this origin may not connect.' },
  WEBSOCKET_ADDRESS_LIMIT: { status: 429, message: 'Too many connections are open from your address: more than {limit}.' },
  WEBSOCKET_LIMIT: { status: 503, message: 'Too many connections are open. Try again later.' },
  MESSAGE_MALFORMED: { status: 400, message: 'The message is not what is taken here: {reason}.' },
  MESSAGE_TYPE_UNKNOWN: { status: 400, message: 'There is no message of this type: {types}.' },
  MESSAGE_STREAMS_LIMIT: {
    status: 429,
    message: 'Too many messages of this connection are still being answered: more than {limit}.',
  },
  WEBSOCKET_ROOMS_LIMIT: { status: 429, message: 'This connection is in too many rooms: more than {limit}.' },
  WEBSOCKET_MESSAGES_TAKEN: {
    status: 500,
    message:
      'The messages of this session are read already: messages() was called, and its iterator is open. Read them in one place.',
  },
  WEBSOCKET_UNSENDABLE: { status: 500, message: 'What is to be sent cannot be written as JSON: {reason}.' },
  WEBSOCKET_CLOSE_INVALID: {
    status: 500,
    message:
      'A WebSocket is closed with a code from 1000 to 1014 that may be sent (RFC 6455 §7.4), or from 3000 to 4999, and a reason of at most 123 bytes; got {got}.',
  },
});
