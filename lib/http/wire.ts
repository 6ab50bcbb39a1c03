import type { IncomingHttpHeaders } from 'node:http';
import type { ServerHttp2Stream } from 'node:http2';
import type { Readable, Writable } from 'node:stream';

/** Response header fields as name, value, name, value; names in lower case, a name may come twice. */
export type Fields = string[];

/** Who is told that the client left. */
export interface Watcher {
  clientGone(): void;
  /** The client took its request back although the whole of an answer is on its way (HTTP/2). */
  takenBack(): void;
}

/** The two ways an exchange meets the network: Node's request and response, or a bare HTTP/2 stream. */
export interface Wire {
  readonly method: string;
  /** The request target as it was sent: path and query. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  /** The body as it comes. */
  readonly input: Readable;
  /** The stream of HTTP/2 it goes over. */
  readonly stream: ServerHttp2Stream | undefined;
  /** Whether a body follows the head. */
  readonly hasBody: boolean;
  /** Whether the client may still be sending its body. */
  readonly bodyPending: boolean;
  /** Whether the head of a final response went out. */
  readonly headSent: boolean;
  /** Whether the whole of a response was handed over. */
  readonly complete: boolean;
  /** Whether the client takes a head alone: it asked with HEAD, whatever middleware made of that. */
  readonly headOnly: boolean;
  /** How much of the response waits for the client to read. */
  readonly unsentBytes: number;
  /**
   * Head and whole body at once. `body` undefined: none. Out: whether it may still take its time, because somebody may have
   * put something around Node's response; the host is then told when it is through.
   */
  respond(status: number, fields: Fields, body: string | Buffer | undefined): boolean;
  /**
   * Like `respond`, to a client that is still sending a body nobody wants: the answer reaches it first, then what it
   * sends is dropped, within limits, and the connection (over HTTP/2 the stream) is closed. Out: ends the dropping.
   */
  refuse(status: number, fields: Fields, body: string | Buffer | undefined): (() => void) | undefined;
  /** The head; the body is then written to what comes back, which ends the response. */
  open(status: number, fields: Fields): Writable;
  /** Asks a client that waits for it to send its body (`100 Continue`). */
  invite(): void;
  /** Says what will be needed, before the response (`103 Early Hints`, RFC 8297). In: values of `Link`. Without effect behind the head. */
  hint(links: readonly string[]): void;
  /** Ends it without a proper response: what was begun is broken off. Whoever still reads the body fails with `cause`. */
  cut(cause?: Error): void;
  /** Tells when the client left, if nobody else does; it may tell twice. */
  watch(whom: Watcher): void;
  /** The counterpart of `watch`, behind the answer. In: `takenBack`, what is still told that the client took its request back. */
  unwatch(takenBack: (() => void) | undefined): void;
}

/** Hop-by-hop fields do not exist in HTTP/2 (RFC 9113 §8.2.2). */
export const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
]);
