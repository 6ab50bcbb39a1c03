import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/** The version of a package as programs in `folder` get it; `undefined` when it is not installed. */
export function installedVersion(folder: string, name: string): string | undefined {
  const file = manifestOf(folder, name);
  return file === undefined ? undefined : versionIn(file);
}

function versionIn(manifest: string): string | undefined {
  try {
    return (JSON.parse(readFileSync(manifest, 'utf8')) as { version?: string }).version;
  } catch {
    return undefined;
  }
}

/** Found by its folder: some packages do not give their package.json away by name. */
function manifestOf(folder: string, name: string): string | undefined {
  const paths = createRequire(join(folder, 'package.json')).resolve.paths(name) ?? [];
  return paths.map((path) => join(path, name, 'package.json')).find((file) => existsSync(file));
}

/** Every copy of a package below the node_modules of `folder`, with its version. */
export function copiesOf(folder: string, names: readonly string[]): Map<string, { folder: string; version: string }[]> {
  const found = new Map(names.map((name) => [name, [] as { folder: string; version: string }[]]));
  const visit = (modules: string): void => {
    for (const path of packagesIn(modules)) {
      const name = path.slice(modules.length + 1).replaceAll('\\', '/');
      const version = names.includes(name) ? versionIn(join(path, 'package.json')) : undefined;
      if (version !== undefined) found.get(name)?.push({ folder: path, version });
      visit(join(path, 'node_modules'));
    }
  };
  visit(join(folder, 'node_modules'));
  return found;
}

function packagesIn(modules: string): string[] {
  if (!existsSync(modules)) return [];
  return readdirSync(modules, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .flatMap((entry) => {
      const path = join(modules, entry.name);
      return entry.name.startsWith('@') ? readdirSync(path).map((name) => join(path, name)) : [path];
    });
}
