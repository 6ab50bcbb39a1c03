import { createTestApp, ManualClock, type TestApplication } from 'rockstar-web/testing';
import { AppModule, OPTIONS } from '../../samples/monitoring-dashboard/src/app.module';
import { soon, turns } from '../support/soon';
import { upgradeHead } from '../websocket/raw-web-socket';

/** The text frames of a server, one behind the other (RFC 6455 §5.2), behind the head of the answer. */
function framesIn(bytes: Buffer): string[] {
  const frames: string[] = [];
  let at = bytes.indexOf('\r\n\r\n') + 4;
  while (at + 2 <= bytes.length) {
    const isLong = bytes[at + 1] === 126;
    const from = at + (isLong ? 4 : 2);
    const end = from + (isLong ? bytes.readUInt16BE(at + 2) : bytes.readUInt8(at + 1));
    // Pings are of no matter here.
    if (bytes[at] === 0x81) frames.push(bytes.toString('utf8', from, end));
    at = end;
  }
  return frames;
}

const opened: TestApplication[] = [];
afterEach(() => Promise.all(opened.splice(0).map((app) => app.close())));

it('leaves a viewer out that does not read, until it does; the others miss nothing', async () => {
  const clock = new ManualClock();
  const app = await createTestApp(AppModule, { ...OPTIONS, clock });
  opened.push(app);
  const upgrade = upgradeHead('/ws/metrics');
  const came = { quick: Buffer.alloc(0), slow: Buffer.alloc(0) };
  const [quick, slow] = [app.connect(), app.connect()];
  quick.on('data', (chunk: Buffer) => (came.quick = Buffer.concat([came.quick, chunk])));
  for (const viewer of [quick, slow]) viewer.write(upgrade);
  await soon(() => expect(came.quick.toString()).toContain('101 Switching Protocols'));
  // Who answers no pings is cut after a minute.
  const SECONDS = 58;
  await clock.advance(SECONDS * 1_000);
  const seen = framesIn(came.quick);
  expect(seen).toHaveLength(SECONDS);

  slow.on('data', (chunk: Buffer) => (came.slow = Buffer.concat([came.slow, chunk])));
  await turns();
  const old = framesIn(came.slow);
  const dropped = app.app.metrics.snapshot(['websocket.dropped'])['websocket.dropped'];
  const skipped = dropped?.series.find(({ attributes }) => attributes.reason === 'skipped');
  expect(skipped).toMatchObject({ attributes: { route: '/ws/metrics' }, value: SECONDS - old.length });
  // What waited for it was bounded, and nothing of it was cut in pieces.
  expect(came.slow.length).toBeLessThan(256 * 1_024);
  expect(old).toEqual(seen.slice(0, old.length));
  await clock.advance(1_000);
  expect(framesIn(came.slow).at(-1)).toBe(framesIn(came.quick).at(-1));
  for (const viewer of [quick, slow]) viewer.destroy();
});
