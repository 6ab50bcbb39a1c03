import type { Observable } from 'rxjs';
import type { FrameworkError } from '../errors/framework-error';
import type { Exchange } from '../http/exchange';
import { type Class, defineSlot } from '../metadata/slot';
import type { PipeTransform } from '../validation/pipe';
import { controllerErrors } from './errors';

/** Lets a request in, or not. False answers 403; throw to say more. */
export interface RouteGuard<Context> {
  canActivate(context: Context): boolean | Promise<boolean> | Observable<boolean>;
}

/** What comes next, seen from an interceptor. */
export interface CallHandler {
  /** The handler's result as an Observable: one value, or those of the Observable it returned. Subscribing runs it. */
  handle(): Observable<unknown>;
}

/** Runs around a handler and may change what goes in and what comes out. */
export interface RouteInterceptor<Context> {
  intercept(context: Context, next: CallHandler): Observable<unknown> | Promise<Observable<unknown>>;
}

/** Answers for errors: what it returns is sent with the error's status, unless it sets another; what it throws goes on. */
export interface RouteFilter<Context> {
  catch(error: unknown, context: Context): unknown;
}

/** A class the container makes, or an instance. */
export type HookReference<T> = T | Class<T>;

/** How something is had while a request is served: always the same, or made for the request. */
export type PerExchange<T> = (exchange: Exchange) => T;

/** A hook that is resolved already: the application's own, by its root module. */
export class ResolvedHook<T> {
  constructor(readonly get: PerExchange<T>) {}
}

/** What stands in the lists of a route. */
export type HookEntry<T> = HookReference<T> | ResolvedHook<T>;

/** What is known of a hook before requests come; the outermost first. */
export interface HookLists {
  readonly guards: HookEntry<RouteGuard<never>>[];
  readonly pipes: HookEntry<PipeTransform>[];
  readonly interceptors: HookEntry<RouteInterceptor<never>>[];
  readonly filters: HookEntry<RouteFilter<never>>[];
}

const caught = defineSlot<readonly Class[]>('catch');

/**
 * Says which errors a filter answers for: those classes and what extends them; none named: all.
 */
export function Catch(...errors: readonly Class[]): (target: Class) => void {
  return (target) => caught.set(target, errors);
}

/** The error classes a filter answers for; empty: all. */
export function readCaught(filter: object): readonly Class[] {
  return caught.get(filter.constructor) ?? [];
}

/** The mistake of giving something else than a hook with that method. */
export function hookInvalid(decorator: string, place: string, member: string, got: unknown): FrameworkError {
  return controllerErrors.HOOK_INVALID({
    decorator,
    place,
    expected: `classes or instances with ${member}()`,
    got: describe(got),
  });
}

function describe(value: unknown): string {
  if (value === undefined) return 'undefined (two files that import each other?)';
  return typeof value === 'function' ? value.name || 'a function' : typeof value;
}

/** Whether `hook` is an instance with the method, or a class whose instances have it. */
export function isHook(hook: unknown, member: string): boolean {
  const holder: unknown = typeof hook === 'function' ? hook.prototype : hook;
  return typeof holder === 'object' && holder !== null && typeof (holder as Record<string, unknown>)[member] === 'function';
}
