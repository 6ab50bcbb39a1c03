import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { changedLines } from './changed-lines';
import type { Input, Run } from './command';
import { didYouMean } from './did-you-mean';
import { cliErrors, usageErrors } from './errors';
import { generatePackage } from './generate-package';
import { type Kind, KINDS, planFiles, type PlannedFiles } from './generated-files';
import { findModule } from './find-module';
import { findProject, type Project, shown } from './project';
import { Questions } from './questions';
import { registerInModule } from './register-in-module';
import { say, tell, type Terminal } from './terminal';
import { type FileToWrite, writeFiles } from './write-files';

/** `rockstar generate` */
export const run: Run = async (input, terminal) => {
  const { kind, name } = await settle(input, terminal);
  if (input.flag('package')) return generatePackage(kind, name, input, terminal);
  const project = findProject(terminal.cwd);
  const planned = planFiles(kind, name, project.sourceRoot);
  const files = input.flag('no-test') ? [planned.source] : [planned.source, planned.test];
  for (const { path } of files) {
    if (existsSync(join(project.root, path))) throw cliErrors.CLI_FILE_TAKEN({ file: path });
  }
  const changes = input.flag('no-register') ? [] : [register(project, planned, input.value('module'), terminal)];
  const isDryRun = input.flag('dry-run');
  const made = files.map(({ path, text }) => ({ file: join(project.root, path), text }));
  if (!isDryRun) writeFiles([...made, ...changes]);
  for (const { path } of files) say(terminal, `create ${path}`);
  for (const { file, before, text } of changes) {
    say(terminal, `update ${shown(project.root, file)}\n${changedLines(before, text)}`);
  }
  if (isDryRun) tell(terminal, 'Nothing was written (--dry-run).');
  return 0;
};

interface Wanted {
  readonly kind: Kind;
  readonly name: string;
}

async function settle(input: Input, terminal: Terminal): Promise<Wanted> {
  const [kind, name] = input.arguments;
  const known = kind === undefined ? undefined : checkKind(kind);
  if (known !== undefined && name !== undefined) return { kind: known, name };
  if (!terminal.isInteractive) {
    throw known === undefined
      ? usageErrors.USAGE_ARGUMENT_MISSING({ what: 'What is to be made?', argument: KINDS.join(', ') })
      : usageErrors.USAGE_ARGUMENT_MISSING({ what: `What is the ${known} to be called?`, argument: '<name>' });
  }
  const questions = new Questions(terminal);
  try {
    const chosen =
      known ??
      (await questions.choose(
        'What is to be made',
        KINDS.map((one) => ({ name: one, text: '' })),
      ));
    return { kind: checkKind(chosen), name: name ?? (await questions.ask(`What is the ${chosen} called`, '')) };
  } finally {
    questions.close();
  }
}

function checkKind(kind: string): Kind {
  const known = KINDS.find((one) => one === kind);
  if (known === undefined) throw usageErrors.USAGE_KIND_UNKNOWN({ kind, wayOut: didYouMean(kind, KINDS) });
  return known;
}

/** The file of a module as it is to be. */
function register(project: Project, planned: PlannedFiles, named: string | undefined, terminal: Terminal): Required<FileToWrite> {
  const module = findModule(project, planned, named, terminal.cwd);
  return { file: module.file, before: module.source.text, text: registerInModule(project, module, planned) };
}
