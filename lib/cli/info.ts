import { arch, platform, release } from 'node:os';
import type { Run } from './command';
import { packageFolder, packageVersion } from './package-folder';
import { installedVersion } from './package-versions';
import { findProject, type Project } from './project';
import { runTool } from './run-tool';
import { say, sayJson, type Terminal, toTable } from './terminal';

/** What is asked about in a report of a problem. */
const PACKAGES = [
  'rockstar-web',
  'typescript',
  'ts-node',
  'jest',
  'ts-jest',
  'reflect-metadata',
  'tsyringe',
  'rxjs',
  'class-validator',
];

/** `rockstar info` */
export const run: Run = async (input, terminal) => {
  const info = {
    cli: packageVersion(),
    cliFolder: packageFolder,
    node: process.versions.node,
    npm: await versionOfNpm(terminal),
    openssl: process.versions.openssl ?? 'none',
    nghttp2: process.versions.nghttp2 ?? 'none',
    system: `${platform()} ${release()} ${arch()}`,
    packages: versionsIn(projectOf(terminal.cwd)),
  };
  if (input.flag('json')) sayJson(terminal, info);
  else {
    const { packages, ...rest } = info;
    const rows = [...Object.entries(rest), ...Object.entries(packages)].map(([name, version]) => [
      name,
      version ?? 'not installed',
    ]);
    say(terminal, toTable(['WHAT', 'VERSION'], rows));
  }
  return 0;
};

function projectOf(folder: string): Project | undefined {
  try {
    return findProject(folder);
  } catch {
    return undefined;
  }
}

function versionsIn(project: Project | undefined): Record<string, string | null> {
  if (project === undefined) return {};
  return Object.fromEntries(PACKAGES.map((name) => [name, installedVersion(project.root, name) ?? null]));
}

async function versionOfNpm(terminal: Terminal): Promise<string> {
  const { exitCode, output } = await runTool('npm', ['--version', '--loglevel=error'], terminal.cwd, terminal);
  return exitCode === 0 ? (output.split('\n').at(-1) ?? '') : 'not found';
}
