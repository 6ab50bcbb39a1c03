import type { UserLogger } from 'rockstar-web';

/** One line of a log. */
export interface Line {
  readonly level: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** A logger that keeps what it is told, as a user's own would. */
export function keepLines(): { readonly logger: UserLogger; readonly lines: Line[] } {
  const lines: Line[] = [];
  const at =
    (level: string) =>
    (message: string, fields: Line['fields'] = {}): void =>
      void lines.push({ level, message, fields });
  return { logger: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }, lines };
}

/** The lines from a level on, in the order they were written. */
export function told(lines: readonly Line[], ...levels: readonly string[]): string[] {
  return lines.filter(({ level }) => levels.includes(level)).map(({ message }) => message);
}
