import type { Clock } from '../lifetime/clock';
import { CLOCK } from '../plugins/clock-token';
import { type DynamicModule, Module, type ModuleImport } from '../plugins/plugin';
import type { InjectEntry } from '../plugins/provider';
import { JwtService } from './jwt';
import type { JwtOptions } from './jwt-options';

/** Options of `JwtModule.forRootAsync`: a function that makes them, of what `inject` names. */
export interface JwtModuleAsyncOptions {
  readonly imports?: readonly ModuleImport[];
  readonly inject?: readonly InjectEntry[];
  /** `never` as argument type takes a function of any arguments. */
  readonly useFactory: (...args: never[]) => JwtOptions | Promise<JwtOptions>;
}

/** Gives the modules that import it a `JwtService`. */
@Module()
export class JwtModule {
  /** In: the options of `JwtService`. Fails with: JWT_OPTIONS_INVALID, at once. */
  static forRoot(options: JwtOptions): DynamicModule {
    new JwtService(options);
    return JwtModule.forRootAsync({ useFactory: () => options });
  }

  /** The same with options that are made from what is injected. */
  static forRootAsync({ imports = [], inject = [], useFactory }: JwtModuleAsyncOptions): DynamicModule {
    const make = async (clock: Clock, ...args: never[]): Promise<JwtService> => new JwtService(await useFactory(...args), clock);
    return {
      module: JwtModule,
      imports,
      providers: [{ provide: JwtService, useFactory: make, inject: [CLOCK, ...inject] }],
      exports: [JwtService],
    };
  }
}
