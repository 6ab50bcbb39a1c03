import { defineErrors } from '../errors/define-error';

export const contextErrors = defineErrors({
  CONTEXT_ALREADY_ANSWERED: {
    status: 500,
    message: '{route} answers twice: {call} was called after the response had been sent.',
  },
  CONTEXT_STATUS_INVALID: { status: 500, message: '{call} takes a status from {from} to 599, got {status}.' },
  CONTEXT_HEADER_INVALID: { status: 500, message: 'The response header {name} cannot be sent: {reason}.' },
  CONTEXT_REDIRECT_INVALID: { status: 500, message: 'A redirect takes a status from 300 to 399, got {status}.' },
  CONTEXT_TIMEOUT_INVALID: { status: 500, message: 'ctx.withTimeout() takes milliseconds, 0 or more, got {ms}.' },
  CONTEXT_NONE_CURRENT: {
    message:
      'CurrentRequest was asked for outside of a request. Inside one it works in everything the handler awaits, for controllers that reach CurrentRequest by injection; elsewhere pass the context on.',
  },
  PLUGIN_ROUTER_CLOSED: {
    message:
      '{plugin} adds the route {path} when its routes are compiled already. Add routes in initialize, or put them into a controller.',
  },
  PLUGIN_HANDLER_INVALID: { message: '{plugin}: the handler of the route {path} is {got}; expected a function of the context.' },
});
