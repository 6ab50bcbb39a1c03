import type { ConcreteClass } from '../metadata/slot';
import type { ServiceRef } from './service-ref';
import { Inject, type InjectDecorator, type InjectionKey, Token } from './service-token';
import { ANY_VERSION } from './version';

/** Which service is wanted, and what is taken instead. */
export interface ImportOptions<T = unknown> {
  /** A range of semantic versions (`^2`); the newest within it is taken. Default: any; releases first. */
  readonly version?: string;
  /** Whether it may be missing: `undefined` is passed then, with one warning in the log. Default `false`. */
  readonly optional?: boolean;
  /** What is taken when it is missing: an object, or a class that is made as a provider of the importing module. */
  readonly fallback?: T | ConcreteClass<T>;
}

/** Options of an import that always gives something. */
type Sure<T> = ImportOptions<T> & ({ readonly optional?: false } | { readonly fallback: T | ConcreteClass<T> });

/** What an import asks for. */
export interface ServiceRequest {
  readonly ref: ServiceRef;
  readonly range: string;
  readonly isOptional: boolean;
  /** What was given for it; `undefined`: nothing. */
  readonly fallback: unknown;
  /** What was given as options, where that is not understood. */
  readonly strange: unknown;
}

const requests = new WeakMap<Token, ServiceRequest>();

/**
 * Says which service is injected at a parameter: `@ImportService(AUTH, { version: '^2' }) private readonly auth: AuthService`.
 *
 * In: the service's name; a range of versions; `optional`, `fallback`. A parameter of another type does not compile.
 * What is injected is the exported instance itself. Fails with: INJECT_MISPLACED on anything but a parameter; PLUGIN_NOT_LOADED,
 * SERVICE_UNKNOWN, SERVICE_VERSION_UNSATISFIED and the like when the application is assembled.
 */
export function ImportService<T>(ref: ServiceRef<T>, options?: Sure<NoInfer<T>>): InjectDecorator<T>;
export function ImportService<T>(ref: ServiceRef<T>, options: ImportOptions<NoInfer<T>>): InjectDecorator<T | undefined>;
export function ImportService<T>(ref: ServiceRef<T>, options?: ImportOptions<T>): InjectDecorator<T> {
  return Inject(importService(ref, options));
}

/**
 * `@ImportService` for factories and classes of others: `{ provide, useFactory, inject: [importService(AUTH, { version: '^2' })] }`.
 *
 * In: as there. Out: a token that means this import.
 */
export function importService<T>(ref: ServiceRef<T>, options: ImportOptions<NoInfer<T>> = {}): Token<T> {
  const request = toRequest(ref, options);
  const token = new Token<T>(nameOf(request));
  requests.set(token, request);
  return token;
}

/** What a key asks for, if it means an import. */
export function readServiceRequest(key: InjectionKey): ServiceRequest | undefined {
  return key instanceof Token ? requests.get(key) : undefined;
}

/** Reads the options of an import, from whoever asks. */
export function toRequest(ref: unknown, options: ImportOptions = {}): ServiceRequest {
  const strange = isUnderstood(options) ? undefined : options;
  const { version = ANY_VERSION, optional = false, fallback } = strange === undefined ? options : {};
  return { ref: ref as ServiceRef, range: version, isOptional: optional || fallback !== undefined, fallback, strange };
}

const KNOWN: readonly string[] = ['version', 'optional', 'fallback'] satisfies (keyof ImportOptions)[];

function isUnderstood(options: unknown): boolean {
  return typeof options === 'object' && options !== null && Object.keys(options).every((name) => KNOWN.includes(name));
}

/** `auth-plugin.auth ^2` */
export function nameOf({ ref, range }: Pick<ServiceRequest, 'ref' | 'range'>): string {
  const name = (ref as ServiceRef | undefined)?.name ?? '(unnamed service)';
  return range === ANY_VERSION ? name : `${name} ${range}`;
}
