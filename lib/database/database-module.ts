import { type DynamicModule, Module, type ModuleImport } from '../plugins/plugin';
import type { InjectEntry } from '../plugins/provider';
import { WiringError } from '../plugins/wiring-error';
import { Database } from './database';
import { checkDatabaseOptions, type DatabaseOptions } from './database-options';
import { Databases } from './databases';

/** Options of `DatabaseModule.forRootAsync`: a function that makes them, of what `inject` names. */
export interface DatabaseModuleAsyncOptions {
  readonly imports?: readonly ModuleImport[];
  readonly inject?: readonly InjectEntry[];
  /** `never` as argument type takes a function of any arguments. */
  readonly useFactory: (...args: never[]) => DatabaseOptions | Promise<DatabaseOptions>;
}

/**
 * Says that a module uses the application's database. `forRoot` gives the modules that import it one of their own, with
 * `ctx.db` still the application's.
 */
@Module()
export class DatabaseModule {
  /** In: where it is; `name` tells it apart from others. Fails with: a `WiringError` of DATABASE_OPTION_INVALID, at once. */
  static forRoot(options: DatabaseOptions): DynamicModule {
    refuseWrong(options);
    return DatabaseModule.forRootAsync({ useFactory: () => options });
  }

  /** The same with options that are made from what is injected. */
  static forRootAsync({ imports = [], inject = [], useFactory }: DatabaseModuleAsyncOptions): DynamicModule {
    const open = async (databases: Databases, ...args: never[]): Promise<Database> => {
      const options = await useFactory(...args);
      refuseWrong(options);
      return databases.open(options);
    };
    return {
      module: DatabaseModule,
      imports,
      providers: [{ provide: Database, useFactory: open, inject: [Databases, ...inject] }],
      exports: [Database],
    };
  }
}

function refuseWrong(options: DatabaseOptions): void {
  const wrong = checkDatabaseOptions(options);
  if (wrong.length > 0) throw new WiringError(wrong);
}
