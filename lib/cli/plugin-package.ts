import { toolVersions } from './app-files';
import { GITIGNORE, JEST_CONFIG, overridesFor, TOOLS, TSCONFIG, TSCONFIG_PACKAGE_BUILD } from './app-template';
import { toPascal } from './generated-files';

/** A text, or what is written as JSON. */
type Content = string | object;

interface Names {
  /** `greetings` */
  readonly base: string;
  /** `greetings-plugin`: of the package, the folder and the plugin. */
  readonly name: string;
  /** `Greetings` */
  readonly pascal: string;
  /** `GREETINGS` */
  readonly constant: string;
}

/**
 * The files of a plugin that is a package of its own, by their paths.
 *
 * In: its name without `-plugin`; the version of rockstar-web it fits; what package.json says of it for building and testing.
 */
export function planPluginPackage(base: string, version: string, framework: string): Readonly<Record<string, Content>> {
  const pascal = toPascal(base);
  const names: Names = { base, name: `${base}-plugin`, pascal, constant: base.replaceAll('-', '_').toUpperCase() };
  return {
    'package.json': manifest(names, version, framework),
    'tsconfig.json': TSCONFIG,
    'tsconfig.build.json': TSCONFIG_PACKAGE_BUILD,
    'jest.config.ts': JEST_CONFIG,
    '.gitignore': `${GITIGNORE}*.tgz\n!vendor/*.tgz\n`,
    'README.md': readme(names),
    'src/index.ts': index(names),
    [`src/${base}.contract.ts`]: contract(names),
    [`src/${base}.service.ts`]: service(names),
    [`src/${base}.plugin.ts`]: plugin(names),
    [`test/${base}.plugin.test.ts`]: test(names),
  };
}

/** Who installs it brings the framework: two copies of it would not know each other's classes. */
function manifest({ name }: Names, version: string, framework: string): object {
  const tools = toolVersions(TOOLS);
  return {
    name,
    version: '1.0.0',
    description: 'A plugin for applications of rockstar-web',
    keywords: ['rockstar-web', 'plugin'],
    license: 'UNLICENSED',
    type: 'commonjs',
    main: './dist/index.js',
    types: './dist/index.d.ts',
    exports: { '.': { types: './dist/index.d.ts', default: './dist/index.js' }, './package.json': './package.json' },
    files: ['dist'],
    engines: { node: '>=20.19' },
    scripts: {
      build: `node -e "fs.rmSync('dist', { recursive: true, force: true })" && tsc -p tsconfig.build.json`,
      test: 'jest',
      types: 'tsc --noEmit',
      prepack: 'npm run -s build',
    },
    peerDependencies: { 'rockstar-web': `^${version}` },
    devDependencies: { ...tools, 'rockstar-web': framework },
    ...overridesFor('npm'),
  };
}

const index = ({ base, constant, pascal }: Names): string => `// What applications and other plugins use of this package.
export { ${constant}, type ${pascal}Service } from './${base}.contract';
export { ${pascal}Plugin } from './${base}.plugin';
`;

const contract = ({ base, name, constant, pascal }: Names): string => `import { serviceRef } from 'rockstar-web';

/** What ${name} does for others. A change that breaks importers is a new major version. */
export interface ${pascal}Service {
  hello(name: string): string;
}

export const ${constant} = serviceRef<${pascal}Service>('${name}', '${base}', {
  contract: { hello: { arguments: [String], result: String } },
});
`;

const service = ({ base, pascal }: Names): string => `import { Injectable } from 'rockstar-web';
import type { ${pascal}Service } from './${base}.contract';

@Injectable()
export class ${pascal} implements ${pascal}Service {
  hello(name: string): string {
    return \`Hello, \${name}!\`;
  }
}
`;

const plugin = ({ base, name, constant, pascal }: Names): string => `import { exportService, Plugin } from 'rockstar-web';
import { ${constant} } from './${base}.contract';
import { ${pascal} } from './${base}.service';

@Plugin({
  name: '${name}',
  version: '1.0.0',
  description: '${pascal}, for whoever imports them',
  providers: [${pascal}],
  exports: [exportService(${constant}, ${pascal})],
})
export class ${pascal}Plugin {}
`;

const test = ({ name, constant, pascal }: Names): string => `import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ImportService, Injectable, Module } from 'rockstar-web';
import { createTestApp } from 'rockstar-web/testing';
import { ${constant}, ${pascal}Plugin, type ${pascal}Service } from '../src';

@Injectable()
class Importer {
  constructor(@ImportService(${constant}) readonly service: ${pascal}Service) {}
}

@Module({ imports: [${pascal}Plugin], providers: [Importer] })
class App {}

it('gives its service to whoever imports it', async () => {
  const app = await createTestApp(App);
  expect(app.resolve(Importer).service.hello('Ada')).toBe('Hello, Ada!');
  await app.close();
  expect(app.leaks()).toEqual([]);
});

it('is the plugin of its package, in the same version', async () => {
  const { name, version } = JSON.parse(readFileSync(join(__dirname, '../package.json'), 'utf8')) as Record<string, string>;
  const app = await createTestApp(App);
  expect(app.app.plugins.list()).toMatchObject([{ name, version }]);
  expect(name).toBe('${name}');
  await app.close();
});
`;

const readme = ({ name, constant, pascal }: Names): string => `# ${name}

A plugin for applications of [rockstar-web](https://www.npmjs.com/package/rockstar-web).

\`\`\`sh
npm install && npm test
npm pack                 # builds it, and packs what is to be installed
\`\`\`

In an application, after \`npm install ${name}\` (or the packed file):

\`\`\`ts
import { ImportService, Injectable, Module } from 'rockstar-web';
import { ${constant}, ${pascal}Plugin, type ${pascal}Service } from '${name}';

@Injectable()
class Importer {
  constructor(@ImportService(${constant}, { version: '^1' }) private readonly service: ${pascal}Service) {}
}

@Module({ imports: [${pascal}Plugin], providers: [Importer] })
class App {}
\`\`\`

rockstar-web is a peer dependency: the application and its plugins share one copy. When the version in package.json changes, change that of \`@Plugin\` with it; a test holds them together.
`;
