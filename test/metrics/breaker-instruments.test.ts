import { CancelledError } from '../../lib/lifetime/end-reason';
import { BreakerInstruments, observeBreakerStates } from '../../lib/metrics/breaker-instruments';
import { Metrics } from '../../lib/metrics/metrics';
import { Breakers } from '../../lib/resilience/breakers';
import { ManualClock } from '../../lib/testing/manual-clock';
import { turns } from '../support/soon';

const failed = new Error('failed');

let clock: ManualClock;
let metrics: Metrics;
let breakers: Breakers;

beforeEach(() => {
  clock = new ManualClock();
  metrics = new Metrics();
  const instruments = new BreakerInstruments(metrics);
  breakers = new Breakers({
    clock,
    observe: (name) => instruments.observerOf(name),
    configurations: {
      row: { maxFailures: 2, resetTimeoutMs: 10_000, halfOpenMax: 2 },
      slow: { window: { kind: 'count', calls: 100 }, slowCallMs: 1_000 },
      polite: { maxFailures: 1, resetTimeoutMs: 1_000 },
    },
  });
  observeBreakerStates(metrics, breakers);
});

afterEach(() => breakers.close());

/** Values of a metric by its attributes but the name; of a histogram, count and sum. */
function read(metric: string, name = 'row'): Record<string, unknown> {
  const found = metrics.snapshot()[metric];
  const values: Record<string, unknown> = {};
  for (const one of found.series) {
    const { name: of, ...rest } = one.attributes;
    if (of === name) values[Object.values(rest).join(' ')] = 'sum' in one ? [one.count, one.sum] : one.value;
  }
  return values;
}

function open(name: string, key?: string): void {
  for (let i = 0; i < 2; i++) breakers.get(name, key).begin().fail(failed);
}

describe('what is counted of circuit breakers', () => {
  it('is each call once, by what it was, and how long those took that were let in', async () => {
    const breaker = breakers.get('row');
    const late = breaker.begin();
    breaker.begin().succeed();
    breaker.begin().cancel(new CancelledError('client'));
    breaker.begin().ignore();
    const lasting = breaker.begin();
    await clock.advance(3_000);
    lasting.succeed();
    open('row');
    expect(() => breaker.begin()).toThrow();
    late.succeed();
    expect(read('circuit_breaker.calls')).toEqual({ success: 2, cancelled: 1, ignored: 1, failure: 2, rejected: 1, late: 1 });
    expect(read('circuit_breaker.call.duration')).toEqual({
      success: [2, 3],
      cancelled: [1, 0],
      ignored: [1, 0],
      failure: [2, 0],
      late: [1, 3],
    });
  });

  it('is whether it was slow, besides what it was', async () => {
    const breaker = breakers.get('slow');
    const [succeeds, fails, cancelled] = [breaker.begin(), breaker.begin(), breaker.begin()];
    await clock.advance(1_000);
    succeeds.succeed();
    fails.fail(failed);
    cancelled.cancel(new CancelledError('deadline'));
    breaker.begin().succeed();
    expect(read('circuit_breaker.slow_calls', 'slow')).toEqual({ '': 3 });
    expect(read('circuit_breaker.calls', 'slow')).toEqual({ success: 2, failure: 1, cancelled: 1 });
  });

  it('is each change with its cause', async () => {
    open('row');
    await clock.advance(10_000);
    breakers.get('row').begin().fail(failed);
    breakers.get('row').forceOpen();
    breakers.get('row').enable();
    breakers
      .get('polite')
      .begin()
      .fail(Object.assign(new Error('busy'), { headers: { 'retry-after': '60' } }));
    expect(read('circuit_breaker.transitions')).toEqual({
      'rate closed open': 1,
      'probe open half-open': 1,
      'probe half-open open': 1,
      'manual open forced-open': 1,
      'manual forced-open closed': 1,
    });
    expect(Object.keys(read('circuit_breaker.transitions', 'polite'))).toEqual(['retry_after closed open']);
  });
});

describe('the state', () => {
  const states = (): unknown => read('circuit_breaker.state')[''];

  it('is read when it is asked for: right without a call, and 3, 4 and 5 for an operator’s', async () => {
    expect(states()).toBeUndefined();
    const breaker = breakers.get('row');
    expect(states()).toBe(0);
    open('row');
    expect(states()).toBe(2);
    await clock.advance(10_000);
    expect(states()).toBe(1);
    breaker.forceOpen();
    expect(states()).toBe(3);
    breaker.disable();
    expect(states()).toBe(4);
    breaker.observeOnly();
    expect(states()).toBe(5);
  });

  it('is the worst of all keys, and one series however many there are', () => {
    for (let i = 0; i < 50; i++) breakers.get('row', String(i));
    breakers.get('row', '7').disable();
    expect(states()).toBe(4);
    open('row', '8');
    expect(read('circuit_breaker.state')).toEqual({ '': 2 });
    breakers.get('row', '9').forceOpen();
    expect(states()).toBe(3);
  });
});

describe('how long a recovery took', () => {
  it('is the time from the first opening to the closing, trials that failed in between included', async () => {
    open('row');
    await clock.advance(10_000);
    breakers.get('row').begin().fail(failed);
    await clock.advance(12_000);
    for (let i = 0; i < 2; i++) breakers.get('row').begin().succeed();
    expect(read('circuit_breaker.open.duration')).toEqual({ '': [1, 22] });
  });

  it('is that until an operator closes it, too', async () => {
    open('row');
    await clock.advance(3_000);
    breakers.get('row').reset();
    expect(read('circuit_breaker.open.duration')).toEqual({ '': [1, 3] });
  });
});

describe('a false positive', () => {
  const close = async (): Promise<void> => {
    await clock.advance(10_000);
    for (let i = 0; i < 2; i++) breakers.get('row').begin().succeed();
    expect(breakers.get('row').state).toBe('closed');
  };

  it('is an opening of which every first trial succeeded', async () => {
    open('row');
    expect(read('circuit_breaker.false_positives')).toEqual({});
    await close();
    expect(read('circuit_breaker.false_positives')).toEqual({ '': 1 });
  });

  it('is none where a trial failed, nor where an operator closed it', async () => {
    open('row');
    await clock.advance(10_000);
    breakers.get('row').begin().fail(failed);
    await close();
    open('row');
    breakers.get('row').reset();
    expect(read('circuit_breaker.false_positives')).toEqual({});
  });

  it('is one where a health check says yes in the moment of the opening, and is counted once', async () => {
    let isWell = true;
    const end = breakers.checkRecovery('row', () => isWell, { intervalMs: 60_000 });
    open('row');
    await turns();
    expect([read('circuit_breaker.false_positives'), breakers.get('row').state]).toEqual([{ '': 1 }, 'open']);
    await close();
    expect(read('circuit_breaker.false_positives')).toEqual({ '': 1 });
    isWell = false;
    open('row');
    await turns();
    expect(read('circuit_breaker.false_positives')).toEqual({ '': 1 });
    end();
  });
});
