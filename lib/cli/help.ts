import type { CommandDefinition, OptionDefinition } from './command';
import { COMMANDS } from './command-table';

const GUTTER = 2;

function inColumns(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([left]) => left.length)) + GUTTER;
  return rows.map(([left, right]) => `  ${left.padEnd(width)}${right}`).join('\n');
}

/** What `rockstar --help` says. */
export function helpOfAll(): string {
  return [
    'Usage: rockstar <command> [arguments] [options]',
    '',
    'Commands:',
    inColumns(COMMANDS.map((command) => [command.name, command.summary])),
    '',
    'Options:',
    inColumns([
      ['-h, --help', 'of the command line, or of a command'],
      ['-v, --version', 'of rockstar-web'],
    ]),
    '',
    'Exit codes: 0 done, 1 failed, 2 wrong usage.',
  ].join('\n');
}

/** What `rockstar <command> --help` says. */
export function helpOf(command: CommandDefinition): string {
  const options: OptionDefinition[] = [...command.options, { name: 'help', short: 'h', text: 'this text' }];
  return [
    `Usage: ${usageOf(command)}`,
    '',
    `${command.summary}.`,
    ...(command.details ?? []),
    ...(command.arguments.length === 0
      ? []
      : ['', 'Arguments:', inColumns(command.arguments.map(({ name, text }) => [name, text]))]),
    '',
    'Options:',
    inColumns(options.map((option) => [formOf(option), textOf(option)])),
    ...(command.short === undefined ? [] : ['', `Also: rockstar ${command.short}`]),
  ].join('\n');
}

function usageOf({ name, arguments: words, options }: CommandDefinition): string {
  const shown = options.map(({ name: option, value }) => `[--${option}${value === undefined ? '' : ` <${value}>`}]`);
  return ['rockstar', name, ...words.map((word) => `[${word.name}]`), ...shown].join(' ');
}

function formOf({ name, short, value }: OptionDefinition): string {
  return `${short === undefined ? '    ' : `-${short}, `}--${name}${value === undefined ? '' : ` <${value}>`}`;
}

function textOf({ text, choices }: OptionDefinition): string {
  return choices === undefined ? text : `${choices.join(', ')}: ${text}`;
}
