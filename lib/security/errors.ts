import { defineErrors } from '../errors/define-error';

export const securityErrors = defineErrors({
  AUTH_REQUIRED: { status: 401, message: 'Say who you are: this needs a valid credential.' },
  AUTH_FORBIDDEN: { status: 403, message: 'You may not {action} {resource}.' },
  AUTH_NOT_CONFIGURED: {
    message:
      '{place} has @Authorize("{resource}", "{action}"), but the application has no auth.permits. Give createApp auth: (authenticate, permits).',
  },
  TOKEN_INVALID: { status: 401, message: 'The token is not valid here: {reason}.' },
  TOKEN_EXPIRED: { status: 401, message: 'The token has expired.' },
  TOKEN_NOT_YET_VALID: { status: 401, message: 'The token is not valid yet.' },
  TOKEN_KEYS_UNAVAILABLE: {
    status: 503,
    message: 'The keys to check tokens with cannot be had at the moment; try again later.',
  },
  JWT_OPTIONS_INVALID: { message: 'The JWT option {name} {problem}. {wayOut}' },
  JWT_CANNOT_SIGN: {
    message: 'This JwtService has nothing to sign with: it only knows {what}. Give JwtModule.forRoot a secret or a privateKey.',
  },
  BEARER_TOKENS_INVALID: { message: 'bearerTokens() takes a list of (token, user): {problem}.' },
  TRUST_PROXY_INVALID: {
    message:
      'trustProxy names {entry}, which is no address, no subnet such as 10.0.0.0/8, and none of loopback, linklocal and uniquelocal.',
  },
});
