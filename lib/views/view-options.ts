import { resolve } from 'node:path';
import type { FrameworkError } from '../errors/framework-error';
import { checkFolder, flag, watchesByDefault } from './folder-options';

/** Where the views are. */
export interface ViewOptions {
  /** The folder; a relative path starts at the working directory. No view is read from outside of it. */
  readonly root: string;
  /** Whether each page reads its views anew; else they are compiled once. Default: unless `NODE_ENV` is `production`. */
  readonly watch?: boolean;
}

/** The option `views`: a folder, or a folder and how it is read. */
export type ViewOption = string | ViewOptions;

/** Everything that is wrong with the option `views`. */
export function checkViews(option: unknown): FrameworkError[] {
  return option === undefined ? [] : checkFolder('views', option, { watch: flag });
}

/** A checked option with every default filled in. */
export function toViewSettings(option: ViewOption): Required<ViewOptions> {
  const { root, watch = watchesByDefault() } = typeof option === 'string' ? { root: option } : option;
  return { root: resolve(root), watch };
}
