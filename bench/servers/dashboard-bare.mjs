// Frames to all who look, once a second, as they are written on bare `ws`: PORT=… node dashboard-bare.mjs <bytes> [tls]
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { generate } from 'selfsigned';
import { WebSocketServer } from 'ws';

async function createEncrypted() {
  const { private: key, cert } = await generate([{ name: 'commonName', value: 'localhost' }]);
  return createTlsServer({ key, cert });
}

const server = process.argv[3] === 'tls' ? await createEncrypted() : createServer();
const sockets = new WebSocketServer({ server });
const filling = 'x'.repeat(Number(process.argv[2]) - JSON.stringify({ at: new Date().toISOString(), filling: '' }).length);

setInterval(() => {
  const text = JSON.stringify({ at: new Date().toISOString(), filling });
  for (const socket of sockets.clients) socket.send(text);
}, 1_000);

server.listen(Number(process.env.PORT), '127.0.0.1', () => console.log('listening'));
process.on('SIGTERM', () => process.exit(0));
