import type { HttpProtocol } from '../http/target';
import type { EndReason } from '../lifetime/end-reason';
import type { Metrics } from './metrics';

/** What is counted of connections that handlers took over; kept apart from HTTP. */
export interface HijackRecorder {
  /** Shows a route that takes connections over, though none was yet. */
  declare(route: string): void;
  opened(route: string, protocol: HttpProtocol): void;
  /** In: why it ended, and how long it was open. */
  closed(route: string, protocol: HttpProtocol, reason: EndReason, durationMs: number): void;
  /** A tunnel that did not come about. In: the code of its failure. */
  tunnelFailed(route: string, code: string): void;
}

/** From a moment to a day. */
const BUCKETS_S = [0.1, 1, 10, 60, 600, 3_600, 86_400];

/** Counts hijacked connections: those that are open, how long they were, why they ended; tunnels that failed. */
export function recordHijacks(metrics: Metrics): HijackRecorder {
  const open = metrics.upDownCounter('hijacked_connections', {
    description: 'Connections that handlers have taken over and that are open.',
  });
  const durations = metrics.histogram('hijacked_connection_duration', {
    description: 'How long hijacked connections were open, by why they ended.',
    unit: 's',
    buckets: BUCKETS_S,
  });
  const failures = metrics.counter('tunnel_failures', { description: 'Tunnels that did not come about, by why.' });
  return {
    declare: (route) => void open.bind({ route, protocol: '1.1' }),
    opened: (route, protocol) => open.add(1, { route, protocol }),
    closed(route, protocol, reason, durationMs) {
      open.add(-1, { route, protocol });
      durations.record(durationMs / 1_000, { route, protocol, reason });
    },
    tunnelFailed: (route, code) => failures.add(1, { route, code }),
  };
}
