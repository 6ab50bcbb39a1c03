import { createServer, type Server, type TLSSocket } from 'node:tls';
import { httpErrors } from './errors';

/** PEM text of a private key and its certificate chain. */
export interface TlsKeyPair {
  readonly key: string | Buffer;
  readonly cert: string | Buffer;
}

/** `self-signed` makes a certificate for localhost when the server starts: for development. */
export type TlsOptions = TlsKeyPair | 'self-signed';

/** Makes a key and a certificate for localhost that last a year. */
async function makeSelfSigned(): Promise<TlsKeyPair> {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- only development needs it, and it takes 200 ms to load
  const { generate } = require('selfsigned') as typeof import('selfsigned');
  const names = [
    { type: 2 as const, value: 'localhost' },
    { type: 7 as const, ip: '127.0.0.1' },
    { type: 7 as const, ip: '::1' },
  ];
  const pems = await generate([{ name: 'commonName', value: 'localhost' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [{ name: 'subjectAltName', altNames: names }],
  });
  return { key: pems.private, cert: pems.cert };
}

/**
 * One TLS port for both protocols: ALPN (RFC 7301) says whether a connection goes to HTTP/2 or to HTTP/1.1.
 *
 * Fails with: SERVER_TLS_INVALID.
 */
export async function openTlsDoor(
  tls: TlsOptions,
  options: { readonly http2: boolean; readonly handshakeTimeoutMs: number },
  onSocket: (socket: TLSSocket, isHttp2: boolean) => void,
): Promise<Server> {
  const pair = tls === 'self-signed' ? await makeSelfSigned() : tls;
  let server: Server;
  try {
    server = createServer({
      key: pair.key,
      cert: pair.cert,
      ALPNProtocols: options.http2 ? ['h2', 'http/1.1'] : ['http/1.1'],
      handshakeTimeout: options.handshakeTimeoutMs,
      minVersion: 'TLSv1.2',
    });
  } catch (error) {
    throw httpErrors.SERVER_TLS_INVALID({ reason: error instanceof Error ? error.message : String(error) }, { cause: error });
  }
  server.on('secureConnection', (socket) => onSocket(socket, socket.alpnProtocol === 'h2'));
  return server;
}
