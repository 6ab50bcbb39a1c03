import { parseArgs } from 'node:util';
import type { CommandDefinition, Input, OptionDefinition } from './command';
import { usageErrors } from './errors';
import { didYouMean } from './did-you-mean';

/**
 * Takes apart what stands behind the name of a command.
 *
 * Fails with: USAGE_OPTION_UNKNOWN, USAGE_OPTION_INVALID, USAGE_ARGUMENT_SURPLUS.
 */
export function parseInput(command: CommandDefinition, args: readonly string[]): Input {
  const { own, rest } = splitAtDashes(args);
  const { tokens } = parseArgs({
    args: [...own],
    options: Object.fromEntries(command.options.map(({ name, short, value }) => [name, shapeOf(short, value)])),
    strict: false,
    tokens: true,
    allowPositionals: true,
  });
  const values = new Map<string, string | true>();
  const words: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') words.push(token.value);
    else if (token.kind === 'option') {
      const option = command.options.find(({ name }) => name === token.name);
      if (option === undefined) throw unknownOption(command, token.rawName);
      values.set(option.name, checkValue(option, token.value));
    }
  }
  if (words.length > command.arguments.length) throw surplus(command, words);
  const value = (name: string): string | undefined => {
    const given = values.get(name);
    return given === true ? undefined : given;
  };
  return { command, arguments: words, rest, flag: (name) => values.get(name) === true, value };
}

function shapeOf(short: string | undefined, value: string | undefined) {
  return { type: value === undefined ? ('boolean' as const) : ('string' as const), ...(short === undefined ? {} : { short }) };
}

function splitAtDashes(args: readonly string[]): { own: readonly string[]; rest: readonly string[] } {
  const at = args.indexOf('--');
  return at === -1 ? { own: args, rest: [] } : { own: args.slice(0, at), rest: args.slice(at + 1) };
}

function checkValue({ name, value, choices }: OptionDefinition, given: string | undefined): string | true {
  const option = `--${name}`;
  if (value === undefined) {
    if (given === undefined) return true;
    throw usageErrors.USAGE_OPTION_INVALID({ option, expected: 'no value', got: `"${given}"` });
  }
  const expected = choices === undefined ? `a ${value}` : choices.join(', ');
  if (given === undefined || given === '' || given.startsWith('-')) {
    throw usageErrors.USAGE_OPTION_INVALID({ option, expected, got: given === undefined ? 'nothing' : `"${given}"` });
  }
  if (choices !== undefined && !choices.includes(given)) {
    throw usageErrors.USAGE_OPTION_INVALID({ option, expected, got: `"${given}"` });
  }
  return given;
}

function unknownOption({ name, options }: CommandDefinition, option: string): Error {
  const known = [...options.map((one) => `--${one.name}`), '--help'];
  return usageErrors.USAGE_OPTION_UNKNOWN({ command: `rockstar ${name}`, option, wayOut: didYouMean(option, known) });
}

function surplus({ name, arguments: known }: CommandDefinition, words: readonly string[]): Error {
  const expected = known.length === 0 ? 'no arguments' : known.map((word) => `<${word.name}>`).join(' ');
  const got = words
    .slice(known.length)
    .map((word) => `"${word}"`)
    .join(', ');
  return usageErrors.USAGE_ARGUMENT_SURPLUS({ command: `rockstar ${name}`, expected, got });
}
