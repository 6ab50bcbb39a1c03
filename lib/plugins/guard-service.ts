import type { InputIssue } from '../errors/framework-error';
import { type Clock, setAwaitedTimer } from '../lifetime/clock';
import { currentLifetime, runInside } from '../lifetime/current';
import type { Lifetime } from '../lifetime/lifetime';
import { isObservable, rx } from '../lifetime/observable';
import { pluginErrors } from './errors';
import type { CheckCompiler, MethodContract, ReadContract, ServiceSchema, ValueCheck } from './service-contract';
import { isPromiseLike } from './time-limit';

/** Told of each call of a method that is measured. */
export type CallRecorder = (call: {
  readonly service: string;
  readonly method: string;
  readonly durationMs: number;
  readonly error: unknown;
}) => void;

/** What is done around the methods of a service. */
export interface ServiceGuard {
  /** `auth-plugin.auth`, for messages. */
  readonly name: string;
  readonly contract: ReadContract;
  /** `undefined`: no limit. */
  readonly timeoutMs: number | undefined;
  readonly isMeasured: boolean;
}

export interface GuardRooms {
  readonly clock: Clock;
  readonly compile?: CheckCompiler | undefined;
  readonly record?: CallRecorder | undefined;
}

type Method = (this: unknown, ...args: unknown[]) => unknown;
type Around = (call: () => unknown, args: readonly unknown[]) => unknown;

/** What objects are guarded for already: one may be provided again. */
const guarded = new WeakMap<object, Set<string>>();

/**
 * Puts checks, a time limit and measuring around the methods of a service, on the object itself: who has it calls through them.
 * A service that asks for none of it stays as it is.
 *
 * Fails with: SERVICE_FROZEN.
 */
export function guardService(service: unknown, guard: ServiceGuard, rooms: GuardRooms): void {
  if (typeof service !== 'object' || service === null) return;
  const known = guarded.get(service) ?? new Set();
  if (known.has(guard.name)) return;
  for (const name of methodsToGuard(service, guard)) {
    const arounds = compileArounds(name, guard, rooms);
    if (arounds.length > 0) wrap(service, name, arounds, guard);
  }
  guarded.set(service, known.add(guard.name));
}

function methodsToGuard(service: object, { contract, timeoutMs, isMeasured }: ServiceGuard): string[] {
  const listed = [...contract.keys()];
  return timeoutMs === undefined && !isMeasured ? listed : [...new Set([...listed, ...methodsOf(service)])];
}

/** Hooks are called by the application, and the rest by nobody. */
const NO_SERVICE = new Set(['constructor', 'initialize', 'start', 'stop', 'shutdown']);

function methodsOf(service: object): string[] {
  const names: string[] = [];
  for (let at: object | null = service; at !== null && at !== Object.prototype; at = Object.getPrototypeOf(at) as object | null) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(at))) {
      if (typeof value === 'function' && !NO_SERVICE.has(name)) names.push(name);
    }
  }
  return names;
}

/** The outermost first: measured is all of it, and the time is that of the method. */
function compileArounds(name: string, guard: ServiceGuard, rooms: GuardRooms): Around[] {
  const arounds: Around[] = [];
  const method = guard.contract.get(name);
  if (guard.isMeasured && rooms.record !== undefined) arounds.push(measure(name, guard, rooms.clock, rooms.record));
  if (method !== undefined && rooms.compile !== undefined) arounds.push(...compileChecks(name, method, guard, rooms.compile));
  if (guard.timeoutMs !== undefined) arounds.push(limit(name, guard.name, guard.timeoutMs, rooms.clock));
  return arounds;
}

function wrap(service: object, name: string, arounds: readonly Around[], guard: ServiceGuard): void {
  const method = (service as Record<string, Method>)[name];
  const value: Method = function guardedMethod(this: unknown, ...args) {
    const call = (at: number): unknown => {
      const around = arounds[at];
      return around === undefined ? method.apply(this, args) : around(() => call(at + 1), args);
    };
    return call(0);
  };
  if (!Reflect.defineProperty(service, name, { value, configurable: true, writable: true, enumerable: false }))
    throw pluginErrors.SERVICE_FROZEN({ service: guard.name, method: name });
}

function compileChecks(
  name: string,
  { arguments: list = [], result }: MethodContract,
  guard: ServiceGuard,
  compile: CheckCompiler,
): Around[] {
  const compiled = (schema: ServiceSchema | undefined): ValueCheck | undefined =>
    schema === undefined ? undefined : compile(schema);
  const checks = list.map(compiled);
  const arounds: Around[] = [];
  if (checks.some((check) => check !== undefined)) arounds.push(checkArguments(name, guard.name, checks));
  const checkResult = compiled(result);
  if (checkResult !== undefined) arounds.push(checkResults(name, guard.name, checkResult));
  return arounds;
}

function checkArguments(method: string, service: string, checks: readonly (ValueCheck | undefined)[]): Around {
  return (call, args) => {
    const later: Promise<void>[] = [];
    for (const [at, check] of checks.entries()) {
      const refuse = (issues: readonly InputIssue[]): void => {
        if (issues.length > 0) throw pluginErrors.SERVICE_ARGUMENT_INVALID({ service, method, at, problem: problemOf(issues) });
      };
      const found = check?.(args[at]) ?? [];
      if (found instanceof Promise) later.push(found.then(refuse));
      else refuse(found);
    }
    return later.length === 0 ? call() : Promise.all(later).then(call);
  };
}

function checkResults(method: string, service: string, check: ValueCheck): Around {
  const accept = <T>(value: T): T | Promise<T> => {
    if (value === undefined || value === null) return value;
    const refuse = (issues: readonly InputIssue[]): T => {
      if (issues.length > 0) throw pluginErrors.SERVICE_RESULT_INVALID({ service, method, problem: problemOf(issues) });
      return value;
    };
    const found = check(value);
    return found instanceof Promise ? found.then(refuse) : refuse(found);
  };
  return (call) => {
    const value = call();
    if (isObservable(value)) return value.pipe(rx().concatMap(async (one) => accept(one)));
    return isPromiseLike(value) ? value.then(accept) : accept(value);
  };
}

function problemOf(issues: readonly InputIssue[]): string {
  const told = issues
    .slice(0, 3)
    .map(({ path, message }) => (path === '' || message.includes(path) ? message : `${path}: ${message}`));
  return `${told.join('; ')}${issues.length > told.length ? ` (and ${issues.length - told.length} more)` : ''}`;
}

/** A promise is awaited for so long; what it does meanwhile hangs on the current request, and is cut with its time. */
function limit(method: string, service: string, limitMs: number, clock: Clock): Around {
  return (call) => {
    const work = currentLifetime()?.open(currentLifetime()?.subject);
    const value = work === undefined ? call() : insideOf(work, call);
    if (!isPromiseLike(value)) {
      work?.end('finished');
      return value;
    }
    return awaitWithin(value, work, { clock, limitMs, late: () => pluginErrors.SERVICE_TIMEOUT({ service, method, limitMs }) });
  };
}

function insideOf(work: Lifetime, call: () => unknown): unknown {
  try {
    return runInside(work, call);
  } catch (error) {
    work.end('finished');
    throw error;
  }
}

function awaitWithin(
  value: PromiseLike<unknown>,
  work: Lifetime | undefined,
  { clock, limitMs, late }: { clock: Clock; limitMs: number; late: () => Error },
): Promise<unknown> {
  work?.keep();
  return new Promise((resolve, reject) => {
    const endLate = (): void => {
      const error = late();
      reject(error);
      work?.end('deadline', error);
    };
    const cancelTimer = setAwaitedTimer(clock, endLate, limitMs);
    const done =
      <T>(settle: (with_: T) => void) =>
      (with_: T): void => {
        cancelTimer();
        settle(with_);
        work?.end('finished');
        work?.letGo();
      };
    value.then(done(resolve), done<unknown>(reject));
  });
}

function measure(method: string, { name: service }: ServiceGuard, clock: Clock, record: CallRecorder): Around {
  return (call) => {
    const startedMs = clock.now();
    const told = (error?: unknown): void => record({ service, method, durationMs: clock.now() - startedMs, error });
    let value: unknown;
    try {
      value = call();
    } catch (error) {
      told(error);
      throw error;
    }
    if (isObservable(value)) return value.pipe(rx().tap({ complete: told, error: told, unsubscribe: () => told() }));
    if (!isPromiseLike(value)) told();
    else value.then(() => told(), told);
    return value;
  };
}
