import { type Class, defineSlot } from '../metadata/slot';
import { markInjectable } from '../plugins/plugin';
import type { WebSocketOptions } from './web-socket-options';

interface WebSocketDeclaration {
  readonly path: string;
  readonly options: WebSocketOptions;
}

const declarations = defineSlot<WebSocketDeclaration>('web-socket');

/**
 * Makes a class answer WebSocket connections at a path (RFC 6455; over HTTP/2 by extended CONNECT, RFC 8441): its
 * `@OnMessage` methods handle what comes, `@OnOpen` and `@OnClose` the beginning and the end of each session.
 *
 * In: `path`, with parameters as routes have them; `options`, in place of the application's option `websocket`. List the
 * class in `controllers` of a module; its constructor is injected. Its guards, `@Authorize` and middleware run once, before
 * the upgrade; its pipes, interceptors, filters, breakers and time-out stand around each of its message handlers.
 * An upgrade fails with: 426 WEBSOCKET_UPGRADE_REQUIRED, WEBSOCKET_VERSION_UNSUPPORTED; 400 WEBSOCKET_HANDSHAKE_INVALID;
 * 403 WEBSOCKET_ORIGIN_REFUSED; 429 WEBSOCKET_ADDRESS_LIMIT; 503 WEBSOCKET_LIMIT.
 */
export function WebSocket(path: string, options: WebSocketOptions = {}): (target: Class) => void {
  return (target) => {
    markInjectable(target);
    declarations.set(target, { path, options });
  };
}

/** What `@WebSocket` on this class, or on one it extends, said. */
export function readWebSocket(target: object): WebSocketDeclaration | undefined {
  return declarations.get(target);
}
