import { defineErrors } from '../errors/define-error';

export const resilienceErrors = defineErrors({
  BREAKER_OPEN: { message: 'A breaker lets no call through: what stands behind it is out of order.', status: 503 },
  BREAKER_TIMEOUT: { message: 'A call through a breaker took longer than its timeoutMs.', status: 504 },
  BREAKER_OPTION_INVALID: { message: 'Breaker "{breaker}": {option} is {got}; it takes {expected}.' },
  BREAKER_SNAPSHOT_INVALID: {
    message: 'What breaker "{breaker}" is to be restored from is not what save() gave: {reason}. Make a new one instead.',
  },
  BREAKER_UNKNOWN: {
    message: 'There is no breaker "{breaker}"{hint}. Name it in the option breakers of the application.',
  },
  BREAKER_EXISTS: {
    message:
      'Two breakers would have the name "{breaker}", with different options. Give one of them another name, or name it once in the option breakers.',
  },
});
