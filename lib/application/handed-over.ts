import type { ModuleImport } from '../plugins/plugin';
import type { ApplicationOptions } from './configuration';

/** What a program wanted to run. */
export interface ProgramApplication {
  readonly module: ModuleImport;
  readonly options: ApplicationOptions;
}

let taker: ((application: ProgramApplication) => void) | undefined;

/**
 * From now on `createApp` and `serve` hand over what they are given and make nothing: their promises never settle. For
 * tools that load a program to look at its application.
 */
export function takeApplications(take: (application: ProgramApplication) => void): void {
  taker = take;
}

/** Hands an application over to whoever takes them. Out: `undefined` when nobody does; else a promise that never settles. */
export function handOver(module: ModuleImport, options: ApplicationOptions): Promise<never> | undefined {
  if (taker === undefined) return undefined;
  taker({ module, options });
  return new Promise(() => undefined);
}
