// Checked by `tsc --noEmit`: all of it must compile, except what is marked as an error to be expected.
import type { OnInitialize, OnShutdown } from '../../lib/plugins/lifecycle';
import { Module, Plugin } from '../../lib/plugins/plugin';
import type { PluginInstance } from '../../lib/plugins/plugin-instance';
import type { Provider } from '../../lib/plugins/provider';
import { Inject, Optional, token } from '../../lib/plugins/service-token';

interface Clock {
  now(): number;
}
interface PreciseClock extends Clock {
  nowNs(): bigint;
}
const CLOCK = token<Clock>('clock');
const PRECISE = token<PreciseClock>('precise clock');
class Database {
  readonly #pool: string[] = [];
  query(text: string): number {
    return this.#pool.push(text);
  }
}
abstract class Mailer {
  abstract send(): void;
}

export class OnConstructors {
  constructor(
    @Inject(CLOCK) readonly same: Clock,
    @Inject(PRECISE) readonly wider: Clock,
    @Inject(CLOCK) readonly unknown: unknown,
    @Inject(CLOCK) @Optional() readonly orNothing: Clock | undefined,
    @Inject(Database) readonly byClass: Database,
    @Inject(Mailer) readonly byAbstractClass: Mailer,
    @Inject('name') readonly byString: number,
    @Inject(Symbol('name')) readonly bySymbol: string,
    // @ts-expect-error a clock is no text
    @Inject(CLOCK) readonly text: string,
    // @ts-expect-error not every clock is precise
    @Inject(CLOCK) readonly narrower: PreciseClock,
    // @ts-expect-error a database is no clock
    @Inject(Database) readonly other: Clock,
    // @ts-expect-error a clock is no database
    @Inject(CLOCK) readonly another: Database,
    @Inject(CLOCK) readonly optional?: Clock,
  ) {}
}

export class OnMethods {
  handle(
    @Inject(CLOCK) clock: Clock,
    // @ts-expect-error a clock is no number
    @Inject(CLOCK) count: number,
  ): unknown {
    return [clock, count];
  }

  // What is private cannot be looked at from a decorator's type, and is left alone.
  protected hidden(@Inject(CLOCK) clock: Clock): Clock {
    return clock;
  }
}

export class Elsewhere {
  // @ts-expect-error injection goes by parameters, not by properties
  @Inject(CLOCK) readonly clock?: Clock;

  // @ts-expect-error nor by methods
  @Optional() method(): void {}
}

/** A context of a hook may be narrower than `unknown`. */
export class Hooks implements OnInitialize, OnShutdown<{ readonly name: string }> {
  async initialize(context: { readonly name: string }): Promise<string> {
    return context.name;
  }

  shutdown(context: { readonly name: string }): string {
    return context.name;
  }
}

export const providers: Provider[] = [
  Database,
  { provide: CLOCK, useValue: { now: () => 0 } },
  { provide: Mailer, useFactory: (database: Database, limit: number) => ({ database, limit }), inject: [Database, 'limit'] },
  { provide: 'later', useFactory: async () => new Database(), scope: 'singleton' },
  { provide: Mailer, useExisting: Database },
  // @ts-expect-error a scope is one of two
  { provide: CLOCK, useClass: Database, scope: 'transient' },
];

export const typedProvider: Provider<Clock> = { provide: CLOCK, useValue: { now: () => 0 } };
// @ts-expect-error a text is no clock
export const wrongProvider: Provider<Clock> = { provide: CLOCK, useValue: 'noon' };

@Module({
  imports: [() => Later, { module: OnMethods, providers }],
  providers,
  controllers: [OnMethods],
  exports: [CLOCK, 'later', () => Later],
})
export class Early {}

// @ts-expect-error a plugin has a version
@Plugin({ name: 'later' })
export class Later {}

export function resolvesWithoutCast(instance: PluginInstance): [number, number] {
  const clock = instance.container.resolve(CLOCK);
  const database: Database = instance.container.resolve(Database);
  return [clock.now(), database.query('')];
}
