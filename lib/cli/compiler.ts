import type ts from 'typescript';
import { type Project, resolveTool } from './project';

/** The TypeScript of an application; only its types are known here. */
export type Compiler = typeof ts;

/** The compiler that an application brings along. Fails with: CLI_TOOL_MISSING. */
export function loadCompiler(project: Project): Compiler {
  const file = resolveTool(project, 'typescript');
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- it is the application's, wherever that is
  return require(file) as Compiler;
}

/** A class with `@Module` or `@Plugin`, where it stands. */
export interface ModuleClass {
  readonly file: string;
  readonly name: string;
  readonly source: ts.SourceFile;
  /** The call that is the decorator: `Module({ ... })`. */
  readonly decorator: ts.CallExpression;
}

/** The modules and plugins that a text declares. */
export function modulesIn(compiler: Compiler, file: string, text: string): ModuleClass[] {
  const source = compiler.createSourceFile(file, text, compiler.ScriptTarget.ES2022, true);
  return source.statements.filter(compiler.isClassDeclaration).flatMap((it) => {
    const decorator = compiler
      .getDecorators(it)
      ?.map(({ expression }) => expression)
      .find((call) => isModuleCall(compiler, call));
    return decorator === undefined || it.name === undefined
      ? []
      : [{ file, name: it.name.text, source, decorator: decorator as ts.CallExpression }];
  });
}

function isModuleCall(compiler: Compiler, call: ts.Expression): boolean {
  if (!compiler.isCallExpression(call) || !compiler.isIdentifier(call.expression)) return false;
  return ['Module', 'Plugin'].includes(call.expression.text);
}

/** The names of the classes that a text calls `serve` or `createApp` with. */
export function servedIn(compiler: Compiler, file: string, text: string): string[] {
  const names: string[] = [];
  const visit = (node: ts.Node): void => {
    if (compiler.isCallExpression(node) && compiler.isIdentifier(node.expression)) {
      const [first] = node.arguments;
      const isStart = ['serve', 'createApp'].includes(node.expression.text);
      if (isStart && first !== undefined && compiler.isIdentifier(first)) names.push(first.text);
    }
    compiler.forEachChild(node, visit);
  };
  visit(compiler.createSourceFile(file, text, compiler.ScriptTarget.ES2022, true));
  return names;
}
