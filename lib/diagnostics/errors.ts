import { defineErrors } from '../errors/define-error';

/** What can be wrong with the logger an application is given. */
export const diagnosticsErrors = defineErrors({
  LOGGER_INVALID: {
    message:
      'the logger is {got}; expected a Logger, a pino instance, or an object with the functions debug, info, warn and error{missing}. Pass one of these, `false` for silence, or leave `logger` out for the built-in one.',
  },
  LOGGER_LEVEL_UNKNOWN: {
    message: 'the log level is {got}; expected trace, debug, info, warn, error, fatal or silent.',
  },
});
