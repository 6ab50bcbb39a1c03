import type { Readable } from 'node:stream';
import type { Dicer } from '@fastify/busboy';
import { cancelledBecause } from '../lifetime/end-reason';
import { BodyFlow, type BodySink, refuseByHead, takeBody } from './body-flow';
import { decodeText } from './charset';
import { mediaTypeOf, parseParameters } from './content-type';
import { httpErrors } from './errors';
import type { Exchange } from './exchange';
import { MultipartFile, type MultipartPart } from './multipart-file';
import { malformedPart, type PartHead, type PartLines, readPartHead } from './multipart-head';
import { type MultipartLimits, multipartLimits, type MultipartOptions } from './multipart-limits';
import { refuseType } from './request-body';

export const MULTIPART = 'multipart/form-data';

/** Whether a request says that its body is a multipart form. */
export function isMultipart({ wire }: Exchange): boolean {
  return mediaTypeOf(wire.headers['content-type']) === MULTIPART;
}

/**
 * Reads a multipart body part by part (RFC 7578).
 *
 * Out: the parts as they come; each file is read before the next part is asked for, else it is passed over. Breaking off
 * the iteration, or ending the request, destroys what is open.
 * Fails with: BODY_TAKEN, BODY_TYPE_UNSUPPORTED, BODY_MALFORMED (no boundary), BODY_ENCODING_UNSUPPORTED, BODY_TOO_LARGE at
 * once; the iteration with BODY_TOO_LARGE, BODY_MALFORMED, BODY_INCOMPLETE, MULTIPART_TOO_MANY, MULTIPART_FILE_TOO_LARGE,
 * MULTIPART_FIELD_TOO_LARGE, MULTIPART_HEADERS_TOO_LARGE, REQUEST_TIMEOUT, or a `CancelledError`.
 */
export function readMultipart(
  exchange: Exchange,
  options?: MultipartOptions,
  takenAs: string = MULTIPART,
): AsyncIterableIterator<MultipartPart> {
  const { host, wire } = exchange;
  if (!isMultipart(exchange)) throw refuseType(exchange, [MULTIPART]);
  const limits = multipartLimits(host.limits.bodyLimitBytes, host.multipart, options);
  takeBody(exchange, takenAs);
  const refusal = refuseByHead(exchange, limits.bodyLimitBytes);
  if (refusal !== undefined) throw refusal;
  const reader = new MultipartReader(exchange, limits, boundaryOf(wire.headers['content-type'] as string));
  reader.start();
  return reader;
}

/** 1 to 70 of these (RFC 2046 §5.1.1). */
const BOUNDARY = /^[\w'()+,./:=? -]{0,69}[\w'()+,./:=?-]$/;

function boundaryOf(contentType: string): string {
  const boundary = parseParameters(contentType)?.parameters.get('boundary');
  if (boundary === undefined) throw malformedPart('its content type names no boundary');
  if (!BOUNDARY.test(boundary)) throw malformedPart('its boundary is not valid');
  return boundary;
}

/** Parts that may wait to be asked for before no more is read. */
const MOST_WAITING = 16;

/** A place in the order of parts; a field's is empty until its value is whole. */
interface Slot {
  part: MultipartPart | undefined;
}

/** Cuts a body into parts and hands them out one at a time. */
class MultipartReader implements AsyncIterableIterator<MultipartPart>, BodySink {
  readonly #exchange: Exchange;
  readonly #limits: MultipartLimits;
  readonly #flow: BodyFlow;
  readonly #parser: Dicer;
  #slots: Slot[] = [];
  /** The file handed out last. */
  #current: MultipartFile | undefined;
  #counts = { parts: 0, fields: 0, files: 0 };
  /** Whether the part begun last has no header section yet. */
  #headless = false;
  #drained = true;
  #ended = false;
  #failure: Error | undefined;
  #wake: () => void = ignore;
  #last: Promise<unknown> = Promise.resolve();
  #undo: () => void = ignore;

  constructor(exchange: Exchange, limits: MultipartLimits, boundary: string) {
    this.#exchange = exchange;
    this.#limits = limits;
    this.#flow = new BodyFlow(exchange, limits.bodyLimitBytes, this);
    this.#parser = makeParser(boundary, limits);
    this.#parser.on('part', this.#begin);
    this.#parser.on('drain', () => {
      this.#drained = true;
      this.#pace();
    });
    this.#parser.on('finish', () => this.#finish());
    this.#parser.on('error', () => this.failed(malformedPart('it ends too early')));
  }

  start(): void {
    this.#undo = this.#exchange.lifetime.defer((reason) => {
      this.failed(cancelledBecause(reason === 'finished' ? 'parent' : reason));
    });
    this.#flow.start();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** The next part. Several calls at once are answered one behind the other. */
  next(): Promise<IteratorResult<MultipartPart, undefined>> {
    const next = this.#last.then(() => this.#next());
    this.#last = next.catch(ignore);
    return next;
  }

  /** Ends it: what is open is destroyed, and the rest of the body dropped. */
  return(): Promise<IteratorResult<MultipartPart, undefined>> {
    this.#close();
    this.#ended = true;
    this.#wake();
    return Promise.resolve({ done: true, value: undefined });
  }

  take(chunk: Buffer): void {
    if (this.#ended || this.#failure !== undefined) return;
    this.#drained = this.#parser.write(chunk);
    this.#pace();
  }

  end(): void {
    if (!this.#ended && this.#failure === undefined) this.#parser.end();
  }

  failed(error: Error): void {
    if (this.#failure !== undefined || (this.#ended && this.#current === undefined)) return;
    this.#failure = error;
    this.#close(error);
    this.#wake();
  }

  async #next(): Promise<IteratorResult<MultipartPart, undefined>> {
    await this.#passOver();
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure;
      const part = this.#slots[0]?.part;
      if (part !== undefined) {
        this.#slots.shift();
        this.#pace();
        if (part.type === 'file') this.#current = part;
        return { done: false, value: part };
      }
      if (this.#ended && this.#slots.length === 0) {
        this.#undo();
        return { done: true, value: undefined };
      }
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** A file that is being read is waited for; one that nobody reads is passed over, or nothing would go on. */
  async #passOver(): Promise<void> {
    const file = this.#current;
    if (file === undefined) return;
    if (!file.begun) file.destroy(httpErrors.MULTIPART_FILE_SKIPPED({ name: file.fieldname }));
    if (!file.readableEnded && !file.closed) {
      await new Promise<void>((resolve) => file.once('end', resolve).once('close', resolve));
    }
    this.#current = undefined;
  }

  readonly #begin = (part: Readable): void => {
    part.on('error', ignore);
    if (this.#ended || this.#failure !== undefined) {
      part.resume();
      return;
    }
    if (this.#headless) {
      this.failed(malformedPart('a part has no complete header section'));
      return;
    }
    this.#headless = true;
    part.once('header', (lines: PartLines) => {
      this.#headless = false;
      try {
        this.#open(readPartHead(lines, this.#limits), part);
      } catch (error) {
        this.failed(error as Error);
      }
    });
    this.#count('parts', this.#limits.maxParts);
  };

  #open(head: PartHead, part: Readable): void {
    if (this.#failure !== undefined) return;
    const slot: Slot = { part: undefined };
    this.#slots.push(slot);
    if (!head.isFile) {
      this.#count('fields', this.#limits.maxFields);
      this.#collect(head, part, slot);
    } else {
      this.#count('files', this.#limits.maxFiles);
      const { fileLimitBytes } = this.#limits;
      const { fieldname: name } = head;
      slot.part = new MultipartFile(head, part, fileLimitBytes, () => {
        this.failed(httpErrors.MULTIPART_FILE_TOO_LARGE({ name, limit: fileLimitBytes }));
      });
      if (this.#failure !== undefined) slot.part.destroy(this.#failure);
    }
    this.#wake();
  }

  #collect(head: PartHead, part: Readable, slot: Slot): void {
    const { fieldname, mimeType, charset } = head;
    const { fieldLimitBytes: limit } = this.#limits;
    const chunks: Buffer[] = [];
    let bytes = 0;
    part.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= limit) chunks.push(chunk);
      else this.failed(httpErrors.MULTIPART_FIELD_TOO_LARGE({ name: fieldname, limit }));
    });
    part.once('end', () => {
      if (this.#failure !== undefined) return;
      try {
        slot.part = { type: 'field', fieldname, value: decodeText('field', Buffer.concat(chunks), charset), mimeType };
        this.#wake();
      } catch (error) {
        this.failed(error as Error);
      }
    });
  }

  #count(what: 'parts' | 'fields' | 'files', limit: number): void {
    if (++this.#counts[what] > limit) this.failed(httpErrors.MULTIPART_TOO_MANY({ what, limit }));
  }

  #finish(): void {
    if (this.#headless) this.failed(malformedPart('a part has no complete header section'));
    this.#ended = true;
    this.#wake();
  }

  /** Reads on while the parser takes it and somebody asks. */
  #pace(): void {
    if (this.#drained && this.#slots.length <= MOST_WAITING) this.#flow.resume();
    else this.#flow.pause();
  }

  /** Lets go of everything. Files fail with `error`. */
  #close(error?: Error): void {
    this.#undo();
    this.#flow.cancel();
    this.#current?.destroy(error);
    for (const { part } of this.#slots) if (part?.type === 'file') part.destroy(error);
    this.#slots = [];
  }
}

function makeParser(boundary: string, { maxHeaderPairs, headerLimitBytes }: MultipartLimits): Dicer {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- most applications take no files
  const { Dicer: Parser } = require('@fastify/busboy') as typeof import('@fastify/busboy');
  // What is over the limit must not look like what is not: see `readPartHead`.
  const config = { boundary, maxHeaderPairs: maxHeaderPairs + 1, maxHeaderSize: headerLimitBytes * 2 };
  return new Parser(config);
}

function ignore(): void {
  // See where it is attached.
}
