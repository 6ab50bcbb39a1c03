import { validateHeaderName, validateHeaderValue } from 'node:http';
import { defineSlot } from '../metadata/slot';
import { describe } from '../plugins/describe';
import { controllerErrors } from './errors';
import { markHandler } from './handler-members';
import { type RouteDecorator, type RouteDraft, shapeRoute } from './route-draft';

/** How what a handler returns is sent: as one value, or value by value as server-sent events. */
export type ReplyKind = 'value' | 'events';

export interface RouteDeclaration {
  /** `*`: all methods. */
  readonly method: string;
  readonly path: string;
  readonly reply: ReplyKind;
  /** Whether its handler takes the connection over, so that nobody reads what the client sends behind its request. */
  readonly takesOver?: true;
  /** Of CONNECT, which asks for no path but for a `host:port`. */
  readonly authority?: string;
}

const declarations = defineSlot<readonly RouteDeclaration[]>('routes');
const members = defineSlot<readonly (string | symbol)[]>('route-members');

/** Marks a method as a route. */
export type MethodRoute = (target: object, member: string | symbol) => void;

/** Makes a decorator that marks a method as a route: how a new kind of route is declared. */
export function declareRoute(declaration: RouteDeclaration): MethodRoute {
  return (target, member) => {
    declarations.set(target, [declaration, ...(declarations.getOwn(target, member) ?? [])], member);
    members.update(target, (known = []) => (known.includes(member) ? known : [...known, member]));
    markHandler(target, member);
  };
}

/** Answers GET, and HEAD with the same head. In: the path below the controller's, e.g. `/:id`. */
export function Get(path = ''): MethodRoute {
  return declareRoute({ method: 'GET', path, reply: 'value' });
}

/** Answers POST, with 201 unless another status is said. */
export function Post(path = ''): MethodRoute {
  return declareRoute({ method: 'POST', path, reply: 'value' });
}

/** Answers PUT. */
export function Put(path = ''): MethodRoute {
  return declareRoute({ method: 'PUT', path, reply: 'value' });
}

/** Answers PATCH. */
export function Patch(path = ''): MethodRoute {
  return declareRoute({ method: 'PATCH', path, reply: 'value' });
}

/** Answers DELETE. */
export function Delete(path = ''): MethodRoute {
  return declareRoute({ method: 'DELETE', path, reply: 'value' });
}

/** Answers HEAD by itself; without it the route of GET does. */
export function Head(path = ''): MethodRoute {
  return declareRoute({ method: 'HEAD', path, reply: 'value' });
}

/** Answers OPTIONS by itself; without it the allowed methods are told. */
export function Options(path = ''): MethodRoute {
  return declareRoute({ method: 'OPTIONS', path, reply: 'value' });
}

/** Answers every method that has no route of its own at this path. */
export function All(path = ''): MethodRoute {
  return declareRoute({ method: '*', path, reply: 'value' });
}

/**
 * Answers GET with server-sent events (WHATWG HTML §9.2): each value of the Observable or async iterable that the
 * handler returns is one event, a `{ data, event?, id?, retry? }` or just the data. Has no deadline.
 */
export function Sse(path = ''): MethodRoute {
  return declareRoute({ method: 'GET', path, reply: 'events' });
}

/** The routes declared on a method; inherited ones when it declares none itself. */
export function readRoutes(prototype: object, member: string | symbol): readonly RouteDeclaration[] {
  return declarations.get(prototype, member) ?? [];
}

/** The methods of a class that are routes, in the order they were declared, inherited ones first. */
export function readRouteMembers(prototype: object): readonly (string | symbol)[] {
  return members.get(prototype) ?? [];
}

function invalid(draft: RouteDraft, decorator: string, reason: string): void {
  draft.mistakes.push(controllerErrors.ROUTE_OPTION_INVALID({ decorator, place: draft.place, reason }));
}

/** Milliseconds a route, or each of a controller's, may take to answer (504); 0: no limit. */
export function Timeout(ms: number): RouteDecorator {
  return shapeRoute((draft) => {
    if (Number.isFinite(ms) && ms >= 0) draft.timeoutMs = ms;
    else invalid(draft, '@Timeout', `takes milliseconds, 0 or more, got ${describe(ms)}.`);
  });
}

/** Status of a successful answer: 200 to 399. */
export function HttpCode(status: number): RouteDecorator {
  return shapeRoute((draft) => {
    if (Number.isInteger(status) && status >= 200 && status <= 599) draft.status = status;
    else invalid(draft, '@HttpCode', `takes a status from 200 to 599, got ${describe(status)}.`);
  });
}

const FRAMING: ReadonlySet<string> = new Set(['content-length', 'transfer-encoding', 'connection']);

/** A response header of every answer of the route. */
export function Header(name: string, value: string): RouteDecorator {
  return shapeRoute((draft) => {
    try {
      validateHeaderName(name);
      validateHeaderValue(name, value);
      if (FRAMING.has(name.toLowerCase())) throw new TypeError('how a body is framed is up to the server');
      setField(draft.fields, name.toLowerCase(), value);
    } catch (error) {
      invalid(draft, '@Header', `is not a valid header: ${error instanceof Error ? error.message : String(error)}.`);
    }
  });
}

function setField(fields: string[], name: string, value: string): void {
  const at = fields.findIndex((field, index) => index % 2 === 0 && field === name);
  if (at >= 0 && name !== 'set-cookie') fields[at + 1] = value;
  else fields.push(name, value);
}

/** Writes `value` beside a route, or all of a controller's, for guards and interceptors to read by `ctx.metadata(key)`. */
export function SetMetadata(key: unknown, value: unknown): RouteDecorator {
  return shapeRoute((draft) => void draft.metadata.set(key, value));
}
