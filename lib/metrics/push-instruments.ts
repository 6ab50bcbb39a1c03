import type { Metrics } from './metrics';

/** How something was delivered before it was asked for, and why not in a better way. */
interface Delivered {
  readonly kind: string;
  readonly reason?: string;
}

/** Told of what is pushed, and of what becomes of it. */
export interface PushRecorder {
  delivered(outcome: Delivered, arm: string): void;
  ended(result: string, arm: string, bytes: number): void;
}

/** What is recorded of pushes, by the arm of an experiment (`push` where there is none). */
export function recordPushes(metrics: Metrics): PushRecorder {
  const streams = metrics.counter('http.push.streams', {
    description: 'Streams promised to clients, and how they ended: promised, completed, refused, reset, cancelled.',
    unit: '{stream}',
  });
  const resources = metrics.counter('http.push.resources', {
    description: 'Resources that pages pushed, by how they were delivered: promised, hinted, linked, skipped.',
    unit: '{resource}',
  });
  const sent = metrics.counter('http.push.sent', { description: 'Bytes of bodies that were pushed.', unit: 'By' });
  const underWay = metrics.upDownCounter('http.push.active_streams', {
    description: 'Promised streams that have not come to their end.',
    unit: '{stream}',
  });
  return {
    delivered({ kind, reason }, arm) {
      resources.add(1, { delivery: kind, reason, arm });
      if (kind !== 'promised') return;
      streams.add(1, { result: 'promised', arm });
      underWay.add(1);
    },
    ended(result, arm, bytes) {
      streams.add(1, { result, arm });
      sent.add(bytes, { arm });
      underWay.add(-1);
    },
  };
}
