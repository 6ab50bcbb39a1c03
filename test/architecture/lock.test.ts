import { readJson } from './checkout';

interface LockEntry {
  readonly resolved?: string;
  readonly integrity?: string;
  readonly link?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

type LockPackages = Readonly<Record<string, LockEntry>>;

/** Where Node would look for `name` from a package at `path`: the nearest folder first. */
function lookUpPaths(path: string, name: string): string[] {
  const parts = path === '' ? [] : path.split('/node_modules/');
  return [
    ...parts.map((_, at) => `${parts.slice(0, parts.length - at).join('/node_modules/')}/node_modules/${name}`),
    `node_modules/${name}`,
  ];
}

/** The optional dependencies that no entry answers: `npm ci` refuses such a lock on the machine that needs them. */
function missing(packages: LockPackages): string[] {
  return Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies)
      .filter((name) => !lookUpPaths(path, name).some((candidate) => candidate in packages))
      .map((name) => `${path} needs ${name}`),
  );
}

/** The entries that name an address: another machine has another registry, and npm asks the one it is set to. */
function fromElsewhere(packages: LockPackages): string[] {
  return Object.entries(packages).flatMap(([path, { resolved, link }]) =>
    resolved === undefined || link === true ? [] : [`${path} from ${resolved}`],
  );
}

describe('the lock file', () => {
  const { packages } = readJson<{ packages: LockPackages }>('package-lock.json');

  it('has an entry for every optional dependency, on whatever platform it is installed', () => {
    expect(missing(packages)).toEqual([]);
  });

  it('names no address: npm asks the registry that the machine is set to', () => {
    expect(fromElsewhere(packages)).toEqual([]);
  });

  it('has the checksum of every package', () => {
    const unchecked = Object.entries(packages).filter(
      ([path, entry]) => path !== '' && entry.link !== true && entry.integrity === undefined,
    );
    expect(unchecked.map(([path]) => path)).toEqual([]);
  });
});

describe('the check of the lock file', () => {
  const optionalDependencies = { 'a-linux': '1.0.0', 'a-darwin': '1.0.0' };

  it('finds an optional dependency that was left out', () => {
    expect(missing({ 'node_modules/a': { optionalDependencies }, 'node_modules/a-linux': {} })).toEqual([
      'node_modules/a needs a-darwin',
    ]);
  });

  it('finds an entry beside the package, or above it', () => {
    const nested = 'node_modules/b/node_modules/a';
    expect(
      missing({
        [nested]: { optionalDependencies },
        [`${nested}/node_modules/a-linux`]: {},
        'node_modules/b/node_modules/a-darwin': {},
      }),
    ).toEqual([]);
  });

  it('finds an entry pinned to another host', () => {
    expect(fromElsewhere({ 'node_modules/a': { resolved: 'https://mirror.example/a.tgz' }, 'node_modules/b': {} })).toEqual([
      'node_modules/a from https://mirror.example/a.tgz',
    ]);
  });
});
