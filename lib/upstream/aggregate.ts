import { isFrameworkError } from '../errors/framework-error';
import { currentLifetime, runInside } from '../lifetime/current';
import { Deadline, type Deadlines } from '../lifetime/deadline';
import { cancelledBecause, isCancellation } from '../lifetime/end-reason';
import type { Lifetime, Undo } from '../lifetime/lifetime';
import { rejectSoon } from '../resilience/uncut-call';
import { type BranchFailure, failureOfAll, type MissingPart, missingSince, toMissing } from './branch-failure';
import { upstreamErrors } from './errors';

/** Work that is done beside others. In: a signal that is aborted when it is no longer needed. */
export type BranchWork<T = unknown> = (signal: AbortSignal) => T | PromiseLike<T>;

/** One part of an aggregate: its work, or its work and whether there is no answer without it. */
export type Branch<T = unknown> = BranchWork<T> | { readonly call: BranchWork<T>; readonly required?: boolean };

/** The parts of an aggregate, by name. */
export type Branches = Readonly<Record<string, Branch>>;

type Value<B> =
  B extends BranchWork<infer T> ? Awaited<T> : B extends { readonly call: BranchWork<infer T> } ? Awaited<T> : never;

/** How long an aggregate waits. */
export interface AggregateOptions {
  /** Milliseconds, more than 0; then what has arrived is the result. Default: as long as the request has, less the soft moment. */
  readonly timeoutMs?: number;
}

/** What came of the parts. */
export interface Aggregate<B extends Branches> {
  /** By name; `null` for what failed or did not come in time, and is not required. */
  readonly data: {
    readonly [Name in keyof B]: B[Name] extends { readonly required: true } ? Value<B[Name]> : Value<B[Name]> | null;
  };
  /** One for each part that is missing, in the order of the parts. */
  readonly errors: readonly BranchFailure[];
  /** Whether something is missing. */
  readonly partial: boolean;
  /** What each part took, for a `Server-Timing` field (W3C Server Timing). */
  readonly serverTiming: string;
}

/** What an aggregate is a part of. */
export interface AggregateRooms {
  readonly lifetime: Lifetime;
  readonly deadlines: Deadlines;
  /** Tells when it is time to send what there is, at once when that is past. Out: takes it back. */
  readonly whenFinishing: (tell: (reason: 'deadline' | 'shutdown') => void) => Undo;
  /** Told of what a part failed with that is no failure of another service. */
  readonly report: (service: string, error: unknown) => void;
}

/**
 * Does several things side by side and gives what came of them, also when some failed, or when time ran out.
 *
 * Fails with: AGGREGATE_FAILED, AGGREGATE_UNAVAILABLE, AGGREGATE_TIMEOUT when nothing came, or a required part did not;
 * AGGREGATE_INVALID; a `CancelledError` when what it is a part of was cut.
 * Ends: with the last part; what is no longer needed is cut.
 */
export function aggregateWithin<const B extends Branches>(
  rooms: AggregateRooms,
  branches: B,
  options: AggregateOptions = {},
): Promise<Aggregate<B>> {
  const mistake = whyInvalid(branches, options);
  if (mistake !== undefined) return Promise.reject(upstreamErrors.AGGREGATE_INVALID({ reason: mistake }));
  return new Promise((resolve, reject) => {
    new Aggregation(rooms, Object.entries(branches), resolve as (result: Aggregate<Branches>) => void, reject).start(
      options.timeoutMs,
    );
  });
}

const LONGEST_MS = 2 ** 31 - 1;

function whyInvalid(branches: Branches, { timeoutMs }: AggregateOptions): string | undefined {
  if (Object.keys(branches).length === 0) return 'it has no parts';
  if (timeoutMs !== undefined && !(timeoutMs > 0 && timeoutMs <= LONGEST_MS)) {
    return `timeoutMs is ${String(timeoutMs)}; it takes milliseconds, more than 0`;
  }
  for (const [name, branch] of Object.entries(branches)) {
    const work: unknown = typeof branch === 'function' ? branch : (branch as { call?: unknown } | null)?.call;
    if (typeof work !== 'function') return `its part ${name} is no function, and has none as call`;
  }
  return undefined;
}

/** One part under way. */
interface Part {
  readonly name: string;
  readonly isRequired: boolean;
  readonly lifetime: Lifetime;
  readonly startedMs: number;
  /** How long it took; undefined while it is under way. */
  tookMs: number | undefined;
  value: unknown;
  missing: MissingPart | undefined;
}

class Aggregation {
  readonly #rooms: AggregateRooms;
  readonly #lifetime: Lifetime;
  readonly #parts: Part[] = [];
  readonly #deadline: Deadline;
  #waiting: number;
  #isOver = false;

  constructor(
    rooms: AggregateRooms,
    private readonly branches: readonly (readonly [string, Branch])[],
    private readonly resolve: (result: Aggregate<Branches>) => void,
    private readonly reject: (error: unknown) => void,
  ) {
    this.#rooms = rooms;
    this.#lifetime = rooms.lifetime.open();
    this.#waiting = branches.length;
    this.#deadline = new Deadline({ deadlineReached: () => this.#outOfTime('deadline') });
  }

  start(timeoutMs: number | undefined): void {
    const { deadlines, whenFinishing } = this.#rooms;
    this.#lifetime.defer((reason) => {
      this.#deadline.disarm();
      // What it was a part of was cut; its own end comes after the result.
      if (this.#isOver) return;
      this.#isOver = true;
      this.reject(cancelledBecause(reason === 'finished' ? 'parent' : reason));
    });
    if (this.#lifetime.ended) return;
    for (const [name, branch] of this.branches) this.#begin(name, branch);
    if (this.#isOver) return;
    if (timeoutMs !== undefined) deadlines.arm(this.#deadline, this.#now(), timeoutMs);
    this.#lifetime.defer(whenFinishing((reason) => this.#outOfTime(reason)));
  }

  #now(): number {
    return this.#lifetime.clock().now();
  }

  #begin(name: string, branch: Branch): void {
    const { work, isRequired } =
      typeof branch === 'function'
        ? { work: branch, isRequired: false }
        : { work: branch.call, isRequired: branch.required === true };
    const lifetime = this.#lifetime.open();
    const startedMs = this.#now();
    const part: Part = { name, isRequired, lifetime, startedMs, tookMs: undefined, value: null, missing: undefined };
    this.#parts.push(part);
    // A part that is behind one which ended the request is not begun.
    if (this.#isOver) return;
    lifetime.keep();
    run(lifetime, work).then(
      (value) => this.#came(part, value),
      (error: unknown) => this.#failed(part, error),
    );
  }

  #came(part: Part, value: unknown): void {
    part.lifetime.letGo();
    if (this.#isOver) return;
    part.value = value;
    this.#settle(part);
  }

  #failed(part: Part, error: unknown): void {
    part.lifetime.letGo();
    if (this.#isOver) return;
    if (!isFrameworkError(error) && !isCancellation(error)) this.#rooms.report(part.name, error);
    part.missing = toMissing(part.name, error);
    this.#settle(part);
  }

  #settle(part: Part): void {
    part.tookMs = this.#now() - part.startedMs;
    part.lifetime.end('finished');
    this.#waiting--;
    if (this.#waiting === 0 || (part.isRequired && part.missing !== undefined)) this.#conclude();
  }

  #outOfTime(reason: 'deadline' | 'shutdown'): void {
    if (this.#isOver) return;
    for (const part of this.#parts) {
      if (part.tookMs !== undefined) continue;
      part.missing = missingSince(part.name, reason);
      part.tookMs = this.#now() - part.startedMs;
    }
    this.#conclude(reason);
  }

  /** Gives what there is, and cuts what is not needed any more. */
  #conclude(reason: 'deadline' | 'shutdown' | 'manual' = 'manual'): void {
    this.#isOver = true;
    this.#tell();
    for (const { lifetime } of this.#parts) lifetime.end(reason);
    this.#lifetime.end('finished');
  }

  #tell(): void {
    const data: Record<string, unknown> = {};
    const missing: MissingPart[] = [];
    const errors: BranchFailure[] = [];
    let isRequiredMissing = false;
    let serverTiming = '';
    for (const part of this.#parts) {
      serverTiming += (serverTiming === '' ? '' : ', ') + timingOf(part);
      put(data, part.name, part.value);
      if (part.missing === undefined) continue;
      missing.push(part.missing);
      errors.push(part.missing.failure);
      isRequiredMissing ||= part.isRequired;
    }
    if (isRequiredMissing) {
      const required = this.#parts.flatMap((part) => (part.isRequired && part.missing !== undefined ? [part.missing] : []));
      this.reject(failureOfAll(required, errors, serverTiming));
    } else if (missing.length === this.#parts.length) this.reject(failureOfAll(missing, errors, serverTiming));
    else this.resolve({ data, errors, partial: errors.length > 0, serverTiming });
  }
}

/** Parts may have any name. */
function put(data: Record<string, unknown>, name: string, value: unknown): void {
  if (name === '__proto__') Object.defineProperty(data, name, { value, enumerable: true, configurable: true, writable: true });
  else data[name] = value;
}

/** Inside of a request that is known without being told, what a part calls is bound to the part. */
function run(lifetime: Lifetime, work: BranchWork): Promise<unknown> {
  const { signal } = lifetime;
  try {
    return Promise.resolve(currentLifetime() === undefined ? work(signal) : runInside(lifetime, () => work(signal)));
  } catch (error) {
    return rejectSoon(error);
  }
}

/** Names of metrics are tokens (RFC 9110 §5.6.2). */
const NO_TOKEN = /[^\w!#$%&'*+.^`|~-]/g;

function timingOf({ name, tookMs, missing }: Part): string {
  const metric = name.replace(NO_TOKEN, '_') || '_';
  if (tookMs === undefined) return `${metric};desc="not needed"`;
  const took = `${metric};dur=${Math.round(tookMs * 10) / 10}`;
  return missing === undefined ? took : `${took};desc="${missing.failure.code}"`;
}
