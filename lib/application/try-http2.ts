import { connect } from 'node:http2';
import { once } from 'node:events';
import { Module } from '../plugins/plugin';
import { createApp } from './application';

@Module()
class Nothing {}

/**
 * Serves an application with nothing in it on this machine, over HTTP/2 and TLS with a certificate made for it, and asks
 * it once. Out: the status of the answer and the version of TLS. Fails with whatever stands in the way.
 */
export async function tryHttp2(): Promise<{ readonly status: number; readonly tls: string }> {
  const app = await createApp(Nothing, { http2: true, tls: 'self-signed', logger: false });
  try {
    const url = await app.listen(0);
    const session = connect(url, { rejectUnauthorized: false });
    try {
      const stream = session.request({ ':path': '/health/live' });
      const [headers] = (await once(stream, 'response')) as [Record<string, unknown>];
      stream.resume();
      const socket = session.socket as unknown as { getProtocol(): string | null };
      return { status: Number(headers[':status']), tls: socket.getProtocol() ?? 'none' };
    } finally {
      session.destroy();
    }
  } finally {
    await app.close();
  }
}
