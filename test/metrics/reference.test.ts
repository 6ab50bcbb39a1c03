import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, listFiles, readText } from '../architecture/checkout';
import { Lifetime } from '../../lib/lifetime/lifetime';
import { BreakerInstruments, observeBreakerStates } from '../../lib/metrics/breaker-instruments';
import { DatabaseInstruments } from '../../lib/metrics/database-instruments';
import { recordHijacks } from '../../lib/metrics/hijack-instruments';
import { recordClientCalls } from '../../lib/metrics/http-client-instruments';
import { HttpInstruments } from '../../lib/metrics/http-instruments';
import { Metrics } from '../../lib/metrics/metrics';
import { observePolicy } from '../../lib/metrics/policy-instruments';
import { ProcessInstruments } from '../../lib/metrics/process-instruments';
import { recordPushes } from '../../lib/metrics/push-instruments';
import { recordServiceCalls, serviceLookups } from '../../lib/metrics/service-instruments';
import { webSocketInstruments } from '../../lib/metrics/web-socket-instruments';
import { LoadShedding } from '../../lib/application/load-shedding';
import { silentLogger } from '../../lib/diagnostics/logger';
import { systemClock } from '../../lib/lifetime/clock';
import { Breakers } from '../../lib/resilience/breakers';
import { policy } from '../../lib/resilience/policy';

/** Every instrument of the framework, however it is registered; by the file that does it. */
const REGISTRARS: Readonly<Record<string, (metrics: Metrics) => (() => void) | undefined>> = {
  'metrics/breaker-instruments.ts': (metrics) => {
    new BreakerInstruments(metrics);
    observeBreakerStates(metrics, new Breakers());
    return undefined;
  },
  'metrics/database-instruments.ts': (metrics) => {
    new DatabaseInstruments(metrics, 'main', () => ({ used: 0, idle: 0, most: 0, waiting: 0 }));
    return undefined;
  },
  'metrics/hijack-instruments.ts': (metrics) => void recordHijacks(metrics),
  'metrics/http-client-instruments.ts': (metrics) => void recordClientCalls(metrics),
  'metrics/http-instruments.ts': (metrics) => {
    const instruments = new HttpInstruments(metrics, { scheme: 'http', activeRequests: () => 0 });
    return () => instruments.close();
  },
  'metrics/policy-instruments.ts': (metrics) => observePolicy(metrics, 'users', policy({})),
  'metrics/process-instruments.ts': (metrics) => {
    const instruments = new ProcessInstruments(metrics, { clock: systemClock, gc: true });
    return () => instruments.close();
  },
  'metrics/push-instruments.ts': (metrics) => void recordPushes(metrics),
  'metrics/service-instruments.ts': (metrics) => {
    recordServiceCalls(metrics);
    serviceLookups(metrics);
    return undefined;
  },
  'metrics/web-socket-instruments.ts': (metrics) => void webSocketInstruments(metrics),
  'application/load-shedding.ts': (metrics) => {
    const shedding = new LoadShedding({ maxInFlight: 1 }, { clock: systemClock, logger: silentLogger, metrics });
    return () => shedding.close();
  },
};

/** `| name | kind | unit |` of each row. */
function documented(): string[] {
  return [...readText('docs/metrics.md').matchAll(/^\| `([a-z][\w.]*)`\s*\| (\S+)\s*\| (\S+)\s*\|/gm)]
    .map(([, name, kind, unit]) => `${name} ${kind} ${unit}`)
    .sort();
}

it('lists every metric in docs/metrics.md with its kind and unit, and no other', () => {
  const lifetime = Lifetime.root();
  const metrics = new Metrics();
  const closings = Object.values(REGISTRARS).map((register) => register(metrics));
  const registered = Array.from(
    metrics.instruments(),
    ({ definition: { name, kind, unit } }) => `${name} ${kind} ${unit ?? '–'}`,
  ).sort();
  for (const close of closings) close?.();
  lifetime.end('finished');
  expect(documented()).toEqual(registered);
});

it('knows every file that registers metrics', () => {
  const own = readdirSync(join(ROOT, 'lib/metrics')).filter(
    (name) => name.endsWith('-instruments.ts') && name !== 'bound-instruments.ts',
  );
  const elsewhere = listFiles(join(ROOT, 'lib'))
    .filter((path) => path.endsWith('.ts') && !path.startsWith('metrics/'))
    .filter((path) => /\bmetrics\s*\.(counter|gauge|histogram|upDownCounter|observe)\(/.test(readText(`lib/${path}`)));
  expect([...own.map((name) => `metrics/${name}`), ...elsewhere].sort()).toEqual(Object.keys(REGISTRARS).sort());
});
