const FRAMEWORK_ERROR = Symbol.for('rockstar-web.error');

/** One faulty property of an input. `path` is dotted (`address.city`, `tags.0`), empty for the whole. */
export interface InputIssue {
  readonly path: string;
  readonly message: string;
  readonly code?: string;
}

/** What an error carries besides its message. */
export interface FrameworkErrorOptions {
  /** Sent to the client as `detail`; must be safe to show. */
  readonly detail?: string;
  /** Response headers, e.g. `Retry-After`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** One entry per faulty property. */
  readonly errors?: readonly InputIssue[];
  /** More members of the body that is sent (RFC 9457 §3.2), e.g. `state`; they must be safe to show, and replace none of the usual. */
  readonly members?: Readonly<Record<string, unknown>>;
  /** What went wrong underneath: logged, never sent. */
  readonly cause?: unknown;
}

/**
 * A failure with a stable code, told apart by `code` and never by `instanceof`
 * (two copies of this package may be loaded in one process).
 *
 * `status` is the HTTP status a client meets, `undefined` for mistakes only a developer meets.
 */
export class FrameworkError extends Error {
  readonly code: string;
  readonly status: number | undefined;
  readonly detail: string | undefined;
  readonly headers: Readonly<Record<string, string>> | undefined;
  readonly errors: readonly InputIssue[] | undefined;
  readonly members: Readonly<Record<string, unknown>> | undefined;

  constructor(code: string, message: string, status: number | undefined, options: FrameworkErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.status = status;
    this.detail = options.detail;
    this.headers = options.headers;
    this.errors = options.errors;
    this.members = options.members;
  }
}

// On the prototype: defining it on each error costs a third of making one.
Object.defineProperty(FrameworkError.prototype, FRAMEWORK_ERROR, { value: true });

/** Whether `error` is a failure of this framework's making, whichever copy of the package made it. */
export function isFrameworkError(error: unknown): error is FrameworkError {
  return typeof error === 'object' && error !== null && FRAMEWORK_ERROR in error;
}

/** Runs `make` without collecting a stack: a trace costs microseconds and says nothing about a client's mistake. */
export function withoutStack<T>(make: () => T): T {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  try {
    return make();
  } finally {
    Error.stackTraceLimit = limit;
  }
}
