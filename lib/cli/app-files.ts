import { cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import * as template from './app-template';
import type { PackageManager } from './install-packages';
import { packageFolder } from './package-folder';
import { CONFIG_FILE, readJsonFile } from './project';
import type { Sample } from './sample-list';

/** What an application is made of. */
export interface AppPlan {
  readonly name: string;
  readonly sample: Sample;
  /** What package.json says of rockstar-web. */
  readonly framework: string;
  readonly manager: PackageManager;
}

/** Of a sample, what the application gets from the template instead, or makes by itself. */
const NOT_COPIED = new Set(['node_modules', 'dist', 'coverage', 'package.json', 'package-lock.json', 'tsconfig.json']);

type Versions = Readonly<Record<string, string>>;

interface Manifest {
  readonly description?: string;
  readonly scripts?: Versions;
  readonly dependencies?: Versions;
  readonly devDependencies?: Versions;
}

function manifestOf(folder: string): Manifest {
  return readJsonFile(join(folder, 'package.json'));
}

/** The packages that an application of the sample depends on. */
export function dependenciesOf({ path }: Sample): string[] {
  const { dependencies, devDependencies } = manifestOf(join(packageFolder, path));
  return [...Object.keys({ ...dependencies, ...devDependencies }), ...template.TOOLS];
}

/** Writes an application into an empty folder: the sample as it is, and around it what every application has. */
export function writeApp(folder: string, plan: AppPlan): void {
  const sample = join(packageFolder, plan.sample.path);
  cpSync(sample, folder, { recursive: true, filter: (from) => dirname(from) !== sample || !NOT_COPIED.has(basename(from)) });
  const { description = plan.sample.description, scripts, dependencies, devDependencies } = manifestOf(sample);
  const own = manifestOf(packageFolder).devDependencies ?? {};
  write(folder, 'package.json', {
    name: plan.name,
    version: '0.1.0',
    private: true,
    description,
    type: 'commonjs',
    engines: { node: '>=20.19' },
    scripts: { ...scripts, ...template.SCRIPTS },
    dependencies: sorted({ ...dependencies, 'rockstar-web': plan.framework }),
    devDependencies: sorted({ ...devDependencies, ...pick(own, template.TOOLS) }),
    ...template.overridesFor(plan.manager),
  });
  write(folder, 'tsconfig.json', template.TSCONFIG);
  write(folder, 'tsconfig.build.json', template.TSCONFIG_BUILD);
  write(folder, CONFIG_FILE, { language: 'ts', sourceRoot: 'src', entryFile: 'main', sample: plan.sample.name });
  write(folder, '.gitignore', template.GITIGNORE);
  write(folder, 'jest.config.ts', template.JEST_CONFIG);
  write(folder, 'test/start.test.ts', template.START_TEST);
  if (!existsSync(join(folder, 'README.md'))) write(folder, 'README.md', template.readme(plan.name, description, plan.manager));
}

/** Writes a text, or an object as JSON. */
export function write(folder: string, path: string, content: string | object): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), typeof content === 'string' ? content : `${JSON.stringify(content, undefined, 2)}\n`);
}

/** The versions of tools that this package is tested with. */
export function toolVersions(names: readonly string[]): Versions {
  return pick(manifestOf(packageFolder).devDependencies ?? {}, names);
}

function pick(versions: Versions, names: readonly string[]): Versions {
  return Object.fromEntries(names.map((name) => [name, versions[name] ?? '*']));
}

function sorted(versions: Versions): Versions {
  return Object.fromEntries(Object.entries(versions).sort(([a], [b]) => (a < b ? -1 : 1)));
}
