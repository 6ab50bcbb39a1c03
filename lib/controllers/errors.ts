import { defineErrors } from '../errors/define-error';

export const controllerErrors = defineErrors({
  CONTROLLER_UNDECORATED: {
    message:
      '{controller} stands in controllers of {module} but has no @Controller(). Decorate the class, or take it out of the list.',
  },
  CONTROLLER_EMPTY: {
    message: '{controller} has no routes. Decorate its methods with @Get(), @Post() and the like, or take it out of controllers.',
  },
  ROUTE_PARAMETER_UNDECLARED: {
    message:
      '{place} takes a parameter {index} of type {type} that nothing fills. Say where it comes from (@Param, @Query, @Body, @Headers, @Cookies, @Ctx, @Signal, @Inject), or declare it as RequestContext or AbortSignal.',
  },
  ROUTE_PARAMETER_ERASED: {
    message: '{place} parameter {index} ({source}): {reason}.',
  },
  ROUTE_PARAMETER_UNKNOWN: {
    message: '{place} asks for the path parameter "{name}", but {pattern} has {names}. {hint}',
  },
  ROUTE_BODY_TWICE: { message: '{place} takes the body more than once as different things. Take it once with @Body().' },
  ROUTE_OPTION_INVALID: { message: '{decorator} of {place} {reason}' },
  ROUTE_NOT_METHOD: { message: '{place} is {what}; a route is a method of the instance. Write it as one.' },
  HOOK_INVALID: { message: '{decorator} of {place} takes {expected}, got {got}.' },
  BREAKER_METHOD_INVALID: {
    message:
      '{place} is called through a breaker, but declared to return {type}. Declare it to return a Promise or an Observable (`async one(): Promise<User>`).',
  },
  BREAKER_METHOD_UNKNOWN: { message: '{service} has no method {method} that could be called through a breaker.' },
  BREAKER_MISPLACED: {
    message: '@CircuitBreaker() of {place} is without effect: it {reason}.',
  },
  GUARD_REFUSED: { status: 403, message: 'This is not allowed.' },
  BREAKER_MIDDLEWARE_UNBOUND: {
    message:
      'circuitBreaker() ran where nobody told it of the breakers of its application. Put it into @Use() or app.use(), or give it a breaker: circuitBreaker(app.breakers.get("users")).',
  },
});
