import { finished, type Readable } from 'node:stream';
import { nameOf } from './call-url';
import type { UpstreamRequest } from './upstream-request';
import { parseRetryAfter } from '../resilience/retry-after';
import { countsAs } from '../resilience/verdict';
import { upstreamErrors, untold } from './errors';

/** Header fields by name, in lower case; one that came more than once has a list. */
export type UpstreamHeaders = Readonly<Record<string, string | string[] | undefined>>;

/** More than this is not read for nothing: closing the connection costs less. */
const MOST_DISCARDED_BYTES = 128 * 1024;

/**
 * The answer to a call: its head, and its body as it comes.
 *
 * Read the body one way, once. Ends when the body was read; what is not read is cut with the request the call was made in.
 */
export class UpstreamResponse {
  /** @internal */
  constructor(
    /** The call it answers; the last one, behind redirects. */
    readonly request: UpstreamRequest,
    readonly status: number,
    readonly headers: UpstreamHeaders,
    /** The bytes, no faster than they are read. Destroying it ends the call. */
    readonly body: Readable,
  ) {}

  /** Whether the status is 200 to 299. */
  get ok(): boolean {
    return this.status >= 200 && this.status <= 299;
  }

  /** A header; letter case does not matter. One that came more than once is joined with `, `. */
  header(name: string): string | undefined {
    const value = this.headers[name.toLowerCase()];
    return Array.isArray(value) ? value.join(', ') : value;
  }

  /**
   * Itself when the status is 200 to 299; else ends the call.
   *
   * Fails with: UPSTREAM_FAILED (5xx), UPSTREAM_REFUSED (anything else); both are a 502 to whoever asks us.
   */
  expectOk(): this {
    if (this.ok) return this;
    this.body.destroy();
    const slots = { call: this.#name, status: this.status };
    // A breaker around the call leaves the other side alone for as long as that asks for.
    const told = { retryAfterMs: parseRetryAfter(this.header('retry-after'), Date.now()) };
    if (this.status >= 500) throw Object.assign(upstreamErrors.UPSTREAM_FAILED(slots, untold(502)), told);
    const refused = upstreamErrors.UPSTREAM_REFUSED(slots, untold(502));
    // Whoever sends us elsewhere, where an answer is expected, works no better than one that fails.
    if (this.status < 400) throw refused;
    throw Object.assign(countsAs(this.status === 429 ? 'ignored' : 'success', refused), this.status === 429 ? told : {});
  }

  /** The whole body. Fails with: UPSTREAM_TOO_LARGE, what ends a call. */
  bytes(): Promise<Buffer> {
    const { body } = this;
    const { method, maxResponseBytes: limit } = this.request;
    return new Promise((resolve, reject) => {
      const chunks: Buffer[] = [];
      let length = 0;
      // Events, and not a loop over the stream: that has a few promises for each piece.
      finished(body, { writable: false }, (error) => {
        if (error) reject(error);
        else resolve(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks, length));
      });
      if (Number(this.header('content-length') ?? 0) > limit && method !== 'HEAD') {
        body.destroy(this.#tooLarge(limit));
        return;
      }
      const take = (piece: Buffer | string): void => {
        const chunk = typeof piece === 'string' ? Buffer.from(piece, body.readableEncoding ?? 'utf8') : piece;
        length += chunk.length;
        chunks.push(chunk);
        if (length > limit) body.destroy(this.#tooLarge(limit));
      };
      if (body.readableFlowing !== false) body.on('data', take);
      // Whoever paused it, or listens for `readable`, holds the events back, but not a loop.
      else void readAll(body, take).catch(reject);
    });
  }

  /** The whole body as UTF-8. Fails with: as `bytes`. */
  async text(): Promise<string> {
    return (await this.bytes()).toString('utf8');
  }

  /** The whole body, parsed; whether it is a `T` is for the caller to check. Fails with: UPSTREAM_CONTENT_INVALID; as `bytes`. */
  async json<T = unknown>(): Promise<T> {
    const text = (await this.bytes()).toString('utf8');
    try {
      return JSON.parse(text) as T;
    } catch (cause) {
      const reason = text === '' ? 'it is empty' : 'it does not parse';
      throw upstreamErrors.UPSTREAM_CONTENT_INVALID({ call: this.#name, expected: 'JSON', reason }, untold(502, cause));
    }
  }

  /** The body is not wanted: reads a short one, so that its connection can be kept, and ends a longer one. Never rejects. */
  async discard(): Promise<void> {
    let length = 0;
    try {
      for await (const chunk of this.body as AsyncIterable<Buffer>) {
        length += chunk.length;
        if (length > MOST_DISCARDED_BYTES) break;
      }
    } catch {
      // It was not wanted.
    }
  }

  get #name(): string {
    return nameOf(this.request.method, this.request.url);
  }

  #tooLarge(limit: number): Error {
    return upstreamErrors.UPSTREAM_TOO_LARGE({ call: this.#name, limit }, untold(502));
  }
}

async function readAll(body: Readable, take: (piece: Buffer | string) => void): Promise<void> {
  for await (const piece of body) take(piece as Buffer | string);
}
