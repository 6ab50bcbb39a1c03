import { defineErrors } from '../errors/define-error';

export const applicationErrors = defineErrors({
  OPTION_UNKNOWN: { message: 'createApp does not know the option {name}. {wayOut}' },
  OPTION_INVALID: { message: 'The option {name} takes {expected}, got {got}.' },
  ENVIRONMENT_INVALID: { message: 'The environment variable {name} takes {expected}, got "{got}".' },
  MIDDLEWARE_INVALID: {
    message: 'app.use takes Connect middleware, functions of (request, response, next), behind an optional path; got {got}.',
  },
  MIDDLEWARE_PATH_INVALID: {
    message: 'app.use takes a path that starts with a slash and is no pattern, got "{path}". Middleware sees all paths below it.',
  },
  APP_STARTING: { message: '{what} has to wait until the application has started: do it behind createApp, or later than start.' },
  PLUGIN_BUSY: { message: '{plugin} began to use {needed} meanwhile. Do it again.' },
  APP_CLOSED: { message: 'The application was closed; make a new one with createApp().' },
  APP_LISTENING: { message: 'The application listens already, on {url}. Close it first, or make another one.' },
});
