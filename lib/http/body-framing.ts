import type { IncomingMessage } from 'node:http';

/** How long the body of a request of HTTP/1.1 is (RFC 9112 §6): a number of bytes, or told chunk by chunk. */
export type BodyFraming = number | 'chunked';

/** The framing that a head tells of; 0: no body, `undefined`: one that cannot be understood. */
export function framingOf({ method, headers }: IncomingMessage): BodyFraming | undefined {
  const { 'transfer-encoding': coding, 'content-length': length } = headers;
  // Its head alone is the message; what follows is the tunnel's (RFC 9112 §6.3).
  if (method === 'CONNECT') return 0;
  // Node's parser has refused a head with both, and a length that is no number.
  if (coding === undefined) return length === undefined ? 0 : Number(length);
  return coding.trim().toLowerCase() === 'chunked' ? 'chunked' : undefined;
}

/** Finds where a body ends, in whatever pieces it comes, and what of it is content. */
export interface BodyReader {
  /** Whether the whole of it was seen. */
  readonly complete: boolean;
  /**
   * Takes the next bytes. Out: how many of them belong to the body; fewer than there are only when it is complete with them.
   *
   * Throws: where they are not what they should be.
   */
  take(bytes: Buffer, content: (part: Buffer) => void): number;
}

/** Of a body whose length is known. */
export class LengthReader implements BodyReader {
  #left: number;

  constructor(length: number) {
    this.#left = length;
  }

  get complete(): boolean {
    return this.#left === 0;
  }

  take(bytes: Buffer, content: (part: Buffer) => void): number {
    const part = bytes.subarray(0, this.#left);
    this.#left -= part.length;
    if (part.length > 0) content(part);
    return part.length;
  }
}

const LF = 0x0a;
const CR = 0x0d;

/** The size of a chunk, and what may stand behind it (RFC 9112 §7.1.1). */
const SIZE_LINE = /^([0-9a-f]{1,8})(?:[ \t]*;[\t\x20-\x7e\x80-\xff]*)?$/i;
/** A trailer field (RFC 9112 §7.1.2). */
const FIELD_LINE = /^([!#$%&'*+.^_`|~0-9a-z-]+):[ \t]*([\t\x20-\x7e\x80-\xff]*?)[ \t]*$/i;

/** What the lines between chunks, and the trailer section, may have at most. */
const LONGEST_LINES_BYTES = 16 * 1024;

/** What comes next. */
type Expected = 'size' | 'data' | 'data-end' | 'trailer' | 'nothing';

/** Of a body in chunks (RFC 9112 §7.1), its trailer section included. As strict about line ends as Node's own parser. */
export class ChunkedReader implements BodyReader {
  /** Trailer fields: name, value, name, value. */
  readonly trailers: string[] = [];
  #expected: Expected = 'size';
  #left = 0;
  #line = '';
  #lineBytes = 0;

  get complete(): boolean {
    return this.#expected === 'nothing';
  }

  take(bytes: Buffer, content: (part: Buffer) => void): number {
    let at = 0;
    while (at < bytes.length && this.#expected !== 'nothing') {
      at = this.#expected === 'data' ? this.#takeData(bytes, at, content) : this.#takeLine(bytes, at);
    }
    return at;
  }

  #takeData(bytes: Buffer, from: number, content: (part: Buffer) => void): number {
    const part = bytes.subarray(from, from + this.#left);
    this.#left -= part.length;
    if (this.#left === 0) this.#expected = 'data-end';
    content(part);
    return from + part.length;
  }

  #takeLine(bytes: Buffer, from: number): number {
    const end = bytes.indexOf(LF, from);
    const to = end < 0 ? bytes.length : end + 1;
    this.#lineBytes += to - from;
    if (this.#lineBytes > LONGEST_LINES_BYTES) throw new RangeError('the lines around the chunks are too long');
    this.#line += bytes.toString('latin1', from, to);
    if (end < 0) return to;
    const line = this.#line;
    this.#line = '';
    if (line.charCodeAt(line.length - 2) !== CR) throw new SyntaxError('a line around the chunks does not end with CR LF');
    this.#understand(line.slice(0, -2));
    return to;
  }

  #understand(line: string): void {
    if (this.#expected === 'size') this.#beginChunk(line);
    else if (this.#expected === 'data-end') this.#endChunk(line);
    else if (line === '') this.#expected = 'nothing';
    else this.#keepTrailer(line);
  }

  #beginChunk(line: string): void {
    const [, size] = SIZE_LINE.exec(line) ?? [];
    if (size === undefined) throw new SyntaxError('a chunk does not begin with its size');
    this.#left = Number.parseInt(size, 16);
    this.#expected = this.#left === 0 ? 'trailer' : 'data';
    // What stands behind the size counts over all chunks: else a body of nothing else would be without end.
    this.#lineBytes -= Math.min(this.#lineBytes, size.length + 2);
  }

  #endChunk(line: string): void {
    if (line !== '') throw new SyntaxError('a chunk is longer than its size');
    this.#expected = 'size';
    this.#lineBytes -= 2;
  }

  #keepTrailer(line: string): void {
    const [, name, value] = FIELD_LINE.exec(line) ?? [];
    if (name === undefined || value === undefined) throw new SyntaxError('a trailer is no field');
    this.trailers.push(name, value);
  }
}
