import { posix } from 'node:path';
import { type Import, readImports } from './imports';

/** Source texts by path inside `lib/`, e.g. `http/wire.ts`. */
export type SourceFiles = ReadonlyMap<string, string>;

export interface House {
  /** Ground floor first; rooms on one floor do not know each other. */
  readonly floors: readonly (readonly string[])[];
  /** The files outside of all rooms: they name what users import and hold nothing. */
  readonly barrels: readonly string[];
  /** The one file that may import the rooms of `assembledOnly` at run time, and the floor it stands on. */
  readonly assembler: { readonly file: string; readonly assembledOnly: readonly string[] };
  /** Rooms that may use fewer rooms than their floor allows. */
  readonly onlyThrough: Readonly<Record<string, readonly string[]>>;
  /** For each third-party package the file that alone imports it, or a folder (ending in `/`) where that is a whole room's work. */
  readonly frontDoors: Readonly<Record<string, string>>;
  /** Packages whose types may be imported anywhere. */
  readonly typesAnywhere: readonly string[];
  /** Packages that applications bring along, and the folder that may import their types; nothing of them is loaded by name. */
  readonly typesOnly: Readonly<Record<string, string>>;
}

interface Edge {
  readonly from: string;
  readonly to: string;
  readonly typeOnly: boolean;
}

/** Everything that is wrong with the imports of `files`, one sentence each. */
export function findViolations(house: House, files: SourceFiles): string[] {
  const imports = new Map([...files].map(([path, source]) => [path, readImports(path, source)]));
  const edges = [...imports].flatMap(([from, list]) => list.flatMap((one) => edgeOf(files, from, one)));
  const found = [
    ...strangers(house, files),
    ...gaps(files, imports),
    ...edges.flatMap((edge) => checkEdge(house, edge)),
    ...cycles([...files.keys()], edges),
    ...[...imports].flatMap(([from, list]) => list.flatMap((one) => checkPackage(house, from, one))),
  ];
  return [...new Set(found)];
}

function roomOf(path: string): string {
  return path.includes('/') ? path.slice(0, path.indexOf('/')) : '';
}

function floorOf(house: House, path: string): number {
  return roomOf(path) === '' ? house.floors.length : house.floors.findIndex((rooms) => rooms.includes(roomOf(path)));
}

function isRelative({ specifier }: Import): boolean {
  return specifier.startsWith('.');
}

function targetOf(files: SourceFiles, from: string, { specifier }: Import): string | undefined {
  const path = posix.join(posix.dirname(from), specifier);
  return [`${path}.ts`, `${path}/index.ts`, path].find((candidate) => files.has(candidate));
}

function edgeOf(files: SourceFiles, from: string, one: Import): Edge[] {
  const to = isRelative(one) ? targetOf(files, from, one) : undefined;
  return to === undefined ? [] : [{ from, to, typeOnly: one.typeOnly }];
}

/** Files that stand in no room of the table. */
function strangers(house: House, files: SourceFiles): string[] {
  return [...files.keys()]
    .filter((path) => !house.barrels.includes(path) && (roomOf(path) === '' || floorOf(house, path) < 0))
    .map((path) => `${path} stands in no room of the floor table`);
}

/** Imports of files that are not in `lib/`. */
function gaps(files: SourceFiles, imports: ReadonlyMap<string, readonly Import[]>): string[] {
  return [...imports].flatMap(([from, list]) =>
    list
      .filter((one) => isRelative(one) && targetOf(files, from, one) === undefined)
      .map((one) => `${from} imports ${one.specifier}, which is no source file of lib/`),
  );
}

function checkEdge(house: House, { from, to, typeOnly }: Edge): string[] {
  const problems: string[] = [];
  const [fromRoom, toRoom] = [roomOf(from), roomOf(to)];
  if (fromRoom === toRoom) return problems;
  const [fromFloor, toFloor] = [floorOf(house, from), floorOf(house, to)];
  if (toFloor > fromFloor) problems.push(`${from} imports upward: ${to}`);
  if (toFloor === fromFloor) problems.push(`${from} imports sideways: ${to}`);
  const through = house.onlyThrough[fromRoom];
  if (through !== undefined && !through.includes(toRoom))
    problems.push(`${from} imports ${to}; ${fromRoom}/ goes through ${through.join(', ')}`);
  const { file, assembledOnly } = house.assembler;
  if (!typeOnly && from !== file && fromRoom === roomOf(file) && assembledOnly.includes(toRoom)) {
    problems.push(`${from} imports ${to} at run time; ${file} is the one file that knows every room`);
  }
  return problems;
}

/** One path for each group of files that import each other, types included. */
function cycles(paths: readonly string[], edges: readonly Edge[]): string[] {
  const next = new Map(paths.map((path) => [path, edges.filter((edge) => edge.from === path).map((edge) => edge.to)]));
  const done = new Set<string>();
  const found: string[] = [];
  const walk = (path: string, trail: readonly string[]): void => {
    const at = trail.indexOf(path);
    if (at >= 0) found.push(`imports go in a circle: ${[...trail.slice(at), path].join(' → ')}`);
    if (at >= 0 || done.has(path)) return;
    for (const to of next.get(path) ?? []) walk(to, [...trail, path]);
    done.add(path);
  };
  for (const path of paths) walk(path, []);
  return found;
}

/** The package of a specifier: `@scope/name/deep` is `@scope/name`. */
function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

function checkPackage(house: House, from: string, one: Import): string[] {
  if (isRelative(one) || one.specifier.startsWith('node:')) return [];
  const name = packageOf(one.specifier);
  const lent = house.typesOnly[name];
  if (lent !== undefined && one.typeOnly && from.startsWith(lent)) return [];
  const door = house.frontDoors[name];
  if (door === undefined)
    return [`${from} imports ${one.specifier}, which has no front door in the table (built-in modules are written node:…)`];
  const isDoor = door.endsWith('/') ? from.startsWith(door) : from === door;
  if (isDoor || (one.typeOnly && house.typesAnywhere.includes(name))) return [];
  return [`${from} imports ${name}, whose front door is ${door}`];
}
