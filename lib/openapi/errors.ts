import { defineErrors } from '../errors/define-error';

/** Mistakes in what decorators tell of a route, or of a class, for documents. */
export const openapiErrors = defineErrors({
  OPENAPI_DECORATOR_INVALID: { message: '{decorator} of {place} {reason}' },
  OPENAPI_OPTION_INVALID: { message: 'The option {name} takes {expected}.{wayOut}' },
  OPENAPI_OPERATION_DUPLICATE: {
    message:
      '{place} has the operationId "{id}", which {other} has already. Give one of them another one: clients make a function of each.',
  },
});
