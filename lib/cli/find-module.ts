import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve, sep } from 'node:path';
import { type Compiler, loadCompiler, type ModuleClass, modulesIn, servedIn } from './compiler';
import { cliErrors } from './errors';
import type { PlannedFiles } from './generated-files';
import { type Project, shown } from './project';

/**
 * Finds the module that something new belongs to: the one that is named (by its file or its class), else the one in
 * the nearest folder; of several there, the one that the program serves.
 *
 * Fails with: CLI_MODULE_MISSING, CLI_MODULE_AMBIGUOUS, CLI_TOOL_MISSING.
 */
export function findModule(project: Project, planned: PlannedFiles, named: string | undefined, cwd: string): ModuleClass {
  const compiler = loadCompiler(project);
  const all = readModules(project, compiler);
  const found = named === undefined ? nearest(project, planned, all) : all.filter((it) => isNamed(it, named, project, cwd));
  const [first, ...rivals] = found;
  if (first === undefined) throw cliErrors.CLI_MODULE_MISSING({ folder: named ?? project.sourceRoot });
  if (rivals.length === 0) return first;
  const served = servedBy(project, compiler);
  const root = found.filter(({ name }) => served.includes(name));
  if (root.length === 1 && root[0] !== undefined) return root[0];
  const list = found.map((it) => `  ${it.name} in ${shown(project.root, it.file)}`).join('\n');
  throw cliErrors.CLI_MODULE_AMBIGUOUS({ what: planned.className, list });
}

function readModules(project: Project, compiler: Compiler): ModuleClass[] {
  const folder = join(project.root, project.sourceRoot);
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /(?<!\.d|\.test)\.ts$/.test(entry.name))
    .flatMap((entry) => {
      const file = join(entry.parentPath, entry.name);
      const text = readFileSync(file, 'utf8');
      return /@(Module|Plugin)\b/.test(text) ? modulesIn(compiler, file, text) : [];
    });
}

function nearest(project: Project, { source }: PlannedFiles, all: readonly ModuleClass[]): readonly ModuleClass[] {
  const top = join(project.root, project.sourceRoot);
  for (let folder = dirname(join(project.root, source.path)); ; folder = dirname(folder)) {
    const here = all.filter(({ file }) => dirname(file) === folder);
    if (here.length > 0) return here;
    if (folder === top || !folder.startsWith(top + sep)) return [];
  }
}

function isNamed({ file, name }: ModuleClass, named: string, { root, sourceRoot }: Project, cwd: string): boolean {
  if (name === named) return true;
  const paths = [resolve(cwd, named), resolve(root, named), resolve(root, sourceRoot, named)];
  return paths.some((path) => file === path || file === `${path}.ts`);
}

function servedBy(project: Project, compiler: Compiler): string[] {
  const file = join(project.root, project.entry);
  return existsSync(file) ? servedIn(compiler, file, readFileSync(file, 'utf8')) : [];
}
