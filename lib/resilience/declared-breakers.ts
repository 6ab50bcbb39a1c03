import { isDeepStrictEqual } from 'node:util';
import { failuresOf } from '../errors/failures-of';
import type { FrameworkError } from '../errors/framework-error';
import type { Breakers } from './breakers';
import { resilienceErrors } from './errors';
import type { NamedBreakerOptions } from './named-configurations';

/** A place that names a breaker, as a decorator does. */
export interface BreakerUse {
  /** `UsersController.one`, for messages. */
  readonly place: string;
  readonly name: string;
  /** How it judges, where the place says so. */
  readonly options: NamedBreakerOptions | undefined;
  /** Whether there are several of the name, one for each key. */
  readonly isKeyed: boolean;
}

/** The breakers that an application names before it runs: their names are checked, and they are there from the start. */
export class DeclaredBreakers {
  readonly registry: Breakers;
  readonly #uses = new Map<string, BreakerUse>();
  /** Those whose place these take, once they settle. */
  #before: DeclaredBreakers | undefined;
  readonly #definitions = new Map<string, NamedBreakerOptions>();

  constructor(registry: Breakers, before?: DeclaredBreakers) {
    this.registry = registry;
    this.#before = before;
  }

  /** The names that are declared. */
  get names(): ReadonlySet<string> {
    return new Set([...this.#uses.values()].map(({ name }) => name));
  }

  /** Notes a use; the same place may say the same again. */
  declare(use: BreakerUse): void {
    this.#uses.set(`${use.name} ${use.place}`, use);
  }

  /** Everything that is wrong with what was declared: options that contradict each other, names that are a slip of another. */
  mistakes(): FrameworkError[] {
    const uses = [...this.#uses.values()];
    const contradictions = uses.flatMap(({ name, options }) =>
      options === undefined ? [] : failuresOf(() => this.#define(name, options)),
    );
    const slips = uses.flatMap(({ name, options, place }) => (options === undefined ? this.registry.slipOf(name, place) : []));
    return [...contradictions, ...slips];
  }

  /**
   * Takes the place of those before: breakers that are named no more, or configured otherwise now, are let go of, but for what
   * `others` name too. All others stay as they are.
   */
  settle(others: DeclaredBreakers): void {
    const { registry } = this;
    for (const name of this.#before?.names ?? []) {
      const isNamed = this.names.has(name) || others.names.has(name);
      const isSame = isDeepStrictEqual(
        registry.configurationOf(name),
        this.#definitions.get(name) ?? registry.configurationOf(name),
      );
      if (!isNamed || !isSame) registry.forget(name);
    }
    for (const [name, options] of this.#definitions) registry.define(name, options);
    this.#before = undefined;
    this.open();
  }

  /** What those before said counts no more; what is said now may not contradict itself, or the application. */
  #define(name: string, options: NamedBreakerOptions): void {
    const said = this.#definitions.get(name);
    if (said !== undefined && !isDeepStrictEqual(said, options)) throw resilienceErrors.BREAKER_EXISTS({ breaker: name });
    const { registry } = this;
    const isFree = this.#before?.names.has(name) === true || registry.configurationOf(name) === undefined;
    // Nothing is written before the change is certain.
    if (this.#before !== undefined && isFree && !registry.isFixed(name)) registry.checkDefinition(name, options);
    else registry.define(name, options);
    this.#definitions.set(name, options);
  }

  /** Makes those that are one for their name: an idle application shows them all. */
  open(): void {
    for (const { name, isKeyed } of this.#uses.values()) if (!isKeyed) this.registry.get(name);
  }
}
