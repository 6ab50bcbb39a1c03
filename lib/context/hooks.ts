import type { RouteFilter, RouteGuard, RouteInterceptor } from '../controllers/hooks';
import { createRouteParameter, type CustomParameter, type CustomParameterOf } from '../controllers/parameter';
import type { AuthOptions } from '../security/auth';
import type { RequestContext } from './request-context';

/** Lets a request in (`true`), or not (403; throw to say more). */
export type Guard = RouteGuard<RequestContext>;

/** Runs around a handler: `intercept(context, next)` returns what comes out. */
export type Interceptor = RouteInterceptor<RequestContext>;

/** Answers for errors; see `@Catch`. */
export type Filter = RouteFilter<RequestContext>;

/** The `auth` option: who is asking (`authenticate`), and may they (`permits`). */
export type Auth = AuthOptions<RequestContext>;

/**
 * Makes a parameter decorator of your own.
 *
 * In: `read(data, context)`: `data` is what the decorator was given; may return a promise. Out: `(data?, ...pipes) => decorator`;
 * where `read` declares its `data` without `undefined`, it has to be given.
 */
export function createParamDecorator<Data = unknown>(
  read: (data: Data | undefined, context: RequestContext) => unknown,
): CustomParameter<Data>;
export function createParamDecorator<Data>(read: (data: Data, context: RequestContext) => unknown): CustomParameterOf<Data>;
export function createParamDecorator<Data>(
  read: (data: Data | undefined, context: RequestContext) => unknown,
): CustomParameter<Data> {
  return createRouteParameter(read);
}
