import { cpSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import type { Run } from './command';
import { cliErrors } from './errors';
import { findProject, type Project, resolveTool } from './project';
import { runProgram } from './run-program';
import { tell, type Terminal } from './terminal';

const OUT = 'dist';

/** `rockstar build` */
export const run: Run = async (_input, terminal) => {
  const project = findProject(terminal.cwd);
  const compiler = compilerOf(project);
  const out = join(project.root, OUT);
  rmSync(out, { recursive: true, force: true });
  const exitCode = await runProgram([compiler, ...settingsOf(project)], { cwd: project.root }, terminal);
  if (exitCode !== 0) throw cliErrors.CLI_BUILD_FAILED({ exitCode });
  const copied = copyBeside(join(project.root, project.sourceRoot), out);
  report(terminal, project, copied);
  return 0;
};

function compilerOf(project: Project): string {
  return join(dirname(resolveTool(project, 'typescript/package.json')), 'bin', 'tsc');
}

function settingsOf({ root, sourceRoot }: Project): string[] {
  if (existsSync(join(root, 'tsconfig.build.json'))) return ['-p', 'tsconfig.build.json'];
  return ['-p', 'tsconfig.json', '--noEmit', 'false', '--rootDir', sourceRoot, '--outDir', OUT];
}

/** Copies what is no TypeScript: views, static files, data. Out: how many files. */
function copyBeside(from: string, to: string): number {
  const files = readdirSync(from, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !/\.[cm]?tsx?$/.test(entry.name))
    .map((entry) => relative(from, join(entry.parentPath, entry.name)));
  for (const file of files) cpSync(join(from, file), join(to, file));
  return files.length;
}

function report(terminal: Terminal, { entry, sourceRoot }: Project, copied: number): void {
  const main = relative(sourceRoot, entry).replace(/\.([cm]?)ts$/, '.$1js');
  const beside = copied === 0 ? '' : `, with ${copied} file${copied === 1 ? '' : 's'} that lay beside the sources`;
  tell(terminal, `Built to ${OUT}/${beside}. node ${OUT}/${main} starts it.`);
}
