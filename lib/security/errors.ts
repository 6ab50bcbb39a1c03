import { defineErrors } from '../errors/define-error';

export const securityErrors = defineErrors({
  AUTH_REQUIRED: { status: 401, message: 'Say who you are: this needs a valid credential.' },
  AUTH_FORBIDDEN: { status: 403, message: 'You may not {action} {resource}.' },
  AUTH_NOT_CONFIGURED: {
    message:
      '{place} has @Authorize("{resource}", "{action}"), but the application has no auth.permits. Give createApp auth: (authenticate, permits).',
  },
});
