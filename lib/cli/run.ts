import { isFrameworkError } from '../errors/framework-error';
import type { CommandDefinition } from './command';
import { COMMANDS } from './command-table';
import { didYouMean } from './did-you-mean';
import { usageErrors } from './errors';
import { helpOf, helpOfAll } from './help';
import { packageVersion } from './package-folder';
import { parseInput } from './parse-input';
import { say, tell, type Terminal } from './terminal';

export const DONE = 0;
export const FAILED = 1;
export const WRONG_USAGE = 2;

/** What a shell says of a program that was ended by SIGINT. */
const INTERRUPTED = 130;

/** Does what a command line says. Out: the exit code; it never rejects. */
export async function run(args: readonly string[], terminal: Terminal): Promise<number> {
  try {
    return await dispatch(args, terminal);
  } catch (error) {
    tell(terminal, explain(error));
    return exitCodeOf(error);
  }
}

async function dispatch([name, ...args]: readonly string[], terminal: Terminal): Promise<number> {
  if (name === undefined) {
    tell(terminal, helpOfAll());
    return WRONG_USAGE;
  }
  if (name === '--help' || name === '-h') return answer(terminal, helpOfAll());
  if (name === '--version' || name === '-v') return answer(terminal, packageVersion());
  if (name === 'help') return answer(terminal, args[0] === undefined ? helpOfAll() : helpOf(commandOf(args[0])));
  const command = commandOf(name);
  if (asksForHelp(args)) return answer(terminal, helpOf(command));
  const input = parseInput(command, args);
  return command.load()(input, terminal);
}

function answer(terminal: Terminal, text: string): number {
  say(terminal, text);
  return DONE;
}

function asksForHelp(args: readonly string[]): boolean {
  const end = args.indexOf('--');
  return (end === -1 ? args : args.slice(0, end)).some((arg) => arg === '--help' || arg === '-h');
}

/** Finds a command by its name or its short one. Fails with: USAGE_COMMAND_UNKNOWN, USAGE_OPTION_UNKNOWN. */
export function commandOf(name: string): CommandDefinition {
  const found = COMMANDS.find((command) => command.name === name || command.short === name);
  if (found !== undefined) return found;
  const wayOut = didYouMean(name, name.startsWith('-') ? ['--help', '--version'] : COMMANDS.map((command) => command.name));
  if (name.startsWith('-')) throw usageErrors.USAGE_OPTION_UNKNOWN({ command: 'rockstar', option: name, wayOut });
  throw usageErrors.USAGE_COMMAND_UNKNOWN({ name, wayOut });
}

function exitCodeOf(error: unknown): number {
  if (!isFrameworkError(error)) return FAILED;
  if (error.code === 'CLI_INTERRUPTED') return INTERRUPTED;
  return error.code.startsWith('USAGE_') ? WRONG_USAGE : FAILED;
}

/** A failure that has a code explains itself; anything else is a mistake of this program's or the machine's, with its stack. */
function explain(error: unknown): string {
  if (!isFrameworkError(error)) return error instanceof Error ? (error.stack ?? error.message) : String(error);
  const { cause } = error;
  const help = error.code.startsWith('USAGE_') ? '\nrockstar --help says how it is used.' : '';
  return cause instanceof Error ? `${error.message}\nCaused by: ${cause.stack ?? cause.message}` : `${error.message}${help}`;
}
