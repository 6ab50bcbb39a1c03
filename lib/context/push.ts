import { type PushDecorator, pushDecorator } from '../push/push';
import type { RequestContext } from './request-context';

/**
 * Delivers what a page will need before it is asked for, by the best way that its client takes: a promise (PUSH_PROMISE,
 * RFC 9113 §8.4), else 103 Early Hints (RFC 8297), else `Link: rel=preload`. On a route or a controller; runs behind guards and
 * pipes, before the handler, and never delays or fails it. See docs/push.md.
 *
 * In: paths of this application, percent-encoded; `:name` is a parameter of the route. Or a list of them, or a function of the
 * context that gives one at once, and options for all of them.
 * Fails with: PUSH_PATH_INVALID, PUSH_PARAMETER_UNKNOWN, PUSH_OPTION_INVALID, PUSH_PATHS_INVALID at start.
 */
export const Push: PushDecorator<RequestContext> = pushDecorator;
