import fc from 'fast-check';
import { Controller, Get, RequestContext, Timeout } from 'rockstar-web';
import { createTestApp, ManualClock } from 'rockstar-web/testing';
import { parsePeerTimeout } from '../../lib/http/peer-timeout';
import { doors, moduleOf, withClient } from '../journeys/doors';
import { soon } from '../support/soon';

describe('how long a caller waits', () => {
  it.each<[Record<string, string>, number | undefined]>([
    [{}, undefined],
    [{ 'x-request-timeout-ms': '250' }, 250],
    [{ 'x-request-timeout-ms': '0' }, 0],
    [{ 'x-request-timeout-ms': '1999' }, 1_900],
    [{ 'x-envoy-expected-rq-timeout-ms': '1500' }, 1_500],
    [{ 'x-request-timeout-ms': '2000', 'x-envoy-expected-rq-timeout-ms': '500', 'grpc-timeout': '1S' }, 500],
    [{ 'grpc-timeout': '1H' }, 3_600_000],
    [{ 'grpc-timeout': '2M' }, 120_000],
    [{ 'grpc-timeout': '3S' }, 3_000],
    [{ 'grpc-timeout': '40m' }, 40],
    [{ 'grpc-timeout': '5000u' }, 5],
    [{ 'grpc-timeout': '99n' }, 0],
    [{ 'grpc-timeout': '123456789S' }, undefined],
    [{ 'grpc-timeout': '1s' }, undefined],
    [{ 'x-request-timeout-ms': '-1' }, undefined],
    [{ 'x-request-timeout-ms': '1e3' }, undefined],
    [{ 'x-request-timeout-ms': '1, 2' }, undefined],
  ])('is read from %j', (headers, expected) => {
    expect(parsePeerTimeout(headers)).toBe(expected);
  });

  it('is never more than was said, and one of few values', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 9_999_999_999 }), (ms) => {
        const read = parsePeerTimeout({ 'x-request-timeout-ms': String(ms) }) as number;
        expect(read).toBeLessThanOrEqual(ms);
        expect(read).toBeGreaterThanOrEqual(ms * 0.9 - 1);
        expect(String(read)).toMatch(/^\d{1,2}0*$/);
      }),
    );
  });

  it('is read from anything without failing', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (own, grpc) => {
        const read = parsePeerTimeout({ 'x-request-timeout-ms': own, 'grpc-timeout': grpc });
        expect(read === undefined || read >= 0).toBe(true);
      }),
    );
  });
});

@Controller()
class Slow {
  static ran = 0;

  @Get('/left')
  @Timeout(1_000)
  left(context: RequestContext) {
    Slow.ran++;
    return { left: context.remainingMs };
  }

  @Get('/never')
  @Timeout(0)
  never(context: RequestContext) {
    return new Promise((_resolve, reject) =>
      context.signal.addEventListener('abort', () => reject(context.signal.reason as Error)),
    );
  }
}

describe.each(doors)('over $name', (door) => {
  const ask = async (headers: Record<string, string>, options: object) => {
    let left: unknown;
    await withClient(door, moduleOf([Slow]), { clock: new ManualClock(), ...options }, async (client) => {
      left = (await client.ask({ path: '/left', headers })).json();
    });
    return left;
  };

  it('a trusted caller shortens the time to answer, and never lengthens it', async () => {
    const trusting = { trustProxy: 'loopback' };
    expect(await ask({ 'x-request-timeout-ms': '300' }, trusting)).toEqual({ left: 300 });
    expect(await ask({ 'grpc-timeout': '3S' }, trusting)).toEqual({ left: 1_000 });
  });

  it('others are not believed, nor anybody where the option says so', async () => {
    expect(await ask({ 'x-request-timeout-ms': '300' }, {})).toEqual({ left: 1_000 });
    expect(await ask({ 'x-request-timeout-ms': '300' }, { trustProxy: '10.0.0.0/8' })).toEqual({ left: 1_000 });
    expect(await ask({ 'x-request-timeout-ms': '300' }, { trustProxy: true, readDeadlines: false })).toEqual({ left: 1_000 });
  });

  it('a caller that waits no more gets 504, and nothing runs', async () => {
    Slow.ran = 0;
    expect(await ask({ 'x-request-timeout-ms': '0' }, { trustProxy: true })).toMatchObject({
      status: 504,
      code: 'DEADLINE_EXCEEDED',
    });
    expect(Slow.ran).toBe(0);
  });
});

it('what a caller says also holds where the route has no limit', async () => {
  const clock = new ManualClock();
  const app = await createTestApp(moduleOf([Slow]), { clock, trustProxy: true });
  const response = app.request({ url: '/never', headers: { 'x-request-timeout-ms': '200' } });
  await soon(() => expect(app.app.requests.list()).toHaveLength(1));
  await clock.advance(205);
  expect((await response).json()).toMatchObject({
    status: 504,
    code: 'DEADLINE_EXCEEDED',
    detail: 'The answer took longer than 200 ms.',
  });
  await soon(() => expect(app.leaks()).toEqual([]));
  await app.close();
});
