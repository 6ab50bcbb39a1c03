import { basename, relative, resolve } from 'node:path';
import { checkAppName } from './app-name';
import { dependenciesOf, writeApp } from './app-files';
import type { Input, Run } from './command';
import { cliErrors, usageErrors } from './errors';
import { provideFramework } from './framework-source';
import { guessPackageManager, installPackages, type PackageManager } from './install-packages';
import { Questions } from './questions';
import { findSample, readSamples, type Sample } from './sample-list';
import { refuseTaken, stageFolder } from './staged-folder';
import { say, tell, type Terminal } from './terminal';

/** What an application is made by. */
interface Wishes {
  readonly target: string;
  readonly sample: Sample;
  readonly manager: PackageManager;
}

/** `rockstar new` */
export const run: Run = async (input, terminal) => {
  const { target, sample, manager } = await settleWishes(input, terminal);
  const name = basename(target);
  const stage = stageFolder(target);
  try {
    const framework = await provideFramework(stage.path, input.value('framework'), terminal);
    writeApp(stage.path, { name, sample, framework, manager });
    if (!input.flag('no-install')) await installPackages(stage.path, manager, terminal);
    if (terminal.signal.aborted) throw cliErrors.CLI_INTERRUPTED();
    stage.publish();
  } catch (error) {
    stage.discard();
    throw error;
  }
  tell(terminal, `Made ${name} of the sample ${sample.name}. Go on with:\n`);
  say(terminal, nextSteps(terminal.cwd, target, manager, input.flag('no-install')));
  return 0;
};

/** What was said, and what had to be asked. Everything that can be refused is refused here, before anything is written. */
async function settleWishes(input: Input, terminal: Terminal): Promise<Wishes> {
  const [dir] = input.arguments;
  const sampleName = input.value('sample');
  const known = sampleName === undefined ? undefined : findSample(sampleName);
  if (dir !== undefined) checkFolder(resolve(terminal.cwd, dir), known);
  const manager = (input.value('package-manager') as PackageManager | undefined) ?? guessPackageManager(terminal.env);
  const answers = dir !== undefined && known !== undefined ? { dir, sample: known } : await askRest(dir, known, terminal);
  const target = resolve(terminal.cwd, answers.dir);
  checkFolder(target, answers.sample);
  return { target, sample: answers.sample, manager };
}

function checkFolder(target: string, sample: Sample | undefined): void {
  checkAppName(basename(target), sample === undefined ? [] : dependenciesOf(sample));
  refuseTaken(target);
}

async function askRest(
  dir: string | undefined,
  sample: Sample | undefined,
  terminal: Terminal,
): Promise<{ readonly dir: string; readonly sample: Sample }> {
  if (!terminal.isInteractive) throw missing(dir);
  const questions = new Questions(terminal);
  try {
    const refuse = (answer: string): string | undefined => flawOf(() => checkFolder(resolve(terminal.cwd, answer), sample));
    const folder = dir ?? (await questions.ask('In which folder', 'my-app', refuse));
    if (sample !== undefined) return { dir: folder, sample };
    const choices = readSamples().map(({ name, description }) => ({ name, text: description }));
    return { dir: folder, sample: findSample(await questions.choose('Which sample', choices)) };
  } finally {
    questions.close();
  }
}

function missing(dir: string | undefined): Error {
  if (dir === undefined) {
    return usageErrors.USAGE_ARGUMENT_MISSING({ what: 'Where is the application to be made?', argument: '<dir>' });
  }
  const known = readSamples().map(({ name }) => name);
  return usageErrors.USAGE_ARGUMENT_MISSING({
    what: 'Which sample is the application to be made of?',
    argument: `--sample <name> (${known.join(', ')})`,
  });
}

function flawOf(check: () => void): string | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** The commands to type next. */
function nextSteps(cwd: string, target: string, manager: PackageManager, installFirst: boolean): string {
  const path = relative(cwd, target);
  const go = path === '' ? [] : [`  cd ${/\s/.test(path) ? `"${path}"` : path}`];
  return [...go, `  ${installFirst ? `${manager} install && ` : ''}${manager} start`].join('\n');
}
