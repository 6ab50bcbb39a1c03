import { Controller } from '../controllers/controller';
import { Ctx } from '../controllers/parameter';
import { All, Delete, Get, Head, type MethodRoute, Options, Patch, Post, Put } from '../controllers/route';
import type { RouteDecorator } from '../controllers/route-draft';
import type { ConcreteClass } from '../metadata/slot';
import { contextErrors } from './errors';
import type { RequestContext } from './request-context';

/** Answers a request: with a value, a promise or an Observable, as a method of a controller does. */
export type RouteHandler = (ctx: RequestContext) => unknown;

/**
 * The routes a plugin adds by itself while it is initialised; they come and go with it, and pass everything that the routes of
 * controllers pass.
 *
 * In, for each: a path, a handler, and decorators as they would stand on a method (`Timeout(500)`, `UseGuards(Admin)`).
 * Fails with: PLUGIN_ROUTER_CLOSED, once the routes are compiled.
 */
export class PluginRouter {
  readonly #plugin: string;
  /** The routes so far as a controller; `undefined` while there are none. */
  #controller: ConcreteClass | undefined;
  #count = 0;
  #isClosed = false;

  /** @internal */
  constructor(plugin: string) {
    this.#plugin = plugin;
  }

  get(path: string, handler: RouteHandler, ...decorators: readonly RouteDecorator[]): this {
    return this.#add(Get(path), path, handler, decorators);
  }

  post(path: string, handler: RouteHandler, ...decorators: readonly RouteDecorator[]): this {
    return this.#add(Post(path), path, handler, decorators);
  }

  put(path: string, handler: RouteHandler, ...decorators: readonly RouteDecorator[]): this {
    return this.#add(Put(path), path, handler, decorators);
  }

  patch(path: string, handler: RouteHandler, ...decorators: readonly RouteDecorator[]): this {
    return this.#add(Patch(path), path, handler, decorators);
  }

  delete(path: string, handler: RouteHandler, ...decorators: readonly RouteDecorator[]): this {
    return this.#add(Delete(path), path, handler, decorators);
  }

  head(path: string, handler: RouteHandler, ...decorators: readonly RouteDecorator[]): this {
    return this.#add(Head(path), path, handler, decorators);
  }

  options(path: string, handler: RouteHandler, ...decorators: readonly RouteDecorator[]): this {
    return this.#add(Options(path), path, handler, decorators);
  }

  all(path: string, handler: RouteHandler, ...decorators: readonly RouteDecorator[]): this {
    return this.#add(All(path), path, handler, decorators);
  }

  /** The routes as a controller; `undefined` when there are none. @internal */
  get controller(): ConcreteClass | undefined {
    return this.#controller;
  }

  /** Takes no more routes from now on. @internal */
  close(): void {
    this.#isClosed = true;
  }

  #add(route: MethodRoute, path: string, handler: RouteHandler, decorators: readonly RouteDecorator[]): this {
    if (this.#isClosed) throw contextErrors.PLUGIN_ROUTER_CLOSED({ plugin: this.#plugin, path });
    if (typeof handler !== 'function')
      throw contextErrors.PLUGIN_HANDLER_INVALID({ plugin: this.#plugin, path, got: typeof handler });
    this.#controller ??= makeController(this.#plugin);
    const prototype = this.#controller.prototype as object;
    const member = `route ${++this.#count}`;
    const value = function routed(ctx: RequestContext): unknown {
      return handler(ctx);
    };
    Object.defineProperty(prototype, member, { value, configurable: true, writable: true });
    Ctx()(prototype, member, 0);
    for (const decorate of [...decorators].reverse()) decorate(prototype, member);
    route(prototype, member);
    return this;
  }
}

function makeController(plugin: string): ConcreteClass {
  class Routes {
    declare readonly routes?: never;
  }
  Object.defineProperty(Routes, 'name', { value: `${plugin} router` });
  Controller()(Routes);
  return Routes;
}
