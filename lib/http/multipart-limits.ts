/** What a multipart body may use up. Sizes in bytes. */
export interface MultipartOptions {
  /** The whole body, parts and what stands between them (413). Default: the application's `bodyLimitBytes`. */
  readonly bodyLimitBytes?: number;
  /** One file (413). Default: whatever fits into the body. */
  readonly fileLimitBytes?: number;
  /** The value of one field (413). Default 1 MiB. */
  readonly fieldLimitBytes?: number;
  /** Files (413). Default 100. */
  readonly maxFiles?: number;
  /** Fields (413). Default 1,000. */
  readonly maxFields?: number;
  /** Files and fields together (413). Default 1,000. */
  readonly maxParts?: number;
  /** Header lines of one part (413). Default 32. */
  readonly maxHeaderPairs?: number;
  /** The header section of one part (413). Default 8 KiB. */
  readonly headerLimitBytes?: number;
}

export type MultipartLimits = Required<MultipartOptions>;

const DEFAULTS = {
  fileLimitBytes: Number.MAX_SAFE_INTEGER,
  fieldLimitBytes: 1024 * 1024,
  maxFiles: 100,
  maxFields: 1_000,
  maxParts: 1_000,
  maxHeaderPairs: 32,
  headerLimitBytes: 8 * 1024,
};

/** The limits that hold: those nearest to the use first. */
export function multipartLimits(
  bodyLimitBytes: number,
  application: MultipartOptions | undefined,
  own: MultipartOptions | undefined,
): MultipartLimits {
  return { bodyLimitBytes, ...DEFAULTS, ...given(application), ...given(own) };
}

function given(options: MultipartOptions = {}): MultipartOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

/** Why these are no such options; `undefined`: they are. */
export function whyNoMultipartOptions(options: unknown): string | undefined {
  if (typeof options !== 'object' || options === null) return 'it is no object';
  for (const [name, value] of Object.entries(options)) {
    if (name !== 'bodyLimitBytes' && !Object.hasOwn(DEFAULTS, name)) return `${name} is not known`;
    if (value !== undefined && !(Number.isInteger(value) && Number(value) >= 0)) return `${name} is no whole number`;
  }
  return undefined;
}
