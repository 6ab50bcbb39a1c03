import { createServer, type IncomingMessage, ServerResponse } from 'node:http';
import { Duplex } from 'node:stream';
import type { FrameworkError } from '../errors/framework-error';
import { httpErrors } from './errors';

/** The parser's hook: called when a head is complete, before a request exists for anybody (one property of Node's parser). */
export type OnIncoming = (request: IncomingMessage & { upgrade?: boolean }, keepAlive: boolean) => number;

/** Node's parser of a connection, as its HTTP/1.1 server has put it there. */
export function parserOf(socket: Duplex): { onIncoming: OnIncoming } {
  return (socket as unknown as { parser: { onIncoming: OnIncoming } }).parser;
}

let verdict: { readonly failure: FrameworkError | undefined } | undefined;

/**
 * Whether a connection can be taken out of Node's parser exactly at the end of a head: tried once in a process, on a
 * connection in memory, in less than a millisecond. Out: HIJACK_UNSUPPORTED where this version of Node does not do it.
 */
export function parserHookFailure(): FrameworkError | undefined {
  verdict ??= { failure: tryHook() };
  return verdict.failure;
}

const HEAD = 'GET / HTTP/1.1\r\nhost: self.test\r\n\r\n';
/** It looks like another request, and is none. */
const BEHIND = 'GET /behind HTTP/1.1\r\n\r\n';

function tryHook(): FrameworkError | undefined {
  const server = createServer();
  const socket = new Duplex({ read: nothing, write: (_chunk, _encoding, done: () => void) => done() });
  try {
    const got = feed(server, socket);
    return got === BEHIND ? undefined : unsupported(`what follows a head is ${JSON.stringify(got)} and should be as it was sent`);
  } catch (error) {
    return unsupported(error instanceof Error ? error.message : String(error), error);
  } finally {
    socket.destroy();
    server.close();
  }
}

function feed(server: ReturnType<typeof createServer>, socket: Duplex): string | undefined {
  let got: string | undefined;
  server.on('upgrade', (request, _socket, head: Buffer) => {
    const response = new ServerResponse(request);
    response.assignSocket(socket as never);
    response.detachSocket(socket as never);
    got = head.toString('latin1');
  });
  server.on('request', () => {
    got = 'a request';
  });
  server.emit('connection', socket);
  parserOf(socket).onIncoming = (request) => {
    request.upgrade = true;
    return 2;
  };
  socket.emit('data', Buffer.from(HEAD + BEHIND, 'latin1'));
  return got;
}

function unsupported(reason: string, cause?: unknown): FrameworkError {
  return httpErrors.HIJACK_UNSUPPORTED(
    { version: process.version, reason },
    { cause, detail: 'Connections cannot be taken over here.' },
  );
}

function nothing(): void {
  // Its bytes are handed to the parser.
}
