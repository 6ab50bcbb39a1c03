import fc from 'fast-check';
import { Metrics } from '../../lib/metrics/metrics';
import { estimateQuantile } from '../../lib/metrics/snapshot';

const bounds = fc
  .uniqueArray(fc.double({ min: 0, max: 1e6, noNaN: true, noDefaultInfinity: true }), { minLength: 1, maxLength: 100 })
  .map((values) => values.map((value) => value + 0).sort((a, b) => a - b));
const values = fc.array(fc.double({ min: 0, max: 2e6, noNaN: true, noDefaultInfinity: true }), { maxLength: 200 });

describe('the buckets of a histogram', () => {
  test('hold each value once, under the smallest bound that is not below it', () => {
    fc.assert(
      fc.property(bounds, values, (buckets, recorded) => {
        const bound = new Metrics().histogram('h', { buckets }).bind();
        for (const value of recorded) bound.record(value);
        const expected = new Array<number>(buckets.length + 1).fill(0);
        for (const value of recorded) {
          const at = buckets.findIndex((upper) => value <= upper);
          expected[at === -1 ? buckets.length : at]++;
        }
        expect(bound.counts).toEqual(expected);
        expect(bound.count).toBe(recorded.length);
        expect(bound.sum).toBeCloseTo(
          recorded.reduce((sum, value) => sum + value, 0),
          3,
        );
      }),
    );
  });

  test('give quantiles within the bucket where the real one lies', () => {
    fc.assert(
      fc.property(
        bounds,
        values.filter((some) => some.length > 0),
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        (buckets, recorded, quantile) => {
          const bound = new Metrics().histogram('h', { buckets }).bind();
          for (const value of recorded) bound.record(value);
          const sorted = [...recorded].sort((a, b) => a - b);
          const real = sorted[Math.ceil(quantile * sorted.length - 1e-9) - 1];
          const estimate = estimateQuantile(buckets, bound.counts, quantile)!;
          const at = buckets.findIndex((upper) => real <= upper);
          if (at === -1) expect(estimate).toBe(buckets.at(-1));
          else {
            expect(estimate).toBeLessThanOrEqual(buckets[at] + 1e-6);
            expect(estimate).toBeGreaterThanOrEqual((at === 0 ? 0 : buckets[at - 1]) - 1e-6);
          }
        },
      ),
    );
  });

  test('have no quantile without values', () => {
    expect(estimateQuantile([1, 2], [0, 0, 0], 0.5)).toBeUndefined();
    expect(estimateQuantile([1, 2], [], 0.5)).toBeUndefined();
  });

  test('spread values evenly within a bucket', () => {
    expect(estimateQuantile([10, 20], [0, 10, 0], 0.5)).toBe(15);
    expect(estimateQuantile([10, 20], [4, 0, 0], 0.5)).toBe(5);
    expect(estimateQuantile([10, 20], [0, 0, 3], 0.5)).toBe(20);
    expect(estimateQuantile([10, 20], [1, 1, 0], 7)).toBe(20);
  });
});
