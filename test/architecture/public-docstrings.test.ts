import { join, posix } from 'node:path';
import ts from 'typescript';
import { ROOT, listFiles, readText } from './checkout';

const files = new Map(listFiles(join(ROOT, 'lib')).map((path) => [path, readText(`lib/${path}`)]));

interface PublicName {
  readonly name: string;
  readonly file: string;
}

function parse(path: string, source: string): ts.SourceFile {
  return ts.createSourceFile(path, source, ts.ScriptTarget.ES2022, true);
}

/** What a barrel takes from where; `export *` takes all. */
function namesOf(barrel: string): PublicName[] {
  return parse(barrel, files.get(barrel) ?? '')
    .statements.filter(ts.isExportDeclaration)
    .flatMap((statement) => {
      const { moduleSpecifier, exportClause } = statement;
      if (moduleSpecifier === undefined || !ts.isStringLiteral(moduleSpecifier)) return [];
      const file = `${posix.join(posix.dirname(barrel), moduleSpecifier.text)}.ts`;
      if (exportClause === undefined) return [...declarationsOf(file).keys()].map((name) => ({ name, file }));
      return ts.isNamedExports(exportClause)
        ? exportClause.elements.map(({ name, propertyName }) => ({ name: (propertyName ?? name).text, file }))
        : [];
    });
}

/** The exported declarations of a file by name, and whether one of each name has a docstring. */
function declarationsOf(file: string): Map<string, boolean> {
  const found = new Map<string, boolean>();
  for (const statement of parse(file, files.get(file) ?? '').statements) {
    const isExported =
      ts.canHaveModifiers(statement) && ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword);
    if (isExported !== true) continue;
    const documented = ts.getJSDocCommentsAndTags(statement).length > 0;
    for (const name of namesDeclaredBy(statement)) found.set(name, documented || found.get(name) === true);
  }
  return found;
}

function namesDeclaredBy(statement: ts.Statement): string[] {
  if (ts.isVariableStatement(statement)) return statement.declarationList.declarations.map(({ name }) => name.getText());
  const { name } = statement as ts.DeclarationStatement;
  return name === undefined ? [] : [name.getText()];
}

it('says of every public name what it is', () => {
  const names = ['index.ts', 'testing/index.ts'].flatMap(namesOf);
  const silent = names
    .filter(({ name, file }) => declarationsOf(file).get(name) !== true)
    .map(({ name, file }) => `${file}: ${name}`);
  expect(silent).toEqual([]);
  expect(names).not.toEqual([]);
});
