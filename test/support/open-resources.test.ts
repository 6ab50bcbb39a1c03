import { createServer } from 'node:net';
import { once } from 'node:events';
import { leftOpen, openResources, whatStaysOpen } from './open-resources';

describe('open resources', () => {
  it('counts what is more than before, and nothing else', () => {
    const before = new Map([
      ['Timeout', 1],
      ['PipeWrap', 2],
    ]);
    const now = new Map([
      ['Timeout', 3],
      ['PipeWrap', 1],
      ['TCPServerWrap', 1],
    ]);
    expect(leftOpen(before, now)).toEqual(['1 TCPServerWrap', '2 Timeout']);
  });

  it('names a server that is left open, and is content once it is closed', async () => {
    const before = openResources();
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    expect(await whatStaysOpen(before, 0)).toEqual(['1 TCPServerWrap']);
    server.close();
    expect(await whatStaysOpen(before, 1_000)).toEqual([]);
  });

  it('names a timer that is left running', () => {
    const before = openResources();
    const timer = setTimeout(() => undefined, 60_000);
    expect(leftOpen(before, openResources())).toEqual(['1 Timeout']);
    clearTimeout(timer);
  });
});
