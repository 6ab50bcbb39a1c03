/** Where the value that a pipe gets comes from. */
export interface ArgumentMetadata {
  readonly source: 'param' | 'query' | 'body' | 'headers' | 'cookies' | 'custom';
  /** The name it was asked for by; undefined for the whole (`@Query() query`). */
  readonly name?: string;
  /** The declared type, as TypeScript emitted it. */
  readonly type?: unknown;
}

/** Turns one argument into another, or refuses it by throwing. */
export interface PipeTransform<In = unknown, Out = unknown> {
  transform(value: In, metadata: ArgumentMetadata): Out | Promise<Out>;
}

/** What the parsing pipes share. */
export interface PipeOptions {
  /** Nothing (undefined or null) goes through as it is. Default: false, nothing is refused. */
  readonly optional?: boolean;
}
