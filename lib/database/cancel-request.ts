import type { ClientConfig, PoolClient } from 'pg';
import { driver } from './driver';

const LIMIT_MS = 5_000;

/** What the driver's types leave out. */
interface Asked {
  readonly host: string;
  readonly port: number;
  readonly ssl: unknown;
  readonly processID: number;
  readonly secretKey: number;
}

interface BareConnection {
  readonly stream: { destroy(error?: Error): void };
  connect(port: number | string, host?: string): void;
  requestSsl(): void;
  cancel(processId: number, secretKey: number): void;
  on(event: 'connect' | 'sslconnect' | 'end', listener: () => void): void;
  on(event: 'error', listener: (error: Error) => void): void;
}

/**
 * Stops what runs on a connection by the protocol's CancelRequest (the manual's 54.2.8), over a new connection, encrypted
 * as the other is. Poolers pass it on. Settles when the other side has closed, which is when it has been acted on.
 */
export function sendCancelRequest(client: PoolClient, { stream }: ClientConfig): Promise<void> {
  const { host, port, ssl, processID, secretKey } = client as unknown as Asked;
  const { Connection } = driver() as unknown as { Connection: new (options: object) => BareConnection };
  return new Promise((resolve, reject) => {
    const connection = new Connection({ stream, ssl });
    const timer = setTimeout(() => connection.stream.destroy(new Error('no answer in time')), LIMIT_MS);
    const send = (): void => connection.cancel(processID, secretKey);
    connection.on('connect', ssl ? () => connection.requestSsl() : send);
    connection.on('sslconnect', send);
    connection.on('error', reject);
    connection.on('end', () => {
      clearTimeout(timer);
      resolve();
    });
    if (host.startsWith('/')) connection.connect(`${host}/.s.PGSQL.${port}`);
    else connection.connect(port, host);
  });
}
