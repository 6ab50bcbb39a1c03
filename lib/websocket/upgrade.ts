import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { HttpProtocol } from '../http/target';
import { websocketErrors } from './errors';
import { type Listening, tell, type Telling } from './socket-events';
import type { WebSocketSettings } from './web-socket-options';

/** A WebSocket as `ws` speaks it, over a stream that somebody else opened. */
export interface Socket extends WebSocket, Telling {
  /** What reads its frames, and how many bytes of the piece that came last are not read yet. */
  readonly _receiver: { readonly _bufferedBytes: number };
}

/** What both sides agreed on before the first frame. */
export interface Handshake {
  /** Header fields of the answer that agrees, as name, value, name, value. */
  readonly fields: readonly string[];
  /** Empty: none. */
  readonly subprotocol: string;
  /** Made by `ws` for this one session. */
  readonly deflate: Extension | undefined;
}

/**
 * Reads the handshake of a request that asks for a WebSocket (RFC 6455 §4.2).
 *
 * Fails with: WEBSOCKET_VERSION_UNSUPPORTED, WEBSOCKET_HANDSHAKE_INVALID, WEBSOCKET_ORIGIN_REFUSED.
 */
export function readHandshake(headers: IncomingHttpHeaders, protocol: HttpProtocol, settings: WebSocketSettings): Handshake {
  if (headers['sec-websocket-version'] !== '13')
    throw websocketErrors.WEBSOCKET_VERSION_UNSUPPORTED({}, { headers: spokenHere(protocol) });
  const fields: string[] = [];
  // Over HTTP/2 there is no cache in between that could take the one for the other (RFC 8441 §5).
  if (protocol === '1.1') fields.push('sec-websocket-accept', acceptOf(headers['sec-websocket-key']));
  refuseOrigin(headers.origin, settings);
  const subprotocol = chooseProtocol(headers['sec-websocket-protocol'], settings.protocols);
  if (subprotocol !== '') fields.push('sec-websocket-protocol', subprotocol);
  const deflate = chooseDeflate(headers['sec-websocket-extensions'], settings);
  if (deflate !== undefined) fields.push('sec-websocket-extensions', loadWs().extension.format({ [DEFLATE]: [deflate.params] }));
  return { fields, subprotocol, deflate };
}

/** What an answer of 426 says (RFC 9110 §15.5.22, RFC 6455 §4.4). */
export function spokenHere(protocol: HttpProtocol): Readonly<Record<string, string>> {
  const version = { 'sec-websocket-version': '13' };
  return protocol === '1.1' ? { upgrade: 'websocket', connection: 'Upgrade, close', ...version } : version;
}

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

function acceptOf(key: string | undefined): string {
  if (key === undefined) throw invalid('Sec-WebSocket-Key', 'missing');
  if (!/^[+/0-9A-Za-z]{22}==$/.test(key)) throw invalid('Sec-WebSocket-Key', 'not 16 bytes in base64');
  return createHash('sha1')
    .update(key + GUID)
    .digest('base64');
}

function invalid(name: string, problem: string) {
  return websocketErrors.WEBSOCKET_HANDSHAKE_INVALID({ name, problem });
}

/** Clients that are no browsers send no origin, and could send any. */
function refuseOrigin(origin: string | undefined, { allowedOrigins }: WebSocketSettings): void {
  if (origin === undefined || allowedOrigins === undefined || allowedOrigins.has(origin.toLowerCase())) return;
  throw websocketErrors.WEBSOCKET_ORIGIN_REFUSED();
}

/** The first that the client names, in the order it prefers, of those spoken here; none spoken: none is agreed on. */
function chooseProtocol(header: string | undefined, spoken: readonly string[]): string {
  if (header === undefined) return '';
  let named: Iterable<string>;
  try {
    named = loadWs().subprotocol.parse(header);
  } catch {
    throw invalid('Sec-WebSocket-Protocol', 'not a list of names');
  }
  for (const name of named) if (spoken.includes(name)) return name;
  return '';
}

function chooseDeflate(header: string | undefined, settings: WebSocketSettings): Extension | undefined {
  if (header === undefined || settings.deflateFromBytes === undefined) return undefined;
  const { extension, PerMessageDeflate } = loadWs();
  try {
    const offers = extension.parse(header)[DEFLATE];
    if (offers === undefined) return undefined;
    const deflate = new PerMessageDeflate({
      isServer: true,
      maxPayload: settings.messageLimitBytes,
      threshold: settings.deflateFromBytes,
    });
    deflate.accept(offers);
    return deflate;
  } catch {
    throw invalid('Sec-WebSocket-Extensions', 'nothing that can be agreed on');
  }
}

/** Speaks WebSocket on a stream whose handshake is answered. In: `head`, what the client sent behind it and is not in the stream. */
export function openSocket(stream: Duplex, head: Buffer, handshake: Handshake, settings: WebSocketSettings): Socket {
  const { WebSocket: Unopened } = loadWs();
  const socket = new Unopened(null, undefined, { autoPong: true, maxPendingAutoPongs: MOST_PONGS, closeTimeout: LAST_RESORT_MS });
  socket._protocol = handshake.subprotocol;
  if (handshake.deflate !== undefined) socket._extensions = { [DEFLATE]: handshake.deflate };
  socket.setSocket(stream, head, {
    allowSynchronousEvents: true,
    maxBufferedChunks: 256 * 1024,
    maxFragments: 16 * 1024,
    maxPayload: settings.messageLimitBytes,
    skipUTF8Validation: false,
  });
  return socket;
}

/** Pings of a client that does not read the answers; then it is cut. */
const MOST_PONGS = 60;

/** `ws` waits so long for the answer to a close frame, by a timer of its own; sessions wait less, by the clock of the application. */
const LAST_RESORT_MS = 2 ** 31 - 1;

const DEFLATE = 'permessage-deflate';

/** The extension as `ws` makes it. */
interface Extension {
  readonly params: object;
  accept(offers: readonly object[]): object;
}

/** What `ws` exports and its types leave out. */
interface Parts {
  readonly PerMessageDeflate: new (options: { isServer: boolean; maxPayload: number; threshold: number }) => Extension;
  readonly extension: {
    parse(header: string): Readonly<Record<string, readonly object[] | undefined>>;
    format(extensions: Readonly<Record<string, readonly object[]>>): string;
  };
  readonly subprotocol: { parse(header: string): Iterable<string> };
  readonly WebSocket: new (
    address: null,
    protocols: undefined,
    options: { autoPong: boolean; maxPendingAutoPongs: number; closeTimeout: number },
  ) => Unopened;
}

/** A WebSocket of a server before it has a stream: what `WebSocketServer` sets, for handshakes of HTTP/2 too. */
interface Unopened extends Socket {
  _protocol: string;
  _extensions: Readonly<Record<string, Extension>>;
  setSocket(
    stream: Duplex,
    head: Buffer,
    options: {
      allowSynchronousEvents: boolean;
      maxBufferedChunks: number;
      maxFragments: number;
      maxPayload: number;
      skipUTF8Validation: boolean;
    },
  ): void;
}

let loaded: Parts | undefined;

/** `ws`, loaded when the first class with `@WebSocket` is compiled: others do not pay for it at start. */
export function loadWs(): Parts {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- a static import would load it at start
  loaded ??= toldBy(require('ws') as Parts);
  return loaded;
}

function toldBy({ PerMessageDeflate, extension, subprotocol, WebSocket: Bare }: Parts): Parts {
  return { PerMessageDeflate, extension, subprotocol, WebSocket: telling(Bare) };
}

/** Has the class of `ws` tell its session what it would emit: five listeners take 300 bytes of each idle one. */
function telling(Bare: Parts['WebSocket']): Parts['WebSocket'] {
  return class extends Bare {
    override session: Listening | undefined = undefined;

    override emit(event: string | symbol, first?: unknown, second?: unknown): boolean {
      if (this.session !== undefined) tell(this.session, event, first, second);
      return true;
    }
  };
}
