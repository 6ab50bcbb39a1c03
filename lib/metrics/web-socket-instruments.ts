import type { BoundCounter, BoundHistogram, BoundUpDownCounter } from './bound-instruments';
import type { Counter, Histogram, UpDownCounter } from './instruments';
import { DURATION_BUCKETS_S, type Metrics } from './metrics';

/** What the instruments of all `@WebSocket` classes share. Their numbers are not among those of HTTP. */
interface WebSocketMetrics {
  readonly connections: UpDownCounter;
  readonly messages: Counter;
  readonly dropped: Counter;
  readonly closed: Counter;
  readonly durations: Histogram;
}

/** What one `@WebSocket` class records, bound once. */
class ClassInstruments {
  /** Sessions that are open. */
  readonly connections: BoundUpDownCounter;
  readonly received: BoundCounter;
  readonly sent: BoundCounter;
  readonly #metrics: WebSocketMetrics;
  readonly #route: string;

  constructor(metrics: WebSocketMetrics, route: string) {
    this.connections = metrics.connections.bind({ route });
    this.received = metrics.messages.bind({ route, direction: 'in' });
    this.sent = metrics.messages.bind({ route, direction: 'out' });
    this.#metrics = metrics;
    this.#route = route;
  }

  /** Messages that did not reach their client (`skipped`, `cut`), or were not handled any more (`closed`). */
  dropped(reason: string, messages: number): void {
    this.#metrics.dropped.add(messages, { route: this.#route, reason });
  }

  /** A session was closed. In: the close code that counts. */
  closed(code: number): void {
    this.#metrics.closed.add(1, { route: this.#route, code: knownCode(code) });
  }

  /** How long messages of a type take until they are answered. */
  durations(type: string | undefined): BoundHistogram {
    return this.#metrics.durations.bind({ route: this.#route, type });
  }
}

/** Clients may close with any code from 3000 to 4999; each of them a series would be theirs to fill up. */
function knownCode(code: number): string {
  return code >= 3000 ? 'other' : String(code);
}

/** What an application records about its WebSockets. Out: the recorder of a class, by the template of its path. */
export function webSocketInstruments(metrics: Metrics): (route: string) => ClassInstruments {
  const shared: WebSocketMetrics = {
    connections: metrics.upDownCounter('websocket.connections', {
      description: 'WebSocket sessions that are open.',
      unit: '{connection}',
    }),
    messages: metrics.counter('websocket.messages', {
      description: 'Messages that came from clients (in) and were sent to them (out).',
      unit: '{message}',
    }),
    dropped: metrics.counter('websocket.dropped', {
      description: 'Messages that did not reach their client, or were not handled any more.',
      unit: '{message}',
    }),
    closed: metrics.counter('websocket.closed', {
      description: 'WebSocket sessions that were closed, by close code.',
      unit: '{connection}',
    }),
    durations: metrics.histogram('websocket.message.duration', {
      description: 'Duration of messages until they were answered.',
      unit: 's',
      buckets: DURATION_BUCKETS_S,
    }),
  };
  const byRoute = new Map<string, ClassInstruments>();
  return (route) => {
    const known = byRoute.get(route) ?? new ClassInstruments(shared, route);
    byRoute.set(route, known);
    return known;
  };
}
