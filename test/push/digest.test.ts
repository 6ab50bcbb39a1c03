import fc from 'fast-check';
import { Digest, keyOf } from '../../lib/push/digest';

const PATHS = ['/a', '/b', '/c', '/d', '/e'];
const ETAGS = [undefined, '"1"', '"2"'];
const MOST = 3;

/** What it is to do, written as plainly as can be: a list, the one used last at its end. */
class Model {
  entries: { path: string; etag: string | undefined; freshUntilMs: number }[] = [];

  add(path: string, etag: string | undefined, freshUntilMs: number): void {
    this.entries = [...this.entries.filter((one) => one.path !== path), { path, etag, freshUntilMs }].slice(-MOST);
  }

  has(path: string, etag: string | undefined, nowMs: number): boolean {
    const entry = this.entries.find((one) => one.path === path);
    if (entry === undefined) return false;
    const isFresh = etag === undefined ? nowMs < entry.freshUntilMs : etag === entry.etag;
    if (isFresh) this.add(path, entry.etag, entry.freshUntilMs);
    return isFresh;
  }

  delete(path: string): void {
    this.entries = this.entries.filter((one) => one.path !== path);
  }
}

const step = fc.record({
  what: fc.constantFrom('add', 'has', 'delete', 'wait'),
  path: fc.constantFrom(...PATHS),
  etag: fc.constantFrom(...ETAGS),
  ms: fc.integer({ min: 0, max: 20 }),
});

describe('a digest', () => {
  it('agrees with a list on what a client has, and forgets what was used longest ago', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const digest = new Digest(MOST);
        const model = new Model();
        let nowMs = 0;
        for (const { what, path, etag, ms } of steps) {
          if (what === 'wait') nowMs += ms;
          else if (what === 'delete') {
            digest.delete(path);
            model.delete(path);
          } else if (what === 'has') expect(digest.has(path, etag, nowMs)).toBe(model.has(path, etag, nowMs));
          else {
            digest.add(path, { etag, freshUntilMs: nowMs + ms, row: undefined });
            model.add(path, etag, nowMs + ms);
          }
          expect(digest.size).toBe(model.entries.length);
        }
      }),
    );
  });

  it('tells a head from a whole', () => {
    expect([keyOf(undefined, '/a'), keyOf('GET', '/a'), keyOf('HEAD', '/a')]).toEqual(['/a', '/a', 'HEAD /a']);
  });
});
