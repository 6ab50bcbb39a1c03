// WebSockets as they are written on bare `ws`: node --expose-gc websocket-bare.mjs <port> [loaded]
import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';

// With the heap that an application has: V8 collects more of it, and sooner, where buffers come and go.
if (process.argv[3] === 'loaded') await import('rockstar-web');

const feed = new Set();
let count = 0;

function serveEcho(socket) {
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
}

function serveJson(socket) {
  socket.on('message', (data) => {
    const message = JSON.parse(data.toString());
    if (message.type === 'echo') socket.send(JSON.stringify({ type: 'echo', text: message.text }));
  });
}

/** Each message makes one broadcast, written as JSON once. */
function serveFeed(socket) {
  feed.add(socket);
  socket.on('close', () => feed.delete(socket));
  socket.on('message', () => {
    const text = JSON.stringify({ type: 'said', user: 'ada', text: 'x'.repeat(64), n: count++ % 10 });
    for (const one of feed) one.send(text);
  });
}

const kinds = { '/echo': serveEcho, '/json': serveJson, '/feed': serveFeed };

const server = createServer((_request, response) => {
  globalThis.gc?.();
  const { rss, heapUsed } = process.memoryUsage();
  response.end(JSON.stringify({ rss, heapUsed, resources: process.getActiveResourcesInfo() }));
});
new WebSocketServer({ server, maxPayload: 1024 * 1024 }).on('connection', (socket, request) => kinds[request.url]?.(socket));
server.listen(Number(process.argv[2]), '127.0.0.1', () => console.log('listening'));
process.on('SIGTERM', () => process.exit(0));
