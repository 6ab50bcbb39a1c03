// A connection as `node:http` hands it over, by its `upgrade` listener: node --expose-gc hijack-bare.mjs <port> [loaded]
import { createServer } from 'node:http';

// With the heap that an application has: V8 collects more of it, and sooner, where buffers come and go.
if (process.argv[3] === 'loaded') await import('rockstar-web');

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
