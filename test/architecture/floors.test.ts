import { join } from 'node:path';
import { ROOT, listFiles, readJson, readText } from './checkout';
import { findViolations, type House } from './floor-rules';

const house: House = {
  floors: [
    ['errors'],
    ['lifetime', 'metadata', 'diagnostics'],
    ['plugins', 'routing', 'validation', 'resilience'],
    ['http'],
    ['controllers'],
    ['push', 'hijack', 'websocket', 'upstream', 'database', 'metrics', 'views', 'security', 'openapi', 'operators'],
    ['context'],
    ['application'],
    ['testing', 'cli'],
  ],
  barrels: ['index.ts', 'testing/index.ts'],
  assembler: {
    file: 'application/assemble.ts',
    assembledOnly: [
      'push',
      'hijack',
      'websocket',
      'upstream',
      'database',
      'metrics',
      'views',
      'security',
      'openapi',
      'operators',
    ],
  },
  onlyThrough: { cli: ['errors', 'application'] },
  frontDoors: {
    '@electric-sql/pglite': 'database/',
    '@fastify/busboy': 'http/multipart.ts',
    chokidar: 'cli/watch-folder.ts',
    '@fastify/proxy-addr': 'security/trust-proxy.ts',
    '@fastify/send': 'views/static-files.ts',
    'class-transformer': 'validation/',
    'class-validator': 'validation/',
    cookie: 'http/cookies.ts',
    eta: 'views/templates.ts',
    'fast-json-stringify': 'openapi/serialiser.ts',
    'fastest-levenshtein': 'errors/near-names.ts',
    'find-my-way': 'routing/route-table.ts',
    'iconv-lite': 'http/charset.ts',
    jose: 'security/jwt.ts',
    pg: 'database/',
    pino: 'diagnostics/create-logger.ts',
    'pino-pretty': 'diagnostics/create-logger.ts',
    qs: 'http/urlencoded.ts',
    'reflect-metadata': 'metadata/slot.ts',
    rxjs: 'lifetime/observable.ts',
    'secure-json-parse': 'http/json-text.ts',
    selfsigned: 'http/tls-door.ts',
    semver: 'plugins/version.ts',
    tsyringe: 'plugins/container.ts',
    undici: 'upstream/',
    ws: 'websocket/upgrade.ts',
  },
  typesAnywhere: ['rxjs'],
  typesOnly: { typescript: 'cli/' },
};

const files = new Map(
  listFiles(join(ROOT, 'lib'))
    .filter((path) => path.endsWith('.ts'))
    .map((path) => [path, readText(`lib/${path}`)]),
);

describe('the floors of lib/', () => {
  it('has no upward, sideways or circular import, and each dependency comes in by its front door', () => {
    expect(findViolations(house, files)).toEqual([]);
  });

  it('names the front door of each dependency of package.json, and no other', () => {
    const { dependencies } = readJson<{ dependencies: Record<string, string> }>('package.json');
    // Types alone come in with what they are the types of.
    const loaded = Object.keys(dependencies).filter((name) => !name.startsWith('@types/'));
    expect(Object.keys(house.frontDoors).sort()).toEqual(loaded.sort());
  });

  it('has each dependency come in where the table says', () => {
    const comesIn = ([name, door]: [string, string]) =>
      [...files].some(
        ([path, source]) => path.startsWith(door) && (source.includes(`'${name}'`) || source.includes(`'${name}/`)),
      );
    expect(Object.entries(house.frontDoors).filter((row) => !comesIn(row))).toEqual([]);
  });

  it('has two barrels, which hold nothing but names', () => {
    expect([...files.keys()].filter((path) => /(^|\/)index\.ts$/.test(path))).toEqual(house.barrels);
    for (const barrel of house.barrels) {
      const statements = (files.get(barrel) ?? '').replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '').split(';');
      const others = statements
        .map((one) => one.trim())
        .filter((one) => one !== '' && !/^export (type )?(\{[^}]*\}|\*) from '/.test(one));
      expect(others).toEqual([]);
    }
  });

  it('has no room or file for things that belong nowhere', () => {
    const homeless = /(^|\/)(utils?|helpers?|common|shared|misc|types?|interfaces?)(\/|\.ts$)/;
    expect([...files.keys()].filter((path) => homeless.test(path))).toEqual([]);
  });

  it('names files in kebab-case', () => {
    expect([...files.keys()].filter((path) => !/^([a-z0-9]+(-[a-z0-9]+)*\/)?[a-z0-9]+(-[a-z0-9]+)*\.ts$/.test(path))).toEqual([]);
  });
});

describe('the check of the floors', () => {
  const sound = {
    'errors/define-error.ts': '',
    'lifetime/lifetime.ts': "import type { FrameworkError } from '../errors/define-error';",
    'routing/route-table.ts': "import router = require('find-my-way');",
    'http/wire.ts': "import { a } from '../routing/route-table'; import { readFile } from 'node:fs';",
    'push/push.ts': "import type { Observable } from 'rxjs'; export { w } from '../http/wire';",
    'metrics/health.ts': '',
    'application/assemble.ts': "import { push } from '../push/push';",
    'index.ts': "export * from './application/assemble';",
  };

  /** What is found when one file of a sound house is written differently. */
  function planted(path: string, source: string): string[] {
    return findViolations(house, new Map(Object.entries({ ...sound, [path]: source })));
  }

  it('is content with a sound house', () => {
    expect(findViolations(house, new Map(Object.entries(sound)))).toEqual([]);
  });

  it.each([
    ['an upward import', 'http/wire.ts', "import { p } from '../push/push';"],
    ['an upward import of a type', 'http/wire.ts', "import type { P } from '../push/push';"],
    ['an upward re-export', 'http/wire.ts', "export { p } from '../push/push';"],
    ['an upward require', 'http/wire.ts', "const p = () => require('../push/push');"],
    ['an upward import()', 'http/wire.ts', "const p = () => import('../push/push');"],
    ['an upward imported type', 'http/wire.ts', "let p: typeof import('../push/push');"],
    ['an import of the barrel', 'application/assemble.ts', "import { x } from '../index';"],
  ])('catches %s', (_what, path, source) => {
    expect(planted(path, source)).toContainEqual(expect.stringContaining(`${path} imports upward: `));
  });

  it('catches a sideways import', () => {
    expect(planted('metrics/health.ts', "import '../push/push';")).toEqual(['metrics/health.ts imports sideways: push/push.ts']);
  });

  it('catches a circle inside a room and prints its path', () => {
    const files = { 'http/a.ts': "import './b';", 'http/b.ts': "import './c';", 'http/c.ts': "import type { A } from './a';" };
    expect(findViolations(house, new Map(Object.entries(files)))).toEqual([
      'imports go in a circle: http/a.ts → http/b.ts → http/c.ts → http/a.ts',
    ]);
  });

  it('catches a second file that puts rooms together, but lets it name their types', () => {
    expect(planted('application/shutdown.ts', "import { push } from '../push/push';")).toEqual([
      'application/shutdown.ts imports push/push.ts at run time; application/assemble.ts is the one file that knows every room',
    ]);
    expect(planted('application/shutdown.ts', "import { type Push } from '../push/push';")).toEqual([]);
  });

  it('catches a room that goes around the one it must go through', () => {
    expect(planted('cli/main.ts', "import '../http/wire';")).toEqual([
      'cli/main.ts imports http/wire.ts; cli/ goes through errors, application',
    ]);
  });

  it('catches a dependency that comes in by another door', () => {
    expect(planted('http/wire.ts', "import type { Router } from 'find-my-way';")).toEqual([
      'http/wire.ts imports find-my-way, whose front door is routing/route-table.ts',
    ]);
    expect(planted('http/wire.ts', "import { Subject, type Observable } from 'rxjs/operators';")).toEqual([
      'http/wire.ts imports rxjs, whose front door is lifetime/observable.ts',
    ]);
  });

  it('lets the room of the command line know the types of the compiler, and nobody else', () => {
    expect(planted('cli/compiler.ts', "import type ts from 'typescript';")).toEqual([]);
    const refused = 'imports typescript, which has no front door in the table (built-in modules are written node:…)';
    expect(planted('cli/compiler.ts', "import ts from 'typescript';")).toEqual([`cli/compiler.ts ${refused}`]);
    expect(planted('http/wire.ts', "import type ts from 'typescript';")).toEqual([`http/wire.ts ${refused}`]);
  });

  it('catches a dependency without a door, and a built-in module without node:', () => {
    expect(planted('http/wire.ts', "import 'left-pad'; import fs from 'fs'; require.resolve('@scope/deep/file');")).toEqual([
      'http/wire.ts imports left-pad, which has no front door in the table (built-in modules are written node:…)',
      'http/wire.ts imports fs, which has no front door in the table (built-in modules are written node:…)',
      'http/wire.ts imports @scope/deep/file, which has no front door in the table (built-in modules are written node:…)',
    ]);
  });

  it('catches a file outside of all rooms, and an import that leads out of lib/', () => {
    expect(planted('kitchen/sink.ts', "import '../../samples/start';")).toEqual([
      'kitchen/sink.ts stands in no room of the floor table',
      'kitchen/sink.ts imports ../../samples/start, which is no source file of lib/',
    ]);
  });
});
