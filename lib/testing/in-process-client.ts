import { request as httpRequest, type IncomingMessage } from 'node:http';
import { type Duplex, duplexPair } from 'node:stream';
import { stayAwake } from '../lifetime/clock';

/** A request to be made without a port. */
export interface InProcessRequest {
  /** Default `GET`. */
  readonly method?: string;
  /** Path and query, e.g. `/users/1?verbose=true`. */
  readonly url: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  /** Text and bytes are sent as they are; anything else as JSON, with its content type. */
  readonly body?: unknown;
  /** Aborting it is the client leaving. */
  readonly signal?: AbortSignal;
}

/** What came back. A header that came more than once has a list. */
export interface InProcessResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly bytes: Buffer;
  text(): string;
  json(): unknown;
}

/** Opens a connection that never leaves the process. Out: the client's end of it. */
export function connectInProcess(serve: (socket: Duplex) => void): Duplex {
  const [clientSide, serverSide] = duplexPair();
  // Neither side of a pair hears of it when the other is destroyed.
  clientSide.once('close', () => serverSide.destroy());
  serverSide.once('close', () => clientSide.destroy());
  clientSide.once('close', stayAwake());
  serve(serverSide);
  return clientSide;
}

/** Makes one request on a connection of its own that never leaves the process. */
export async function requestInProcess(serve: (socket: Duplex) => void, options: InProcessRequest): Promise<InProcessResponse> {
  const [clientSide, serverSide] = duplexPair();
  // Neither side of a pair hears of it when the other is destroyed.
  serverSide.once('close', () => {
    if (!serverSide.writableFinished) clientSide.destroy(new Error('the connection was closed before the response was complete'));
  });
  serve(serverSide);
  const { payload, type } = toPayload(options.body);
  const headers: Record<string, string | readonly string[]> = { host: 'in-process', ...lowerCase(options.headers ?? {}) };
  if (type !== undefined) headers['content-type'] ??= type;
  if (payload !== undefined) headers['content-length'] ??= String(payload.length);
  // As a socket would: nothing else may hold the process while a time limit is waited for.
  const release = stayAwake();
  try {
    const response = await exchange(clientSide, options, headers, payload);
    const bytes = await readAll(response);
    return {
      status: response.statusCode ?? 0,
      headers: response.headers,
      bytes,
      text: () => bytes.toString('utf8'),
      json: () => JSON.parse(bytes.toString('utf8')) as unknown,
    };
  } finally {
    clientSide.destroy();
    serverSide.destroy();
    release();
  }
}

function exchange(
  socket: Duplex,
  { method = 'GET', url, signal }: InProcessRequest,
  headers: Readonly<Record<string, string | readonly string[]>>,
  payload: Buffer | undefined,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({
      method,
      path: url,
      headers: { connection: 'close', ...headers } as Record<string, string>,
      createConnection: () => socket,
      ...(signal === undefined ? {} : { signal }),
    });
    request.once('response', resolve).once('error', reject);
    request.end(payload);
  });
}

async function readAll(response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function toPayload(body: unknown): { readonly payload: Buffer | undefined; readonly type: string | undefined } {
  if (body === undefined) return { payload: undefined, type: undefined };
  if (typeof body === 'string') return { payload: Buffer.from(body), type: undefined };
  if (body instanceof Uint8Array) return { payload: Buffer.from(body), type: undefined };
  return { payload: Buffer.from(JSON.stringify(body)), type: 'application/json' };
}

function lowerCase(headers: Readonly<Record<string, string | readonly string[]>>): Record<string, string | readonly string[]> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
