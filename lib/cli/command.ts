import type { Terminal } from './terminal';

/** An option of a command: `--name`, or `--name <value>`. */
export interface OptionDefinition {
  readonly name: string;
  readonly short?: string;
  /** What the value is called in the help; none for a flag. */
  readonly value?: string;
  /** The only values it takes. */
  readonly choices?: readonly string[];
  readonly text: string;
}

/** What stands behind the command without a name. */
export interface ArgumentDefinition {
  readonly name: string;
  readonly text: string;
}

/** What was typed, taken apart. Whether something is missing is the command's to say, as it may ask. */
export interface Input {
  readonly command: CommandDefinition;
  readonly arguments: readonly string[];
  /** Whether a flag is set. */
  flag(name: string): boolean;
  /** The value of an option. */
  value(name: string): string | undefined;
  /** What stands behind `--`. */
  readonly rest: readonly string[];
}

/** Does the work. Out: the exit code. Fails with what it cannot do. */
export type Run = (input: Input, terminal: Terminal) => Promise<number>;

/** A command as its help shows it; the code is loaded when it is called. */
export interface CommandDefinition {
  readonly name: string;
  readonly short?: string;
  readonly summary: string;
  readonly details?: readonly string[];
  readonly arguments: readonly ArgumentDefinition[];
  readonly options: readonly OptionDefinition[];
  /** Whether it works on an application, and so is done by the copy of the package that the application uses. */
  readonly inApp: boolean;
  readonly load: () => Run;
}
