import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Run } from './command';
import { cliErrors, usageErrors } from './errors';
import { findProject, type Project, resolveLoader } from './project';
import { runProgram } from './run-program';
import { runWatched } from './run-watched';

/** `rockstar start` */
export const run: Run = async (input, terminal) => {
  const project = findProject(terminal.cwd);
  const entry = join(project.root, project.entry);
  if (!existsSync(entry)) throw cliErrors.CLI_ENTRY_MISSING({ file: entry });
  const port = readPort(input.value('port'));
  const args = [...compilerOf(project), entry, ...input.rest];
  const env: Record<string, string> = port === undefined ? {} : { PORT: port };
  const place = { cwd: project.root, env };
  if (!input.flag('watch')) return runProgram(args, place, terminal);
  return runWatched(args, { ...place, sources: join(project.root, project.sourceRoot) }, terminal);
};

/** A port as the environment has it. Fails with: USAGE_OPTION_INVALID. */
export function readPort(port: string | undefined): string | undefined {
  if (port === undefined || (/^\d{1,5}$/.test(port) && Number(port) <= 65_535)) return port;
  throw usageErrors.USAGE_OPTION_INVALID({ option: '--port', expected: 'a number from 0 to 65535', got: `"${port}"` });
}

function compilerOf(project: Project): string[] {
  if (/\.[cm]?js$/.test(project.entry)) return [];
  return ['--require', resolveLoader(project, 'ts-node/register/transpile-only')];
}
