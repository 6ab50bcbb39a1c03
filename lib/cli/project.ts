import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { cliErrors } from './errors';

/** The application a command works on. */
export interface Project {
  readonly root: string;
  /** Where the sources are, from the root. */
  readonly sourceRoot: string;
  /** The file the program begins in, from the root. */
  readonly entry: string;
}

/** The name of the file that says where things are. */
export const CONFIG_FILE = 'nest-like-cli.json';

/**
 * Finds the application that `folder` is part of: the nearest folder above that has a package.json.
 *
 * Fails with: CLI_PROJECT_MISSING, CLI_CONFIG_INVALID.
 */
export function findProject(folder: string): Project {
  const root = findUpwards(folder);
  if (root === undefined) throw cliErrors.CLI_PROJECT_MISSING({ folder });
  const config = readConfig(join(root, CONFIG_FILE));
  const sourceRoot = config.sourceRoot ?? 'src';
  const entryFile = config.entryFile ?? 'main';
  return { root, sourceRoot, entry: join(sourceRoot, /\.[cm]?[jt]s$/.test(entryFile) ? entryFile : `${entryFile}.ts`) };
}

function findUpwards(folder: string): string | undefined {
  if (existsSync(join(folder, 'package.json'))) return folder;
  const above = dirname(folder);
  return above === folder ? undefined : findUpwards(above);
}

interface Config {
  readonly sourceRoot?: string;
  readonly entryFile?: string;
}

function readConfig(file: string): Config {
  if (!existsSync(file)) return {};
  const config = readJsonFile(file);
  for (const name of ['sourceRoot', 'entryFile']) {
    const value = config[name];
    if (value !== undefined && (typeof value !== 'string' || value === '')) {
      throw cliErrors.CLI_CONFIG_INVALID({ file, reason: `${name} takes a path, got ${JSON.stringify(value)}.` });
    }
  }
  return config;
}

/** Reads a file that holds a JSON object. Fails with: CLI_CONFIG_INVALID. */
export function readJsonFile(file: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw cliErrors.CLI_CONFIG_INVALID({ file, reason: (error as Error).message });
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw cliErrors.CLI_CONFIG_INVALID({ file, reason: 'an object is expected.' });
}

/**
 * Finds what has TypeScript compiled while it is loaded.
 *
 * In: `part`, of ts-node. Fails with: CLI_ENTRY_ES_MODULE, CLI_TOOL_MISSING.
 */
export function resolveLoader(project: Project, part: string): string {
  if (isEsModule(project)) throw cliErrors.CLI_ENTRY_ES_MODULE({ file: project.entry });
  return resolveTool(project, part);
}

/** Whether the program is TypeScript that Node takes for an ES module. */
export function isEsModule({ root, entry }: Project): boolean {
  return entry.endsWith('.ts') && readJsonFile(join(root, 'package.json')).type === 'module';
}

/** Where a package (or a file of one) is, as programs of the application would find it. Fails with: CLI_TOOL_MISSING. */
export function resolveTool({ root }: Project, tool: string): string {
  try {
    return createRequire(join(root, 'package.json')).resolve(tool);
  } catch {
    const name = tool.split('/')[0] ?? tool;
    const isBare = !existsSync(join(root, 'node_modules'));
    const wayOut = isBare ? 'Install what package.json names first (npm install).' : `Add it: npm install --save-dev ${name}`;
    throw cliErrors.CLI_TOOL_MISSING({ tool: name, folder: root, wayOut });
  }
}

/** A file as people call it who are in `folder`. */
export function shown(folder: string, file: string): string {
  const path = relative(folder, file);
  return path === '' ? '.' : path;
}
