import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, listFiles, readText } from '../architecture/checkout';
import { BreakerInstruments, observeBreakerStates } from '../../lib/metrics/breaker-instruments';
import { DatabaseInstruments } from '../../lib/metrics/database-instruments';
import { recordHijacks } from '../../lib/metrics/hijack-instruments';
import { recordClientCalls } from '../../lib/metrics/http-client-instruments';
import { HttpInstruments } from '../../lib/metrics/http-instruments';
import type { Instrument } from '../../lib/metrics/instruments';
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
import { SLOW_FAILURE } from '../../lib/resilience/outcome';
import { policy } from '../../lib/resilience/policy';

/** Every instrument of the framework, however it is registered, by the file that does it; each records what it can. */
const REGISTRARS: Readonly<Record<string, (metrics: Metrics) => (() => void) | undefined>> = {
  'metrics/breaker-instruments.ts': (metrics) => {
    const observer = new BreakerInstruments(metrics).observerOf('users');
    observer.counted(SLOW_FAILURE, 1_000);
    const closing = { from: 'half-open', to: 'closed', cause: 'probe', recoveryMs: 1, falsePositive: true } as const;
    observer.changed({ name: 'users', at: '', ...closing });
    const breakers = new Breakers();
    breakers.get('users');
    observeBreakerStates(metrics, breakers);
    return undefined;
  },
  'metrics/database-instruments.ts': (metrics) => {
    const instruments = new DatabaseInstruments(metrics, 'main', () => ({ used: 0, idle: 0, most: 0, waiting: 0 }));
    instruments.asked({ operation: 'SELECT', durationMs: 1, error: '57014' });
    for (const inVain of [false, true]) instruments.waited(1, inVain);
    return undefined;
  },
  'metrics/hijack-instruments.ts': (metrics) => {
    const recorder = recordHijacks(metrics);
    recorder.opened('/raw', '1.1');
    recorder.closed('/raw', '1.1', 'client', 1);
    recorder.tunnelFailed('/raw', 'TUNNEL_UNREACHABLE');
    return undefined;
  },
  'metrics/http-client-instruments.ts': (metrics) => {
    const url = new URL('http://users.example/');
    recordClientCalls(metrics)({ method: 'GET', url, status: 503, error: undefined, durationMs: 1 });
    return undefined;
  },
  'metrics/http-instruments.ts': (metrics) => {
    const instruments = new HttpInstruments(metrics, { scheme: 'http', activeRequests: () => 0 });
    const route = instruments.route('GET', '/users');
    route.record(500, 1, '1.1');
    route.cancelled('client');
    route.workedAfterCancel();
    route.woundUp(1);
    route.cameTooLate();
    route.flooded();
    return () => instruments.close();
  },
  'metrics/policy-instruments.ts': (metrics) => observePolicy(metrics, 'users', policy({ bulkhead: { maxConcurrent: 1 } })),
  'metrics/process-instruments.ts': (metrics) => {
    const instruments = new ProcessInstruments(metrics, { clock: systemClock, gc: true });
    return () => instruments.close();
  },
  'metrics/push-instruments.ts': (metrics) => {
    const recorder = recordPushes(metrics);
    recorder.delivered({ kind: 'promised' }, 'push');
    recorder.delivered({ kind: 'linked', reason: 'refused' }, 'push');
    recorder.ended('completed', 'push', 1);
    return undefined;
  },
  'metrics/service-instruments.ts': (metrics) => {
    recordServiceCalls(metrics)({ service: 'auth', method: 'verify', durationMs: 1, error: new Error('no') });
    serviceLookups(metrics).add(1, { service: 'auth', result: 'found' });
    return undefined;
  },
  'metrics/web-socket-instruments.ts': (metrics) => {
    const route = webSocketInstruments(metrics)('/live');
    route.dropped('cut', 1);
    route.closed(1009);
    route.durations('say').record(1);
    return undefined;
  },
  'application/load-shedding.ts': (metrics) => {
    const shedding = new LoadShedding({ maxInFlight: 1 }, { clock: systemClock, logger: silentLogger, metrics });
    return () => shedding.close();
  },
};

/** `| name | kind | unit | attributes |` of each row. */
function documented(): string[] {
  return [...readText('docs/metrics.md').matchAll(/^\| `([a-z][\w.]*)`\s*\| (\S+)\s*\| (\S+)\s*\| ([^|]*) \|/gm)]
    .map(([, name, kind, unit, attributes]) => `${name} ${kind} ${unit} ${namesIn(attributes)}`)
    .sort();
}

function namesIn(cell: string): string {
  return [...cell.matchAll(/`([^`]+)`/g)]
    .map(([, name]) => name)
    .sort()
    .join();
}

/** What is only recorded when it happens to the process. */
const UNSEEN: Readonly<Record<string, string>> = { 'v8js.gc.duration': 'v8js.gc.type' };

function attributesOf(instrument: Instrument): string {
  const names = new Set<string>();
  for (const { identity } of instrument.series) for (const name of Object.keys(identity.attributes)) names.add(name);
  return UNSEEN[instrument.definition.name] ?? [...names].sort().join();
}

it('lists every metric in docs/metrics.md with its kind, unit and attributes, and no other', () => {
  const metrics = new Metrics();
  const closings = Object.values(REGISTRARS).map((register) => register(metrics));
  const registered = Array.from(metrics.instruments(), (instrument) => {
    const { name, kind, unit } = instrument.definition;
    return `${name} ${kind} ${unit ?? '–'} ${attributesOf(instrument)}`;
  }).sort();
  for (const close of closings) close?.();
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
