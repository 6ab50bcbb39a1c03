import type { CallRecorder } from '../plugins/guard-service';
import type { Counter } from './instruments';
import type { Metrics } from './metrics';

/** Times the calls of services that ask for it: `service.call.duration`, by service, method and what they failed with. */
export function recordServiceCalls(metrics: Metrics): CallRecorder {
  const description = 'How long calls of services took that plugins export';
  const histogram = metrics.histogram('service.call.duration', { unit: 's', description });
  return ({ service, method, durationMs, error }) => {
    const failed = error === undefined ? {} : { 'error.type': nameOf(error) };
    histogram.record(durationMs / 1_000, { service, method, ...failed });
  };
}

/** Counts the services that plugins ask for while they run: `service.lookup`. */
export function serviceLookups(metrics: Metrics): Counter {
  const description = 'Services that plugins asked for while they ran';
  return metrics.counter('service.lookup', { description, unit: '{lookup}' });
}

/** A code, else a class: never a text, of which there is no end. */
function nameOf(error: unknown): string {
  const { code } = error as { readonly code?: unknown };
  if (typeof code === 'string') return code;
  return error instanceof Error ? error.constructor.name : typeof error;
}
