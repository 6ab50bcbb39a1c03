import { defineErrors } from '../errors/define-error';

export const resilienceErrors = defineErrors({
  BREAKER_OPEN: { message: 'A breaker lets no call through: what stands behind it is out of order.', status: 503 },
  BREAKER_TIMEOUT: { message: 'A call through a breaker or a policy took longer than its timeoutMs.', status: 504 },
  BREAKER_UNKNOWN: { message: 'There is no breaker "{breaker}"{hint}.', status: 404 },
  BREAKER_OPTION_INVALID: { message: '{of}: {option} is {got}; it takes {expected}.' },
  BREAKER_SNAPSHOT_INVALID: {
    message: 'What breaker "{breaker}" is to be restored from is not what save() gave: {reason}. Make a new one instead.',
  },
  BREAKER_EXISTS: {
    message:
      'Two breakers would have the name "{breaker}", with different options. Give one of them another name, or name it once in the option breakers.',
  },
  BREAKER_NAME_UNKNOWN: {
    message:
      '{place} names the breaker "{breaker}", which is configured nowhere; did you mean "{near}"? If it is another one, name it in the option breakers; an empty object has the defaults.',
  },
  SERVER_OVERLOADED: { message: 'The server has too much to do ({reason}) to take on more.', status: 503 },
  BULKHEAD_FULL: {
    message: 'Bulkhead "{bulkhead}" takes no more: {running} calls are under way and {queued} wait, as many as may.',
    status: 503,
  },
  BULKHEAD_WAIT_TIMEOUT: {
    message: 'A call waited {waitMs} ms (maxWaitMs) for its turn in bulkhead "{bulkhead}", and had none.',
    status: 503,
  },
});
