import { dirname, join } from 'node:path';
import type ts from 'typescript';
import { type Compiler, loadCompiler, type ModuleClass } from './compiler';
import { cliErrors } from './errors';
import { type PlannedFiles, relativeImport } from './generated-files';
import type { Project } from './project';

/** A text put in at a place. */
interface Insertion {
  readonly at: number;
  readonly text: string;
}

/**
 * The text of a module's file with something new in its decorator and among its imports; all else stays as it is.
 *
 * Fails with: CLI_MODULE_UNREADABLE where the decorator's list is not written out.
 */
export function registerInModule(project: Project, module: ModuleClass, planned: PlannedFiles): string {
  const editor = new ModuleEditor(loadCompiler(project), module, planned);
  const target = join(project.root, planned.source.path).replace(/\.ts$/, '');
  return editor.edit(relativeImport(posix(dirname(module.file)), posix(target)));
}

function posix(path: string): string {
  return path.replaceAll('\\', '/');
}

class ModuleEditor {
  readonly #compiler: Compiler;
  readonly #source: ts.SourceFile;
  readonly #module: ModuleClass;
  readonly #list: PlannedFiles['list'];
  readonly #name: string;
  readonly #newline: string;

  constructor(compiler: Compiler, module: ModuleClass, { list, className }: PlannedFiles) {
    this.#compiler = compiler;
    this.#module = module;
    this.#source = module.source;
    this.#list = list;
    this.#name = className;
    this.#newline = module.source.text.includes('\r\n') ? '\r\n' : '\n';
  }

  edit(specifier: string): string {
    if (this.#isBound()) throw this.#unreadable(`it has something called ${this.#name} already`);
    const mistake = this.#syntaxMistake();
    if (mistake !== undefined) throw this.#unreadable(mistake);
    const insertions = [this.#insertImport(specifier), this.#insertInDecorator()];
    let { text } = this.#source;
    for (const { at, text: added } of insertions.sort((a, b) => b.at - a.at)) {
      text = text.slice(0, at) + added + text.slice(at);
    }
    return text;
  }

  #isBound(): boolean {
    const compiler = this.#compiler;
    return this.#source.statements.some((statement) => {
      if (compiler.isClassDeclaration(statement)) return statement.name?.text === this.#name;
      if (!compiler.isImportDeclaration(statement)) return false;
      const bindings = statement.importClause?.namedBindings;
      return bindings !== undefined && compiler.isNamedImports(bindings)
        ? bindings.elements.some(({ name }) => name.text === this.#name)
        : false;
    });
  }

  /** A text with a mistake is read by guess, and would be changed where it is not meant. */
  #syntaxMistake(): string | undefined {
    const { text } = this.#source;
    const [first] = this.#compiler.transpileModule(text, { reportDiagnostics: true }).diagnostics ?? [];
    if (first === undefined) return undefined;
    const { line } = this.#source.getLineAndCharacterOfPosition(first.start ?? 0);
    return `line ${line + 1} is a syntax error (${this.#compiler.flattenDiagnosticMessageText(first.messageText, ' ')})`;
  }

  #insertImport(specifier: string): Insertion {
    const last = this.#source.statements.filter(this.#compiler.isImportDeclaration).at(-1);
    const written = last?.getText(this.#source) ?? ';';
    const quote = last?.moduleSpecifier.getText(this.#source).startsWith('"') === true ? '"' : "'";
    const line = `import { ${this.#name} } from ${quote}${specifier}${quote}${written.endsWith(';') ? ';' : ''}`;
    return last === undefined
      ? { at: 0, text: `${line}${this.#newline}` }
      : { at: last.getEnd(), text: `${this.#newline}${line}` };
  }

  #insertInDecorator(): Insertion {
    const compiler = this.#compiler;
    const { decorator } = this.#module;
    const [options] = decorator.arguments;
    const entry = `${this.#list}: [${this.#name}]`;
    if (options === undefined) return { at: decorator.getEnd() - 1, text: `{ ${entry} }` };
    if (!compiler.isObjectLiteralExpression(options)) throw this.#unreadable('its decorator is not given an object literal');
    const property = options.properties.find((it) => it.name?.getText(this.#source) === this.#list);
    if (property === undefined) {
      if (options.properties.some(compiler.isSpreadAssignment)) throw this.#unreadable('its options are spread from elsewhere');
      return options.properties.length === 0 ? insideEmpty(options, ` ${entry} `) : this.#after(options.properties, entry);
    }
    const value = compiler.isPropertyAssignment(property) ? property.initializer : undefined;
    if (value === undefined || !compiler.isArrayLiteralExpression(value)) {
      throw this.#unreadable(`its ${this.#list} are not written as an array`);
    }
    return value.elements.length === 0 ? this.#insideEmptyList(value) : this.#after(value.elements, this.#name);
  }

  /** Behind the last one: on a line of its own if that is; a comma that follows is followed by nothing new. */
  #after(nodes: ts.NodeArray<ts.Node>, text: string): Insertion {
    const last = nodes.at(-1) as ts.Node;
    const start = last.getStart(this.#source);
    const lineStart = this.#source.text.lastIndexOf('\n', start - 1) + 1;
    const before = this.#source.text.slice(lineStart, start);
    const ownLine = before.trim() === '';
    return { at: last.getEnd(), text: ownLine ? `,${this.#newline}${before}${text}` : `, ${text}` };
  }

  /** A bracket that begins its line has nothing but comments before it, and stays where it is. */
  #insideEmptyList(list: ts.ArrayLiteralExpression): Insertion {
    const end = list.getEnd() - 1;
    const indent = this.#source.text.slice(this.#source.text.lastIndexOf('\n', end) + 1, end);
    return { at: end, text: indent.trim() === '' ? `  ${this.#name},${this.#newline}${indent}` : this.#name };
  }

  #unreadable(reason: string): Error {
    const { file } = this.#module;
    return cliErrors.CLI_MODULE_UNREADABLE({ file, reason, name: this.#name, list: this.#list });
  }
}

function insideEmpty(node: ts.Node, text: string): Insertion {
  return { at: node.getEnd() - 1, text };
}
