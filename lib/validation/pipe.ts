/** Where the value that a pipe gets comes from. */
export interface ArgumentMetadata {
  readonly source: 'param' | 'query' | 'body' | 'headers' | 'cookies' | 'message' | 'custom';
  /** The name it was asked for by; undefined for the whole (`@Query() query`). */
  readonly name?: string;
  /** The declared type, as TypeScript emitted it. */
  readonly type?: unknown;
}

/** What a pipe takes, for those who describe a route. */
export interface PipeInput {
  /** JSON Schema (2020-12) of one value, e.g. `{ type: 'integer' }`. */
  readonly schema?: Readonly<Record<string, unknown>>;
  /** A list of values of this declared type, or of this class. */
  readonly items?: unknown;
  /** What stands between the items of a list in one text. */
  readonly separator?: string;
  /** Whether nothing is taken, too. */
  readonly isOptional?: boolean;
  /** What stands in for nothing. */
  readonly defaultValue?: unknown;
}

/** Turns one argument into another, or refuses it by throwing. */
export interface PipeTransform<In = unknown, Out = unknown> {
  transform(value: In, metadata: ArgumentMetadata): Out | Promise<Out>;
  /** What it takes, for documents; without it the declared type of the parameter says so. */
  describeInput?(): PipeInput;
}

/** What the parsing pipes share. */
export interface PipeOptions {
  /** Nothing (undefined or null) goes through as it is. Default: false, nothing is refused. */
  readonly optional?: boolean;
}
