import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type ProgramApplication, takeApplications } from '../application/handed-over';
import { type ApplicationReport, inspectApplication } from '../application/inspect-application';
import { cliErrors } from './errors';
import { findProject, type Project, resolveLoader } from './project';
import type { Terminal } from './terminal';

/** How long a program may take until it serves: it may have to wait for something of its own first. */
const LIMIT_MS = 10_000;

/**
 * Loads the program of the application around, and looks at the application it would serve; nothing is started.
 *
 * Fails with: CLI_PROJECT_MISSING, CLI_ENTRY_MISSING, CLI_ENTRY_ES_MODULE, CLI_ENTRY_FAILED, CLI_ENTRY_SERVES_NOTHING, CLI_TOOL_MISSING.
 */
export async function inspectProgram(terminal: Terminal): Promise<ApplicationReport> {
  const project = findProject(terminal.cwd);
  const { module, options } = await loadProgram(project, terminal);
  return inspectApplication(module, options);
}

async function loadProgram(project: Project, terminal: Terminal): Promise<ProgramApplication> {
  const file = join(project.root, project.entry);
  if (!existsSync(file)) throw cliErrors.CLI_ENTRY_MISSING({ file });
  registerCompiler(project, file);
  const served = new Promise<ProgramApplication>((resolve) => takeApplications(resolve));
  const restore = keepOutputClean(terminal);
  try {
    const exported = load(file);
    const app = (await untilOver(served)) ?? (await exportedModule(exported));
    if (app !== undefined) return app;
    throw cliErrors.CLI_ENTRY_SERVES_NOTHING({ file, limitMs: LIMIT_MS });
  } finally {
    restore();
  }
}

/** What is served; `undefined` when the time is over, or the program has nothing left to do. */
function untilOver(served: Promise<ProgramApplication>): Promise<ProgramApplication | undefined> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => end(undefined), LIMIT_MS).unref();
    const idle = (): void => end(undefined);
    const end = (app: ProgramApplication | undefined): void => {
      clearTimeout(timer);
      process.off('beforeExit', idle);
      resolve(app);
    };
    process.once('beforeExit', idle);
    void served.then(end);
  });
}

/** The one module among what a file exports. */
async function exportedModule(exported: unknown): Promise<ProgramApplication | undefined> {
  const values = typeof exported === 'object' && exported !== null ? Object.values(exported) : [];
  const found: ProgramApplication[] = [];
  for (const value of new Set(values)) {
    const module = value as ProgramApplication['module'];
    if (typeof value === 'function' && (await inspectApplication(module)).root !== undefined) found.push({ module, options: {} });
  }
  return found.length === 1 ? found[0] : undefined;
}

/** TypeScript is compiled on the way, by what the application has for it. */
function registerCompiler(project: Project, file: string): void {
  if (/\.[cm]?js$/.test(file)) return;
  const { register } = load(resolveLoader(project, 'ts-node')) as { register: (options: object) => unknown };
  register({ transpileOnly: true, cwd: project.root, projectSearchDir: project.root });
}

function load(file: string): unknown {
  try {
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- which file it is depends on the application
    return require(file) as unknown;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw cliErrors.CLI_ENTRY_FAILED({ file, reason }, { cause: error });
  }
}

/** What the program prints while it is loaded is not the answer of the command. */
function keepOutputClean(terminal: Terminal): () => void {
  const { stdout } = process;
  const write = stdout.write.bind(stdout);
  stdout.write = (chunk: string | Uint8Array) => terminal.errors.write(chunk);
  return () => {
    stdout.write = write;
  };
}
