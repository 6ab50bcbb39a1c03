// A TCP proxy that delays: what goes either way arrives half a round trip later, in order.
import { connect, createServer } from 'node:net';

/** Passes on to `port` with a round trip of `rttMs`. Out: its own port, and how to close it. */
export async function openDelayingProxy(port, rttMs) {
  const sockets = new Set();
  const server = createServer({ noDelay: true }, (near) => {
    const far = connect({ port, host: '127.0.0.1', noDelay: true });
    for (const [from, to] of [
      [near, far],
      [far, near],
    ]) {
      sockets.add(from);
      const later = (pass) => setTimeout(pass, rttMs / 2);
      from.on('data', (chunk) => later(() => to.destroyed || to.write(chunk)));
      from.on('end', () => later(() => to.end()));
      from.on('error', () => to.destroy());
      from.on('close', () => sockets.delete(from));
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: server.address().port,
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
