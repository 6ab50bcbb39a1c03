import type { PackageManager } from './install-packages';

// What every application has, whatever the sample it is made of.

/** What an application is compiled, started and tested with; the versions are those this package is tested with. */
export const TOOLS = ['@types/jest', '@types/node', 'jest', 'ts-jest', 'ts-node', 'typescript'] as const;

/** With it, a signal to npm reaches the program and not only the shell in between; the shell of Windows does not know it. */
const EXEC = process.platform === 'win32' ? '' : 'exec ';

export const SCRIPTS = {
  start: `${EXEC}ts-node --transpile-only src/main.ts`,
  'start:dev': `${EXEC}rockstar start --watch`,
  test: 'jest',
  types: 'tsc --noEmit',
  check: 'rockstar check',
  build: 'rockstar build',
  'start:prod': `${EXEC}node dist/main.js`,
};

/** Newer ones are not served for every platform, and npm ci refuses a lock without them. */
const OVERRIDES = { 'unrs-resolver': '1.12.2' };

/** Each package manager reads them elsewhere. */
export function overridesFor(manager: PackageManager): object {
  if (manager === 'npm') return { overrides: OVERRIDES };
  return manager === 'yarn' ? { resolutions: OVERRIDES } : { pnpm: { overrides: OVERRIDES } };
}

export const TSCONFIG = {
  compilerOptions: {
    target: 'ES2022',
    lib: ['ES2023'],
    module: 'Node16',
    moduleResolution: 'Node16',
    rootDir: '.',
    types: ['node', 'jest'],
    strict: true,
    experimentalDecorators: true,
    emitDecoratorMetadata: true,
    esModuleInterop: true,
    isolatedModules: true,
    skipLibCheck: true,
    noEmit: true,
  },
  include: ['src', 'test', 'jest.config.ts'],
};

export const TSCONFIG_BUILD = {
  extends: './tsconfig.json',
  compilerOptions: { noEmit: false, rootDir: 'src', outDir: 'dist', sourceMap: true, types: ['node'] },
  include: ['src'],
};

/** Of a package: who uses it has the types, too. */
export const TSCONFIG_PACKAGE_BUILD = {
  ...TSCONFIG_BUILD,
  compilerOptions: { ...TSCONFIG_BUILD.compilerOptions, declaration: true, sourceMap: false },
};

export const GITIGNORE = 'node_modules/\ndist/\ncoverage/\n*.log\n';

export const JEST_CONFIG = `/**
 * Read without a check of its types each time; 5110 is about a setting that the loader itself makes.
 *
 * @jest-config-loader-options {"transpileOnly": true, "ignoreDiagnostics": [5110]}
 */
import type { Config } from 'jest';

const config: Config = {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  // Decorators write down types from the first file on.
  setupFiles: ['rockstar-web'],
  transform: { '^.+\\\\.ts$': 'ts-jest' },
};

module.exports = config;
`;

export const START_TEST = `import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { get as getHttp } from 'node:http';
import { get as getHttps } from 'node:https';
import { join } from 'node:path';

/** The program, as npm start runs it, on any free port. */
function startProgram(): ChildProcess {
  const args = ['--require', 'ts-node/register/transpile-only', 'src/main.ts'];
  const [cwd, env] = [join(__dirname, '..'), { ...process.env, PORT: '0' }];
  return spawn(process.execPath, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
}

/** The address it prints when it is ready. */
function addressOf(program: ChildProcess): Promise<URL> {
  return new Promise((resolve, reject) => {
    let printed = '';
    const read = (text: string): void => {
      printed += text;
      const address = /listening on (\\S+)/.exec(printed)?.[1];
      if (address !== undefined) resolve(new URL(address));
    };
    program.stdout?.setEncoding('utf8').on('data', read);
    program.stderr?.setEncoding('utf8').on('data', read);
    program.once('close', () => reject(new Error(\`it ended before it was ready:\\n\${printed}\`)));
  });
}

function statusOf(url: URL): Promise<number | undefined> {
  const get = url.protocol === 'https:' ? getHttps : getHttp;
  return new Promise((resolve, reject) => {
    // Its certificate may be one made for development.
    const request = get(url, { rejectUnauthorized: false, agent: false }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode));
    });
    request.once('error', reject);
  });
}

it('starts, says that it is alive, and stops when it is asked to', async () => {
  const program = startProgram();
  const ended = once(program, 'close');
  try {
    expect(await statusOf(new URL('/health/live', await addressOf(program)))).toBe(200);
  } finally {
    program.kill('SIGTERM');
  }
  expect(await ended).toEqual([0, null]);
}, 60_000);
`;

/** A first text for whoever opens the folder. */
export function readme(name: string, description: string, manager: PackageManager): string {
  const run = manager === 'npm' ? 'npm run' : manager;
  const rows = [
    [`${manager} start`, 'starts it; HOST and PORT say where it listens'],
    [`${run} start:dev`, 'starts it, and again when a file changes'],
    [`${manager} test`, 'runs the tests'],
    [`${run} types`, 'checks the types'],
    [`${run} check`, 'finds wiring mistakes without starting'],
    [`${run} build`, 'compiles it to `dist/`; start:prod runs that'],
    ['npx rockstar generate controller users', 'writes a controller with its test; also plugin, service, guard'],
    ['npx rockstar routes', 'lists the routes; also `graph`, `doctor`, `info`'],
  ];
  const table = rows.map(([command, does]) => `| \`${command}\` | ${does} |`).join('\n');
  return `# ${name}\n\n${description}. Made with [rockstar-web](https://www.npmjs.com/package/rockstar-web).\n\n| command | does |\n| --- | --- |\n${table}\n`;
}
