/** The names that an entry of the package exports, values and types alike, read from its source. */
import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import ts from "typescript";

/** Every exported name of a module, sorted; `export * from` is followed. */
export async function exportedNames(path: string): Promise<string[]> {
  const source = ts.createSourceFile(path, await readFile(path, "utf8"), ts.ScriptTarget.ES2022);
  const names = await Promise.all(source.statements.map((statement) => namesOf(statement, path)));
  return [...new Set(names.flat())].sort();
}

async function namesOf(statement: ts.Statement, path: string): Promise<string[]> {
  if (ts.isExportDeclaration(statement)) {
    const { exportClause, moduleSpecifier } = statement;
    if (exportClause !== undefined)
      return ts.isNamedExports(exportClause) ? exportClause.elements.map(({ name }) => name.text) : [];
    if (moduleSpecifier === undefined || !ts.isStringLiteral(moduleSpecifier)) return [];
    return exportedNames(resolve(dirname(path), moduleSpecifier.text.replace(/\.js$/, ".ts")));
  }
  const modifiers = ts.canHaveModifiers(statement) ? (ts.getModifiers(statement) ?? []) : [];
  return modifiers.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) ? declaredNames(statement) : [];
}

function declaredNames(statement: ts.Statement): string[] {
  if (ts.isVariableStatement(statement))
    return statement.declarationList.declarations.flatMap(({ name }) =>
      ts.isIdentifier(name) ? [name.text] : [],
    );
  const named =
    ts.isFunctionDeclaration(statement) ||
    ts.isClassDeclaration(statement) ||
    ts.isInterfaceDeclaration(statement) ||
    ts.isTypeAliasDeclaration(statement);
  return named && statement.name !== undefined ? [statement.name.text] : [];
}
