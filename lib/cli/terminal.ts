/** Where a command reads and writes; tests bring their own. */
export interface Terminal {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly input: NodeJS.ReadableStream;
  readonly output: NodeJS.WritableStream;
  readonly errors: NodeJS.WritableStream;
  /** Whether there is somebody to ask. */
  readonly isInteractive: boolean;
  /** Aborted when whoever started the command wants it to end. */
  readonly signal: AbortSignal;
}

/** Writes a result, a line or several. */
export function say({ output }: Terminal, text: string): void {
  output.write(`${text}\n`);
}

/** Writes what is beside the result: progress, advice, what went wrong. */
export function tell({ errors }: Terminal, text: string): void {
  errors.write(`${text}\n`);
}

/** A value as JSON, for programs. */
export function sayJson(terminal: Terminal, value: unknown): void {
  say(terminal, JSON.stringify(value, undefined, 2));
}

/** Rows below each other in columns as wide as they must be; a column that is empty in all rows is left out. */
export function toTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const used = head.flatMap((_, at) => (rows.some((row) => (row[at] ?? '') !== '') ? [at] : []));
  const widths = used.map((at) => Math.max(...[head, ...rows].map((row) => (row[at] ?? '').length)));
  const line = (row: readonly string[]): string =>
    used
      .map((at, column) => (row[at] ?? '').padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  return [head, ...rows].map(line).join('\n');
}
