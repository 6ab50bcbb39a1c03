import { compileSettings } from '../../lib/resilience/breaker-settings';
import { STATE_NUMBERS } from '../../lib/resilience/breaker-state';
import { NAMED_CONFIGURATIONS } from '../../lib/resilience/named-configurations';
import { readText } from '../architecture/checkout';

const guide = readText('docs/circuit-breakers.md');

/** The second cell of the row whose first is `first`. */
function cellOf(first: string): string {
  const cells = guide.split('\n').map((line) => line.split('|').map((cell) => cell.trim()));
  return cells.find(([, one]) => one === first)?.[2] ?? '';
}

const numbersIn = (text: string): number[] => (text.match(/\d+/g) ?? []).map(Number);

describe('docs/circuit-breakers.md', () => {
  it.each(Object.entries(NAMED_CONFIGURATIONS))(
    'says what is built in for %s',
    (name, { maxFailures, resetTimeoutMs = 0, halfOpenMax }) => {
      expect(numbersIn(cellOf(`\`${name}\``))).toEqual([maxFailures, resetTimeoutMs / 1_000, halfOpenMax]);
    },
  );

  it('says what any other breaker is by default', () => {
    const { failureRatio, minimumCalls, window, slowRatio, slowCallMs, resetTimeoutMs, halfOpenMax } = compileSettings({});
    expect([failureRatio, window]).toEqual([0.5, { kind: 'time', durationMs: 10_000 }]);
    expect(cellOf('any other')).toContain('half of at least');
    expect(numbersIn(cellOf('any other'))).toEqual([
      minimumCalls,
      10,
      slowRatio * 100,
      slowCallMs / 1_000,
      resetTimeoutMs / 1_000,
      halfOpenMax,
    ]);
  });

  it('has each state in its table, and in its drawing', () => {
    for (const state of Object.keys(STATE_NUMBERS)) {
      expect(cellOf(`\`${state}\``)).not.toBe('');
      expect(guide).toContain(`${state.replace('-', '_')} --> `);
    }
  });
});
