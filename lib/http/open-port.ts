import type { AddressInfo, Server } from 'node:net';
import { httpErrors } from './errors';

/** Has a server listen. Out: where it does. Fails with: SERVER_LISTEN_FAILED. */
export function openPort(door: Server, port: number, host: string): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    const failed = (error: unknown): void => reject(listenFailure(error as NodeJS.ErrnoException, port, host));
    door.once('error', failed);
    try {
      door.listen(portOf(port), host, () => {
        door.off('error', failed);
        resolve(door.address() as AddressInfo);
      });
    } catch (error) {
      // What is no port at all is refused at once.
      failed(error);
    }
  });
}

/** A text that is no number would be taken for the path of a socket file. */
function portOf(port: unknown): number {
  return typeof port === 'string' && !/^\d+$/.test(port) ? NaN : (port as number);
}

/** An address as the URL that reaches it from this machine. */
export function urlOf({ address, family, port }: AddressInfo, encrypted: boolean): URL {
  const anywhere = address === '::' || address === '0.0.0.0';
  const host = anywhere ? 'localhost' : family === 'IPv6' ? `[${address}]` : address;
  return new URL(`${encrypted ? 'https' : 'http'}://${host}:${port}`);
}

function listenFailure(error: NodeJS.ErrnoException, port: number, host: string): Error {
  const address = `${host}:${port}`;
  const reason = error.code ?? error.message;
  const wayOut =
    error.code === 'EADDRINUSE'
      ? 'Another process listens there: end it, or take another port (0 takes any free one).'
      : error.code === 'EACCES'
        ? 'Ports below 1024 need a privilege: take a higher one.'
        : error.code === 'EADDRNOTAVAIL' || error.code === 'ENOTFOUND'
          ? 'The host is no address of this machine: use 127.0.0.1, or 0.0.0.0 for all of them.'
          : error.code === 'ERR_SOCKET_BAD_PORT'
            ? 'A port is a whole number from 0 (any free one) to 65535.'
            : 'See the cause.';
  return httpErrors.SERVER_LISTEN_FAILED({ address, reason, wayOut }, { cause: error });
}
