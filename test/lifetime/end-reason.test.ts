import { setTimeout as sleep } from 'node:timers/promises';
import { runInNewContext } from 'node:vm';
import { FrameworkError, isFrameworkError } from '../../lib/errors/framework-error';
import { cancelledBecause, CancelledError, type CancelReason, isCancellation } from '../../lib/lifetime/end-reason';

const STATUS: Readonly<Record<CancelReason, number>> = { client: 499, deadline: 504, shutdown: 503, parent: 500, manual: 500 };

describe('a CancelledError', () => {
  it.each(Object.entries(STATUS) as [CancelReason, number][])('with reason %s has status %d', (reason, status) => {
    const error = new CancelledError(reason);
    expect(error).toMatchObject({ name: 'CancelledError', code: 'REQUEST_CANCELLED', reason, status });
    expect(error.message).toMatch(/^REQUEST_CANCELLED: \w+/);
    expect(error).toBeInstanceOf(FrameworkError);
    expect(isFrameworkError(error)).toBe(true);
  });

  it('with reason parent has the status of its root, however deep', () => {
    const root = new CancelledError('deadline');
    const child = new CancelledError('parent', { cause: root });
    const grandchild = cancelledBecause('parent', child);
    expect([child.status, grandchild.status]).toEqual([504, 504]);
    expect(grandchild.cause).toBe(child);
  });

  it('with reason parent has 500 when its root was no cancellation', () => {
    expect(new CancelledError('parent', { cause: new Error('broken') }).status).toBe(500);
    expect(new CancelledError('parent', { cause: 'text' }).status).toBe(500);
    expect(new CancelledError('parent', { cause: null }).status).toBe(500);
  });

  it('with another reason keeps its own status, whatever caused it', () => {
    expect(new CancelledError('client', { cause: new CancelledError('deadline') }).status).toBe(499);
  });

  it('has a stack where somebody made it, and none where it tells of an event', () => {
    expect(new CancelledError('manual').stack).toContain('end-reason.test');
    expect(cancelledBecause('manual').stack).not.toContain('\n    at ');
    expect(cancelledBecause('manual')).not.toHaveProperty('cause');
  });
});

describe('a cancellation', () => {
  it('is a CancelledError, an AbortError or what one of them caused', async () => {
    const aborted = await sleep(1000, undefined, { signal: AbortSignal.abort() }).catch((error: unknown) => error);
    expect(isCancellation(new CancelledError('client'))).toBe(true);
    expect(isCancellation(AbortSignal.abort().reason)).toBe(true);
    expect(isCancellation(aborted)).toBe(true);
    expect(
      isCancellation(new Error('fetch failed', { cause: new Error('socket', { cause: cancelledBecause('deadline') }) })),
    ).toBe(true);
    expect(isCancellation(new Error('outer', { cause: aborted }))).toBe(true);
  });

  it('is told by its shape, so that another copy of the package and another realm will do', () => {
    const foreign: unknown = runInNewContext(
      `Object.assign(new Error('x'), { code: 'REQUEST_CANCELLED', reason: 'client', status: 499 })`,
    );
    expect(foreign).not.toBeInstanceOf(Error);
    expect(isCancellation(foreign)).toBe(true);
    expect(isCancellation(new Error('outer', { cause: foreign }))).toBe(true);
    expect(new CancelledError('parent', { cause: foreign }).status).toBe(499);
  });

  it('is not a failure, a timeout, or anything that is no error', () => {
    const timeout = new DOMException('took too long', 'TimeoutError');
    for (const other of [
      new Error('broken'),
      new TypeError('x', { cause: new Error('y') }),
      timeout,
      undefined,
      null,
      'AbortError',
      0,
      {},
    ]) {
      expect(isCancellation(other)).toBe(false);
    }
  });

  it('is looked for in a chain of causes that is a circle', () => {
    const first = new Error('first');
    first.cause = new Error('second', { cause: first });
    expect(isCancellation(first)).toBe(false);
  });
});
