import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { FrameworkError } from '../errors/framework-error';
import { nearNames } from '../errors/near-names';
import { viewErrors } from './errors';

/** What a member of an option may be. */
export interface Rule {
  readonly expected: string;
  readonly accepts: (value: unknown) => boolean;
}

export const flag: Rule = { expected: 'true or false', accepts: (value) => typeof value === 'boolean' };
export const folder: Rule = {
  expected: 'the path of a folder',
  accepts: (value) => typeof value === 'string' && value !== '' && !value.includes('\0'),
};

type Members = Readonly<Record<string, unknown>>;

/** Everything that is wrong with one folder among the options. In: its name there, e.g. `static[1]`; what its members may be. */
export function checkFolder(name: string, value: unknown, rules: Readonly<Record<string, Rule>>): FrameworkError[] {
  if (typeof value === 'string') return checkRoot(name, value);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return [
      viewErrors.FOLDER_OPTION_INVALID({
        name,
        expected: 'the path of a folder, or an object with its root',
        got: describe(value),
      }),
    ];
  }
  const members = { root: undefined, ...value } as Members;
  return Object.entries(members).flatMap(([member, given]) => checkMember(`${name}.${member}`, member, given, rules));
}

function checkMember(name: string, member: string, given: unknown, rules: Readonly<Record<string, Rule>>): FrameworkError[] {
  if (member === 'root') {
    return folder.accepts(given) ? checkRoot(name, given as string) : [invalid(name, folder.expected, given)];
  }
  if (given === undefined) return [];
  if (!Object.hasOwn(rules, member)) {
    const known = ['root', ...Object.keys(rules)];
    const [near] = nearNames(member, known);
    return [invalid(name, near === undefined ? `one of ${known.join(', ')}` : `nothing; did you mean ${near}?`, given)];
  }
  const { expected, accepts } = rules[member];
  return accepts(given) ? [] : [invalid(name, expected, given)];
}

function invalid(name: string, expected: string, got: unknown): FrameworkError {
  return viewErrors.FOLDER_OPTION_INVALID({ name, expected, got: describe(got) });
}

function checkRoot(name: string, path: string): FrameworkError[] {
  if (!folder.accepts(path)) return [invalid(name, folder.expected, path)];
  const problem = problemOf(path);
  return problem === undefined ? [] : [viewErrors.FOLDER_MISSING({ name, folder: path, problem, from: process.cwd() })];
}

function problemOf(path: string): string | undefined {
  try {
    return statSync(resolve(path)).isDirectory() ? undefined : 'is no folder';
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' ? 'does not exist' : `cannot be read (${code ?? 'unknown'})`;
  }
}

function describe(value: unknown): string {
  if (typeof value === 'string') return value.length > 60 ? 'a long string' : `"${value}"`;
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'an array' : 'an object';
  return typeof value === 'function' ? 'a function' : String(value);
}

/** Whether what is on the disk is looked at again each time: everywhere but in production. */
export function watchesByDefault(): boolean {
  return process.env.NODE_ENV !== 'production';
}
