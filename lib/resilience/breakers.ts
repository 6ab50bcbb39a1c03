import { isDeepStrictEqual } from 'node:util';
import type { Observable } from 'rxjs';
import type { FrameworkError } from '../errors/framework-error';
import { nearNames } from '../errors/near-names';
import { type Clock, systemClock } from '../lifetime/clock';
import { Breaker } from './breaker';
import { type BreakerSettings, compileSettings } from './breaker-settings';
import { resilienceErrors } from './errors';
import { KeyedBreakers } from './keyed-breakers';
import { builtInFor, checkConfiguration, type NamedBreakerOptions, slipOf } from './named-configurations';
import { RecoveryCheck, type RecoveryCheckOptions, type RecoveryProbe } from './recovery-check';
import type { BreakerObserver, Transition } from './transition';
import { TransitionFeed } from './transition-feed';
import type { Shared } from './voice';

/** What a registry of breakers takes; all have a default. */
export interface BreakersOptions {
  /** Where the time comes from. Default: the machine's monotonic clock. */
  readonly clock?: Clock;
  /** The configurations by name. One of `external_api`, `database` or `cache` says only what differs from the built-in one. */
  readonly configurations?: Readonly<Record<string, NamedBreakerOptions>>;
  /** Who counts what the breakers of a name do; asked once for each name that is used. @internal */
  readonly observe?: (name: string) => BreakerObserver | undefined;
}

/** All that is there of one name. */
interface Group {
  readonly name: string;
  readonly settings: BreakerSettings;
  readonly shared: Shared;
  readonly keyed: KeyedBreakers;
  plain: Breaker | undefined;
  /** What an operator did to all of them, so that those still to come are like them. */
  override: 'forceOpen' | 'disable' | undefined;
}

/** What an operator does. */
export type BreakerOperation = 'reset' | 'forceOpen' | 'disable' | 'enable';

/**
 * The breakers of an application, by name and by key: injected into whatever needs one, and `app.breakers`.
 *
 * A name that is configured nowhere, and is none of the built-in ones, has the defaults of `BreakerOptions`.
 * Fails with: BREAKER_OPTION_INVALID, when it is made with a wrong configuration.
 */
export class Breakers {
  readonly #clock: Clock;
  readonly #configurations = new Map<string, NamedBreakerOptions>();
  readonly #groups = new Map<string, Group>();
  readonly #feed: TransitionFeed;
  readonly #observe: (name: string) => BreakerObserver | undefined;
  readonly #observers = new Map<string, BreakerObserver>();
  readonly #checks = new Map<string, RecoveryCheck[]>();
  /** The names that the application itself configures. */
  readonly #fixed: ReadonlySet<string>;

  constructor({ clock = systemClock, configurations = {}, observe = () => undefined }: BreakersOptions = {}) {
    this.#clock = clock;
    this.#observe = observe;
    const listenedChanged = (): void => this.list().forEach((breaker) => breaker.schedule());
    this.#feed = new TransitionFeed(listenedChanged, (transition) => this.#witness(transition));
    for (const [name, options] of Object.entries(configurations)) this.#configure(name, options);
    this.#fixed = new Set(this.#configurations.keys());
  }

  /**
   * The breaker of a name, or of a key of it; made when it is first asked for.
   *
   * There are at most `maxKeys` of a name: then those that are closed and idle go first, and open ones stay.
   */
  get(name: string, key?: string): Breaker {
    const group = this.#groups.get(name) ?? this.#open(name);
    if (key !== undefined) return group.keyed.get(key);
    return (group.plain ??= this.#make(group, undefined));
  }

  /** The one that is there already, if it is. */
  find(name: string, key?: string): Breaker | undefined {
    const group = this.#groups.get(name);
    return key === undefined ? group?.plain : group?.keyed.find(key);
  }

  /** All that are there of a name: the one without a key first. */
  of(name: string): readonly Breaker[] {
    const group = this.#groups.get(name);
    if (group === undefined) return [];
    return group.plain === undefined ? group.keyed.all() : [group.plain, ...group.keyed.all()];
  }

  /** All that are there. `JSON.stringify` tells of each its name, key, state, how long it is open, and what it counted. */
  list(): readonly Breaker[] {
    return [...this.#groups.keys()].flatMap((name) => this.of(name));
  }

  /** The names that are configured by the application, or used. */
  names(): readonly string[] {
    return [...new Set([...this.#configurations.keys(), ...this.#groups.keys()])];
  }

  /**
   * Says how breakers of a name judge, before the first of them is asked for.
   *
   * Fails with: BREAKER_EXISTS where it is configured otherwise, or used; BREAKER_OPTION_INVALID.
   */
  define(name: string, options: NamedBreakerOptions): void {
    const known = this.#configurations.get(name);
    if (known !== undefined && isDeepStrictEqual(known, options)) return;
    if (known !== undefined || this.#groups.has(name)) throw resilienceErrors.BREAKER_EXISTS({ breaker: name });
    this.#configure(name, options);
  }

  /** All that are there of a name, at least one. Fails with: BREAKER_UNKNOWN (404). */
  expect(name: string): readonly Breaker[] {
    const found = this.of(name);
    return found.length > 0 ? found : this.#unknown(name);
  }

  /**
   * Does to all breakers of a name what the method of that name does to one, also to those by key that are still to come; with
   * `key`, to that one alone. Out: those it was done to. An operator's.
   *
   * Fails with: BREAKER_UNKNOWN (404).
   */
  operate(name: string, operation: BreakerOperation, key?: string): readonly Breaker[] {
    const group = this.#groups.get(name) ?? (this.#configurations.has(name) ? this.#open(name) : this.#unknown(name));
    const chosen = key === undefined ? this.of(name) : [this.find(name, key) ?? this.#unknown(`${name} ${key}`)];
    if (key === undefined) group.override = operation === 'forceOpen' || operation === 'disable' ? operation : undefined;
    for (const breaker of chosen) breaker[operation]();
    return chosen;
  }

  /**
   * Has an active health check ask, from the moment in which a breaker of the name opens until it is closed, whether what stands
   * behind it works again: a yes lets trials in at once and counts as one of them, a no counts as nothing. So it can shorten and
   * confirm a recovery, and open nothing.
   *
   * In: what asks; `intervalMs` between two questions (default 5,000), `timeoutMs` of one (default 2,000). Out: ends it.
   * Fails with: BREAKER_OPTION_INVALID.
   */
  checkRecovery(name: string, probe: RecoveryProbe, options: RecoveryCheckOptions = {}): () => void {
    const check = new RecoveryCheck(probe, options, {
      name,
      clock: this.#clock,
      find: (key) => this.find(name, key),
      falseAlarm: (key) => this.#observers.get(name)?.falseAlarm?.(key),
    });
    this.#checks.set(name, [...(this.#checks.get(name) ?? []), check]);
    return () => {
      check.close();
      this.#checks.set(
        name,
        (this.#checks.get(name) ?? []).filter((other) => other !== check),
      );
    };
  }

  /** Whether an application that cannot do without it is degraded while it is open. @internal */
  isRequired(name: string): boolean {
    return this.#configurations.get(name)?.required ?? true;
  }

  /** Whether the application itself configures a name. @internal */
  isFixed(name: string): boolean {
    return this.#fixed.has(name);
  }

  /** What a name is configured with, by whomever. @internal */
  configurationOf(name: string): NamedBreakerOptions | undefined {
    return this.#configurations.get(name);
  }

  /** Fails as `define` would for a name that is new, and defines nothing. @internal */
  checkDefinition(name: string, options: NamedBreakerOptions): void {
    checkConfiguration(name, options);
    this.#compile(name, options);
  }

  /** Lets go of the breakers of a name that nobody names any more; whoever calls through one still does. @internal */
  forget(name: string): void {
    if (this.#fixed.has(name)) return;
    for (const check of this.#checks.get(name) ?? []) check.close();
    this.#checks.delete(name);
    this.#groups.delete(name);
    this.#configurations.delete(name);
  }

  /** What is wrong with a name at a place: that it is a slip of another. @internal */
  slipOf(name: string, place: string): FrameworkError[] {
    return slipOf(name, place, [...this.#configurations.keys()]);
  }

  /** Ends all checks. @internal */
  close(): void {
    for (const checks of this.#checks.values()) for (const check of checks) check.close();
    this.#checks.clear();
  }

  /** Every change of every breaker from now on: each once, in order, after the change. */
  get transitions$(): Observable<Transition> {
    return this.#feed.observe();
  }

  #unknown(name: string): never {
    const [near] = nearNames(name, this.names());
    throw resilienceErrors.BREAKER_UNKNOWN({ breaker: name, hint: near === undefined ? '' : `; did you mean "${near}"?` });
  }

  #open(name: string): Group {
    const { settings, maxKeys } = this.#compile(name, this.#configurations.get(name));
    const observer = this.#observe(name);
    if (observer !== undefined) this.#observers.set(name, observer);
    const shared = { feed: this.#feed, observer };
    const keyed = new KeyedBreakers(name, maxKeys, this.#clock, (key) => this.#make(group, key));
    const group: Group = { name, settings, shared, keyed, plain: undefined, override: undefined };
    this.#groups.set(name, group);
    return group;
  }

  #make({ settings, shared, override }: Group, key: string | undefined): Breaker {
    const breaker = new Breaker(settings, key, shared);
    if (override !== undefined) breaker[override]();
    return breaker;
  }

  #witness(transition: Transition): void {
    this.#observers.get(transition.name)?.changed(transition);
    for (const check of this.#checks.get(transition.name) ?? []) check.changed(transition);
  }

  /** Compiled now, so that a mistake shows at the start. */
  #configure(name: string, options: NamedBreakerOptions): void {
    checkConfiguration(name, options);
    this.#compile(name, options);
    this.#configurations.set(name, options);
  }

  #compile(name: string, own: NamedBreakerOptions = {}): { readonly settings: BreakerSettings; readonly maxKeys: number } {
    const { maxKeys = 1_000, ...options } = { ...builtInFor(name, own), ...own };
    delete options.required;
    return { settings: compileSettings({ ...options, name, clock: this.#clock }), maxKeys };
  }
}
