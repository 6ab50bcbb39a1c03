// The limit over HTTP/2: bare streams behind TLS.
import { readFileSync } from 'node:fs';
import { createSecureServer } from 'node:http2';

const { TLS_KEY, TLS_CERT } = process.env;
const server = createSecureServer({ key: readFileSync(TLS_KEY), cert: readFileSync(TLS_CERT) });
server.on('stream', (stream, headers) => {
  if (headers[':path'] !== '/') {
    stream.respond({ ':status': 404 }, { endStream: true });
    return;
  }
  const body = JSON.stringify({ hello: 'world' });
  stream.respond({
    ':status': 200,
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
  });
  stream.end(body);
});
server.listen(Number(process.argv[2]), '127.0.0.1', () => console.log('listening'));
process.on('SIGTERM', () => process.exit(0));
