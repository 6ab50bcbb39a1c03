import { posix } from 'node:path';
import { usageErrors } from './errors';

export const KINDS = ['controller', 'plugin', 'service', 'guard'] as const;

/** What can be generated. */
export type Kind = (typeof KINDS)[number];

export interface GeneratedFile {
  /** From the root of the application, with `/`. */
  readonly path: string;
  readonly text: string;
}

/** What is to be written, and how its module is to know of it. */
export interface PlannedFiles {
  readonly kind: Kind;
  readonly className: string;
  /** The list of the module's decorator that it belongs in. */
  readonly list: 'controllers' | 'providers' | 'imports';
  readonly source: GeneratedFile;
  readonly test: GeneratedFile;
}

const LISTS = { controller: 'controllers', plugin: 'imports', service: 'providers', guard: 'providers' } as const;

/**
 * Decides the files of something new.
 *
 * In: `name` in any spelling, with folders before it (`billing/invoices`); `sourceRoot`, from the root of the application.
 * Fails with: USAGE_NAME_INVALID.
 */
export function planFiles(kind: Kind, name: string, sourceRoot: string): PlannedFiles {
  const { folders, base } = readName(kind, name);
  // A plugin is a folder of its own: what belongs to it comes beside it.
  const within = kind === 'plugin' ? [...folders, base] : folders;
  const className = `${toPascal(base)}${toPascal(kind)}`;
  const stem = posix.join(...within, `${base}.${kind}`);
  const root = sourceRoot.replaceAll('\\', '/');
  const testPath = posix.join('test', `${stem}.test.ts`);
  const names: Names = {
    base,
    className,
    from: relativeImport(posix.dirname(testPath), posix.join(root, stem)),
  };
  return {
    kind,
    className,
    list: LISTS[kind],
    source: { path: posix.join(root, `${stem}.ts`), text: SOURCES[kind](names) },
    test: { path: testPath, text: TESTS[kind](names) },
  };
}

/** Takes apart what something new is to be called: the folders before it, and its name in small letters. Fails with: USAGE_NAME_INVALID. */
export function readName(kind: Kind, name: string): { readonly folders: readonly string[]; readonly base: string } {
  const folders = name.split('/');
  const base = toKebab(folders.pop() ?? '').replace(new RegExp(`-${kind}$`), '');
  if (!isName(base) || !folders.every(isFolder)) throw invalid(kind, name, base);
  return { folders, base };
}

/** How a file in `folder` imports another; both from the root of the application. */
export function relativeImport(folder: string, file: string): string {
  const path = posix.relative(folder, file);
  return path.startsWith('.') ? path : `./${path}`;
}

function toKebab(text: string): string {
  return text
    .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
    .replace(/[\s_.]+/g, '-')
    .toLowerCase();
}

export function toPascal(kebab: string): string {
  return kebab.replace(/(^|-)([a-z0-9])/g, (_, _dash, letter: string) => letter.toUpperCase());
}

function isName(text: string): boolean {
  return /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(text);
}

function isFolder(text: string): boolean {
  return /^[A-Za-z0-9_][A-Za-z0-9._-]*$/.test(text);
}

function invalid(kind: Kind, name: string, base: string): Error {
  const reason = base === '' ? 'nothing is left of it' : 'letters, digits and dashes are taken, a letter first';
  return usageErrors.USAGE_NAME_INVALID({ name, what: `a ${kind}`, reason, wayOut: 'For example: users, or billing/invoices.' });
}

interface Names {
  readonly base: string;
  readonly className: string;
  /** How the test imports it. */
  readonly from: string;
}

const SOURCES: Readonly<Record<Kind, (names: Names) => string>> = {
  controller: ({ base, className }) => `import { Controller, Get } from 'rockstar-web';

@Controller('/${base}')
export class ${className} {
  @Get('/')
  all() {
    return [];
  }
}
`,
  plugin: ({ base, className }) => `import { Plugin } from 'rockstar-web';

@Plugin({
  name: '${base}-plugin',
  version: '1.0.0',
  controllers: [],
  providers: [],
  exports: [],
})
export class ${className} {}
`,
  service: ({ className }) => `import { Injectable } from 'rockstar-web';

@Injectable()
export class ${className} {}
`,
  guard: ({ className }) => `import { type Guard, Injectable, type RequestContext } from 'rockstar-web';

/** Lets in whoever is known. Goes beside a route or a controller: @UseGuards(${className}) */
@Injectable()
export class ${className} implements Guard {
  canActivate(ctx: RequestContext): boolean {
    return ctx.isAuthenticated();
  }
}
`,
};

const TESTS: Readonly<Record<Kind, (names: Names) => string>> = {
  controller: ({ base, className, from }) => `import { Module } from 'rockstar-web';
import { createTestApp } from 'rockstar-web/testing';
import { ${className} } from '${from}';

@Module({ controllers: [${className}] })
class App {}

it('answers GET /${base}', async () => {
  const app = await createTestApp(App);
  const response = await app.request({ url: '/${base}' });
  expect([response.status, response.json()]).toEqual([200, []]);
  await app.close();
  expect(app.leaks()).toEqual([]);
});
`,
  plugin: ({ className, from }) => `import { inspectApplication } from 'rockstar-web';
import { ${className} } from '${from}';

it('is put together without a mistake', async () => {
  const { mistakes } = await inspectApplication(${className});
  expect(mistakes).toEqual([]);
});
`,
  service: ({ className, from }) => `import { Module } from 'rockstar-web';
import { createTestApp } from 'rockstar-web/testing';
import { ${className} } from '${from}';

@Module({ providers: [${className}] })
class App {}

it('is made by its module', async () => {
  const app = await createTestApp(App);
  expect(app.resolve(${className})).toBeInstanceOf(${className});
  await app.close();
});
`,
  guard: ({ className, from }) => `import { Controller, Get, Module, UseGuards } from 'rockstar-web';
import { createTestApp } from 'rockstar-web/testing';
import { ${className} } from '${from}';

@Controller()
@UseGuards(${className})
class GuardedController {
  @Get('/')
  secret() {
    return 'in';
  }
}

@Module({ controllers: [GuardedController] })
class App {}

it('refuses whoever is not known', async () => {
  const app = await createTestApp(App);
  expect((await app.request({ url: '/' })).status).toBe(403);
  await app.close();
});

it('lets in who is', async () => {
  const app = await createTestApp(App, { auth: { authenticate: () => 'Ada' } });
  expect((await app.request({ url: '/' })).status).toBe(200);
  await app.close();
});
`,
};
