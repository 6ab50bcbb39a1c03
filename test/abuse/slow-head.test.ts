import { Kernel } from '../support/kernel';
import { RawClient, request } from '../support/raw-client';
import { soon, turns } from '../support/soon';

describe.each([
  ['HTTP/1.1', false],
  ['h2c', 'h2c'],
] as const)('a client of %s that', (_name, http2) => {
  it('sends its head a little all the time, and never whole, is told 408 and closed; others are answered meanwhile (slowloris)', async () => {
    const kernel = await Kernel.open({ 'GET /': () => 'here' }, { http2, limits: { headersTimeoutMs: 200 } });
    const slow = await Promise.all(Array.from({ length: 20 }, () => RawClient.connect(kernel.url)));
    for (const one of slow) one.write('GET / HTTP/1.1\r\nhost: a\r\n');
    const other = await RawClient.connect(kernel.url);
    for (let i = 0; i < 100_000 && slow.some((one) => !one.ended); i++) {
      for (const one of slow) if (!one.ended) one.write('x: y\r\n'.slice(i % 6, (i % 6) + 1));
      if (i % 20 === 0) expect((await other.ask(request('GET', '/'))).body.toString()).toBe('here');
      await turns(20);
    }
    for (const one of slow) {
      expect((await one.closed()).slice(0, 13)).toBe('HTTP/1.1 408 ');
      one.close();
    }
    await soon(() => expect([kernel.underWay, kernel.server.connections]).toEqual([0, 1]));
    other.close();
    await kernel.close();
  });
});
