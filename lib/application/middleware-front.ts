import { bindFront } from '../controllers/breaker-middleware';
import { type ConnectErrorMiddleware, type ConnectMiddleware, type Layer, MiddlewareChain } from '../http/connect-middleware';
import type { Exchange, RouteTarget } from '../http/exchange';
import { throughMiddleware } from '../http/middleware-walk';
import { isBelow, type MountPath, parseMountPath } from '../http/mount-path';
import type { DeclaredBreakers } from '../resilience/declared-breakers';
import type { RouteTable } from '../routing/route-table';
import { applicationErrors } from './errors';

/** What the front needs of the server it stands in. */
interface Fronted {
  front: ((target: RouteTarget) => RouteTarget) | undefined;
  readonly routes: RouteTable<RouteTarget>;
  readonly unmatched: RouteTarget;
}

/** Answers for an error that no error handler answered for. */
type Fail = (exchange: Exchange, error: unknown) => unknown;

/** The middleware of the whole application, in front of all routes. Without any of it, it is not there. */
export class MiddlewareFront {
  readonly #server: Fronted;
  /** May be exchanged with the routes. */
  fail: Fail;
  readonly #declared: DeclaredBreakers;
  #layers: readonly Layer[] = [];
  #chain = new MiddlewareChain([]);
  /** What stands in for a target; routes are few, and live as long as their table. */
  #targets = new WeakMap<RouteTarget, RouteTarget>();

  constructor(server: Fronted, fail: Fail, declared: DeclaredBreakers) {
    this.#server = server;
    this.fail = fail;
    this.#declared = declared;
  }

  /** Adds middleware behind what is there, for requests that come from now on. Fails with: MIDDLEWARE_INVALID. */
  use(args: readonly unknown[]): void {
    const [mount, list] = typeof args[0] === 'string' ? [toMount(args[0]), args.slice(1)] : [undefined, args];
    if (list.length === 0) throw applicationErrors.MIDDLEWARE_INVALID({ got: 'none' });
    const added = list.map((run) => ({ mount, run: bindFront(toMiddleware(run), this.#declared) }));
    this.#layers = [...this.#layers, ...added];
    this.#chain = new MiddlewareChain(this.#layers);
    this.#targets = new WeakMap();
    this.#server.front = (target) => this.#frontOf(target);
  }

  #frontOf(target: RouteTarget): RouteTarget {
    let front = this.#targets.get(target);
    if (front === undefined) {
      front = this.#stand(target);
      this.#targets.set(target, front);
    }
    return front;
  }

  /** Whoever runs the application is answered whatever middleware does, but for what is mounted on just that path. */
  #stand(target: RouteTarget): RouteTarget {
    if (!target.answersWhileStopping) return this.#before(target, this.#chain);
    const meant = this.#layers.filter(({ mount }) => mount !== undefined && isBelow(mount, target.route));
    return meant.length === 0 ? target : this.#before(target, new MiddlewareChain(meant));
  }

  #before(target: RouteTarget, chain: MiddlewareChain): RouteTarget {
    const run = (exchange: Exchange): unknown => {
      const { method, url } = exchange.wire;
      const proceed = (walked: Exchange): unknown => {
        if (walked.wire.method !== method || walked.wire.url !== url) this.#sortAgain(walked);
        else walked.target = target;
        return walked.target.run(walked);
      };
      return throughMiddleware(chain, exchange, { proceed, fail: this.fail });
    };
    // Middleware may read the body, whatever the route takes.
    return { ...target, body: 'maybe', beginsWithBody: false, run };
  }

  #sortAgain(exchange: Exchange): void {
    const { method, url } = exchange.wire;
    const { routes, unmatched } = this.#server;
    const match = routes.find(method, url);
    if (match === null || match.store === null) exchange.redirect(unmatched, {}, /\?([^#]*)/.exec(url)?.[1] ?? '');
    else exchange.redirect(match.store, match.params, match.searchParams);
  }
}

function toMount(path: string): MountPath | undefined {
  const mount = parseMountPath(path);
  if (mount === undefined) throw applicationErrors.MIDDLEWARE_PATH_INVALID({ path });
  return mount.segments.length === 0 ? undefined : mount;
}

function toMiddleware(run: unknown): ConnectMiddleware | ConnectErrorMiddleware {
  if (typeof run === 'function') return run as ConnectMiddleware;
  throw applicationErrors.MIDDLEWARE_INVALID({ got: run === null ? 'null' : typeof run });
}
