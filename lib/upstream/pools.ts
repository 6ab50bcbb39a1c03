import type { Socket } from 'node:net';
import type { Agent, buildConnector } from 'undici';
import type { Clock } from '../lifetime/clock';
import type { UpstreamOptions } from './client-options';

type Undici = typeof import('undici');

let loaded: Undici | undefined;

/** undici, loaded when somebody injects a client: applications without one do not pay for it. */
function undici(): Undici {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- a static import would load it at start
  loaded ??= require('undici') as Undici;
  return loaded;
}

const DEFAULT_CONNECT_MS = 5_000;

/** Calls to one origin that wait for a connection, and the connections being made to it. */
interface Waiting {
  calls: number;
  readonly sockets: Set<Socket>;
}

/** Connections by origin, shared by all clients of an application. */
export class Pools {
  readonly connectTimeoutMs: number;
  readonly #clock: Clock;
  readonly #agent: Agent;
  readonly #connect: buildConnector.connector;
  readonly #waiting = new Map<string, Waiting>();

  constructor(options: UpstreamOptions, clock: Clock) {
    const { Agent: AgentClass, buildConnector: build } = undici();
    const { maxConnections, keepAliveTimeoutMs, ca, connectTimeoutMs = DEFAULT_CONNECT_MS } = options;
    this.#clock = clock;
    this.connectTimeoutMs = connectTimeoutMs;
    // Its own timers know no clock and are coarse: all times are ours.
    this.#connect = build({ timeout: 0, ...(ca === undefined ? {} : { ca: [ca].flat() }) });
    this.#agent = new AgentClass({
      connect: (target, done) => this.#open(target, done),
      headersTimeout: 0,
      bodyTimeout: 0,
      ...(maxConnections === undefined ? {} : { connections: maxConnections }),
      ...(keepAliveTimeoutMs === undefined ? {} : { keepAliveTimeout: keepAliveTimeoutMs }),
    });
  }

  /** A call begins to wait for a connection to `origin`. Out: to be called once it has one, or wants none any more. */
  wait(origin: string): () => void {
    const waiting = this.#waiting.get(origin) ?? { calls: 0, sockets: new Set() };
    this.#waiting.set(origin, waiting);
    waiting.calls++;
    let isWaiting = true;
    return () => {
      if (!isWaiting) return;
      isWaiting = false;
      waiting.calls--;
      if (waiting.calls > 0) return;
      // Nobody waits for what is being connected: a host that does not answer would keep it open for minutes.
      for (const socket of waiting.sockets) socket.destroy(new Error('no call waits for this connection any more'));
      this.#waiting.delete(origin);
    };
  }

  /** Sends a request; `handler` hears of it. */
  dispatch(options: Agent.DispatchOptions, handler: Parameters<Agent['dispatch']>[1]): void {
    this.#agent.dispatch(options, handler);
  }

  /** Cuts all connections. Settles when they are closed. */
  async close(): Promise<void> {
    for (const { sockets } of this.#waiting.values()) for (const socket of sockets) socket.destroy();
    await this.#agent.destroy();
  }

  #open(target: buildConnector.Options, done: buildConnector.Callback): void {
    const origin = `${target.protocol}//${target.host ?? target.hostname}`;
    const sockets = this.#waiting.get(origin)?.sockets;
    const over = (): void => {
      cancelTimer();
      sockets?.delete(socket);
    };
    // undici's connector gives its socket back, which its types do not say.
    const connect = this.#connect as unknown as (to: buildConnector.Options, told: buildConnector.Callback) => Socket;
    const socket = connect(target, (...result) => {
      over();
      done(...result);
    });
    sockets?.add(socket);
    const cancelTimer = this.#clock.setTimer(() => socket.destroy(connectTimeout()), this.connectTimeoutMs);
    socket.once('close', over);
  }
}

const CONNECT_TIMEOUT = 'CONNECT_TIMEOUT';

function connectTimeout(): Error {
  return Object.assign(new Error('no connection in time'), { code: CONNECT_TIMEOUT });
}

/** Whether a connection took too long to be made. */
export function isConnectTimeout(error: unknown): boolean {
  return (error as { readonly code?: unknown } | undefined)?.code === CONNECT_TIMEOUT;
}
