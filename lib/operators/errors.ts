import { defineErrors } from '../errors/define-error';

export const operatorsErrors = defineErrors({
  OPERATORS_UNGUARDED: {
    message:
      '{module} needs to know who an operator is: give it operate: [Authorize("breakers", "operate")], or another decorator that refuses everybody else.',
  },
  OPERATORS_READERS_UNKNOWN: {
    message:
      '{module} needs to know who may read it: give it read: [Authorize("plugins", "read")], or read: [] to let in everybody.',
  },
  OPERATORS_KEY_UNKNOWN: { status: 404, message: 'There is no breaker "{breaker}" of the key "{key}".' },
});
