import { Readable } from 'node:stream';
import type { PartHead } from './multipart-head';

/** A field of a multipart body that is no file. */
export interface MultipartField {
  readonly type: 'field';
  readonly fieldname: string;
  readonly value: string;
  /** Lower case, without parameters; `text/plain` when the client did not say. */
  readonly mimeType: string;
}

/**
 * A file of a multipart body, as it comes: read it before asking for the next part, at whatever pace.
 *
 * Fails with: what the body fails with (MULTIPART_FILE_TOO_LARGE, BODY_TOO_LARGE, BODY_MALFORMED, BODY_INCOMPLETE, …), a
 * `CancelledError` when the request ends first, MULTIPART_FILE_SKIPPED when the next part was asked for before.
 */
export class MultipartFile extends Readable {
  readonly type = 'file';
  readonly fieldname: string;
  /**
   * What the client calls it: the last segment of a path, without control characters, at most 255 characters; empty when
   * it is called nothing (a form's file input that was left empty is sent so). Do not take it for a path of yours.
   */
  readonly filename: string;
  /** What the client says it is, in lower case, without parameters; `application/octet-stream` when it says nothing. */
  readonly mimeType: string;
  /** How much has come so far. */
  bytesRead = 0;
  readonly #part: Readable;
  readonly #limitBytes: number;

  /** @internal */
  constructor(head: PartHead, part: Readable, limitBytes: number, exceeded: () => void) {
    super();
    this.fieldname = head.fieldname;
    this.filename = head.filename;
    this.mimeType = head.mimeType;
    this.#part = part;
    this.#limitBytes = limitBytes;
    // Whoever reads it hears of its failure; that nobody does is no failure of the process.
    this.on('error', ignore);
    part.on('end', () => this.push(null));
    part.on('data', (chunk: Buffer) => {
      this.bytesRead += chunk.length;
      if (this.bytesRead > this.#limitBytes) exceeded();
      else if (!this.destroyed && !this.push(chunk)) part.pause();
    });
    part.pause();
  }

  /** Whether somebody began to read it. */
  get begun(): boolean {
    return this.readableFlowing !== null || this.readableDidRead || this.listenerCount('readable') > 0;
  }

  override _read(): void {
    this.#part.resume();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    // The parser goes on behind it.
    this.#part.resume();
    done(error);
  }
}

/** A part of a multipart body: tell them apart by `type`. */
export type MultipartPart = MultipartField | MultipartFile;

function ignore(): void {
  // See where it is attached.
}
