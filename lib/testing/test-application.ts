import type { Duplex } from 'node:stream';
import { createAssembledApp, type Application } from '../application/application';
import type { Assembly } from '../application/assemble';
import type { ApplicationOptions } from '../application/configuration';
import type { Lifetime } from '../lifetime/lifetime';
import { WaitsFor } from '../lifetime/waits-for';
import type { ModuleImport } from '../plugins/plugin';
import { PluginInstance } from '../plugins/plugin-instance';
import type { InjectionKey } from '../plugins/service-token';
import { Gateway } from '../websocket/gateway';
import { Message } from '../websocket/message';
import { Session } from '../websocket/session';
import { SessionThings } from '../websocket/session-things';
import { connectInProcess, type InProcessRequest, type InProcessResponse, requestInProcess } from './in-process-client';
import type { Override } from './override';

/** Options of `createTestApp`: those of `createApp`, and what is replaced. */
export interface TestApplicationOptions extends ApplicationOptions {
  readonly overrides?: readonly Override[];
}

/** An application driven without a port: requests go through the same server, on connections inside the process. */
export class TestApplication {
  readonly app: Application;
  readonly #assembly: Assembly;

  /** @internal Use `createTestApp`. */
  constructor(app: Application, assembly: Assembly) {
    this.app = app;
    this.#assembly = assembly;
  }

  /** Makes one request. Out: the whole response; it rejects when the connection ends without one. */
  request(options: InProcessRequest): Promise<InProcessResponse> {
    return requestInProcess((socket) => this.#assembly.server.serve(socket), options);
  }

  /** Opens a connection of bare bytes: for routes that take connections over, and for what no client would send. */
  connect(): Duplex {
    return connectInProcess((socket) => this.#assembly.server.serve(socket));
  }

  /** As `app.resolve`. */
  resolve<T>(key: InjectionKey<T>): T {
    return this.app.resolve(key);
  }

  /** As `app.close`. */
  close(reason?: string): Promise<void> {
    return this.app.close(reason);
  }

  /** What is open and would be expected to be over: requests, handlers that outlive theirs, connections. Empty when all is well. */
  leaks(): string[] {
    const { lifetime, server } = this.#assembly;
    const found = [...openIn(lifetime)];
    if (server.connections > 0) found.push(`${server.connections} open connections`);
    return found;
  }
}

function* openIn(lifetime: Lifetime): Generator<string> {
  for (const inside of lifetime.inside()) {
    if (inside.subject instanceof PluginInstance || inside.subject instanceof Gateway) yield* openIn(inside);
    else if (!(inside.subject instanceof SessionThings) || inside.ended) yield describe(inside);
  }
}

function describe(lifetime: Lifetime): string {
  const { subject } = lifetime;
  const target = (subject as { target?: { method: string; route: string } } | undefined)?.target;
  if (subject instanceof Session) return stateOf(`WebSocket ${subject.route}`, lifetime);
  if (subject instanceof Message) return stateOf(subject.target.place, lifetime);
  const what = subject instanceof WaitsFor ? subject.what : target === undefined ? 'a task' : `${target.method} ${target.route}`;
  return stateOf(what, lifetime);
}

function stateOf(what: string, lifetime: Lifetime): string {
  return lifetime.ended ? `${what}: over (${lifetime.reason}), but its work goes on` : `${what}: under way`;
}

/**
 * `createApp` for tests: no port, nothing logged unless a logger is given, `overrides` instead of what modules provide.
 *
 * Fails with: what `createApp` fails with; OVERRIDE_UNKNOWN when nothing provides what is overridden.
 */
export async function createTestApp(module: ModuleImport, options: TestApplicationOptions = {}): Promise<TestApplication> {
  const { overrides = [], ...rest } = options;
  const map = new Map(overrides.map(({ key, provider }) => [key, provider]));
  const { app, assembly } = await createAssembledApp(module, { logger: false, ...rest }, map);
  return new TestApplication(app, assembly);
}
