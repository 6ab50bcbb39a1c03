import type { RouteDraft } from '../controllers/route-draft';
import { noteRoute } from '../controllers/route-notes';
import type { FrameworkError } from '../errors/framework-error';
import { parameterNames } from '../routing/route-pattern';
import { pushErrors } from './errors';
import { Experiment, type PushExperiment } from './experiment';
import { type CheckedOptions, parseOptions, type PushOptions } from './push-options';
import { PathTemplate } from './push-path';

/** What a decorator says of all that its route pushes. */
export interface PushRouteOptions extends PushOptions {
  /** Puts clients into the arms of an A/B test: all, hints alone, nothing. Default: none, all get everything. */
  readonly experiment?: true | PushExperiment;
}

/** Which paths a request pushes; at once, since nothing waits for them. */
export type ReadPaths = (context: never) => readonly string[];

/** What a route pushes, as its decorator was written; checked where the route is known. */
export class PushDeclaration {
  /** A list, or a function of the context. */
  readonly paths: readonly unknown[] | ReadPaths;
  readonly #options: PushRouteOptions | undefined;

  constructor(paths: readonly unknown[] | ReadPaths, options: PushRouteOptions | undefined) {
    this.paths = paths;
    this.#options = options;
  }

  /** What it comes to on a route; `undefined` when it is wrong: that is added to the draft's mistakes. */
  check(draft: RouteDraft): CheckedPush | undefined {
    const { place, pattern, mistakes } = draft;
    const before = mistakes.length;
    const push = this.#attempt(draft);
    if (push === undefined) return undefined;
    const { paths } = push;
    if (typeof paths === 'function') noteRoute(draft, 'push', 'by the request');
    else {
      for (const { text } of paths) noteRoute(draft, 'push', text);
      mistakes.push(...paths.flatMap((path) => path.check(pattern, parameterNames(pattern), place)));
    }
    return mistakes.length === before ? push : undefined;
  }

  #attempt({ place, mistakes }: RouteDraft): CheckedPush | undefined {
    const { experiment, ...options } = this.#options ?? {};
    try {
      return {
        paths: typeof this.paths === 'function' ? this.paths : toTemplates(this.paths, place),
        options: parseOptions(options, place),
        experiment: experiment === undefined ? undefined : new Experiment(experiment, place),
      };
    } catch (error) {
      mistakes.push(error as FrameworkError);
      return undefined;
    }
  }
}

/** What a route pushes, checked. */
export interface CheckedPush {
  readonly paths: readonly PathTemplate[] | ReadPaths;
  readonly options: CheckedOptions;
  readonly experiment: Experiment | undefined;
}

function toTemplates(paths: readonly unknown[], place: string): PathTemplate[] {
  if (paths.length === 0) throw pushErrors.PUSH_PATHS_INVALID({ place, got: 'nothing' });
  return paths.map((path) => new PathTemplate(path as string, place));
}
