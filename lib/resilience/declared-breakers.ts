import { type FrameworkError, isFrameworkError } from '../errors/framework-error';
import type { Breakers } from './breakers';
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

  constructor(registry: Breakers) {
    this.registry = registry;
  }

  /** Notes a use; the same place may say the same again. */
  declare(use: BreakerUse): void {
    this.#uses.set(`${use.name} ${use.place}`, use);
  }

  /** Everything that is wrong with what was declared: options that contradict each other, names that are a slip of another. */
  mistakes(): FrameworkError[] {
    const uses = [...this.#uses.values()];
    const contradictions = uses.flatMap(({ name, options }) =>
      options === undefined ? [] : failureOf(() => this.registry.define(name, options)),
    );
    const slips = uses.flatMap(({ name, options, place }) => (options === undefined ? this.registry.slipOf(name, place) : []));
    return [...contradictions, ...slips];
  }

  /** Makes those that are one for their name: an idle application shows them all. */
  open(): void {
    for (const { name, isKeyed } of this.#uses.values()) if (!isKeyed) this.registry.get(name);
  }
}

function failureOf(step: () => void): FrameworkError[] {
  try {
    step();
    return [];
  } catch (error) {
    if (isFrameworkError(error)) return [error];
    throw error;
  }
}
