// A connection as `node:http` hands it over, by its `upgrade` listener: node --expose-gc hijack-bare.mjs <port> [loaded|collected]
import { createServer } from 'node:http';

// With the heap that an application has.
if (process.argv[3] === 'loaded') await import('rockstar-web');

// With a heap of 20 MiB, all of which is collected a few times while it warms up: what V8 learns under load has it go on with that.
if (process.argv[3] === 'collected') {
  globalThis.kept = Array.from({ length: 20_000 }, (_, at) => new Array(125).fill(at));
  const collecting = setInterval(globalThis.gc, 800);
  setTimeout(() => clearInterval(collecting), 4_000);
}

const HEAD = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n';

const server = createServer((_request, response) => response.end('{"hello":"world"}'));
server.on('upgrade', ({ url }, socket, head) => {
  socket.on('error', () => undefined).write(HEAD);
  if (head.length > 0) socket.unshift(head);
  if (url === '/pipe') socket.pipe(socket);
  else socket.on('data', (chunk) => socket.write(chunk));
});
server.listen(Number(process.argv[2]), '127.0.0.1', () => console.log('listening'));
process.on('SIGTERM', () => process.exit(0));
