import type { Stats } from 'node:fs';

/** One form in which a file can be sent: as it is, or compressed beforehand. */
export class Representation {
  /** Where it is read from; links are resolved. */
  readonly file: string;
  /** `br` or `gzip`; empty: as it is. */
  readonly coding: string;
  readonly type: string;
  readonly bytes: number;
  readonly modifiedMs: number;
  readonly inode: number;
  /** Strong (RFC 9110 §8.8.1), as far as size and time of change tell. */
  readonly etag: string;
  /** What was read of it, if it is small enough to be kept. */
  contents: Buffer | undefined;

  constructor(file: string, coding: string, type: string, { size, mtimeMs, ino }: Stats) {
    this.file = file;
    this.coding = coding;
    this.type = type;
    this.bytes = size;
    this.modifiedMs = mtimeMs;
    this.inode = ino;
    const made = `${size.toString(16)}-${Math.trunc(mtimeMs * 1_000).toString(16)}`;
    this.etag = coding === '' ? `"${made}"` : `"${made}-${coding}"`;
    this.contents = undefined;
  }

  isSame(other: Representation): boolean {
    return this.etag === other.etag && this.inode === other.inode && this.file === other.file;
  }

  /** Whether it is still what these say. */
  matches({ size, mtimeMs, ino }: Stats): boolean {
    return this.bytes === size && this.modifiedMs === mtimeMs && this.inode === ino;
  }
}

/** A form of a file with everything its answer's head says. Names and values, one behind the other. */
export class Sendable {
  /** What 200, 206 and 304 say. */
  readonly fields: readonly string[];
  /** What only an answer with the contents says besides. */
  readonly contentFields: readonly string[];

  constructor(
    readonly form: Representation,
    cacheControl: string,
    varies: boolean,
  ) {
    const modified = new Date(form.modifiedMs).toUTCString();
    const fields = ['etag', form.etag, 'last-modified', modified, 'cache-control', cacheControl];
    this.fields = varies ? [...fields, 'vary', 'accept-encoding'] : fields;
    this.contentFields = ['accept-ranges', 'bytes', ...(form.coding === '' ? [] : ['content-encoding', form.coding])];
  }
}

const YEAR_SECONDS = 31_536_000;

/** What is known of a file before anybody asks for it. */
export class StaticFile {
  /** Its path in a URL, decoded, e.g. `/static/app.css`. */
  readonly path: string;
  /** Its content type. */
  readonly type: string;
  /** How long it is, in bytes, as it is. */
  readonly bytes: number;
  readonly etag: string;
  /** Whether a client may use it again without asking. */
  readonly cacheable: boolean;
  /** As it is. */
  readonly plain: Sendable;
  /** Compressed beforehand, the best first. */
  readonly coded: readonly (Sendable & { readonly coding: string })[];
  /** When the disk was last asked about it, by the application's clock. */
  checkedMs: number;

  constructor(
    path: string,
    forms: readonly [Representation, ...Representation[]],
    caching: { readonly maxAgeMs: number; readonly immutable: boolean },
    checkedMs: number,
  ) {
    const [plain, ...coded] = forms;
    const cacheControl = caching.immutable
      ? `public, max-age=${YEAR_SECONDS}, immutable`
      : `public, max-age=${Math.floor(caching.maxAgeMs / 1_000)}`;
    const varies = coded.length > 0;
    this.path = path;
    this.type = plain.type;
    this.bytes = plain.bytes;
    this.etag = plain.etag;
    this.cacheable = caching.immutable || caching.maxAgeMs >= 1_000;
    this.plain = new Sendable(plain, cacheControl, varies);
    this.coded = coded.map((form) => Object.assign(new Sendable(form, cacheControl, varies), { coding: form.coding }));
    this.checkedMs = checkedMs;
  }

  /** Every form of it. */
  get forms(): readonly Representation[] {
    return [this.plain, ...this.coded].map(({ form }) => form);
  }

  isSame(other: StaticFile): boolean {
    const others = other.forms;
    return this.forms.length === others.length && this.forms.every((form, at) => form.isSame(others[at]));
  }
}
