/** Reads interfaces and type aliases of the source with their comments: what the generated tables are made of. */
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { ROOT } from "../pages.js";

/** A field of an interface or an object type. */
export interface Field {
  readonly name: string;
  readonly type: ts.TypeNode;
  readonly optional: boolean;
  /** Its comment as one line. */
  readonly text: string;
}

type Declaration = ts.InterfaceDeclaration | ts.TypeAliasDeclaration;

const declarations = new Map<string, Declaration>();
for (const path of readdirSync(join(ROOT, "src"), { recursive: true }) as string[]) {
  if (!path.endsWith(".ts") || path.startsWith("testing/wire")) continue;
  const text = readFileSync(join(ROOT, "src", path), "utf8");
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true);
  for (const statement of file.statements)
    if (
      (ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement)) &&
      statement.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) === true
    )
      declarations.set(`${path}#${statement.name.text}`, statement);
}

/** The exported declaration of a name; of several the one whose path is given. */
export function declarationOf(name: string, path?: string): Declaration | undefined {
  if (path !== undefined) return declarations.get(`${path}#${name}`);
  return [...declarations].find(([key]) => key.endsWith(`#${name}`))?.[1];
}

/** The fields of a declaration or a type: those of what it extends and joins included. */
export function fieldsOf(node: Declaration | ts.TypeNode): Field[] {
  if (ts.isInterfaceDeclaration(node)) {
    const parents = (node.heritageClauses ?? []).flatMap(({ types }) => [...types]);
    const inherited = parents.flatMap(({ expression }) =>
      ts.isIdentifier(expression) ? fieldsOfName(expression.text) : [],
    );
    return [...inherited, ...ownFields(node.members)];
  }
  if (ts.isTypeAliasDeclaration(node)) return fieldsOf(node.type);
  if (ts.isTypeLiteralNode(node)) return ownFields(node.members);
  if (ts.isIntersectionTypeNode(node)) return node.types.flatMap(fieldsOf);
  if (ts.isParenthesizedTypeNode(node)) return fieldsOf(node.type);
  if (ts.isTypeReferenceNode(node) && ts.isIdentifier(node.typeName)) return fieldsOfName(node.typeName.text);
  return [];
}

function fieldsOfName(name: string): Field[] {
  const found = declarationOf(name);
  return found === undefined ? [] : fieldsOf(found);
}

function ownFields(members: ts.NodeArray<ts.TypeElement>): Field[] {
  return members.flatMap((member) => {
    if (!ts.isPropertySignature(member) || member.type === undefined) return [];
    const name = ts.isStringLiteral(member.name) ? member.name.text : member.name.getText();
    return [
      { name, type: member.type, optional: member.questionToken !== undefined, text: commentOf(member) },
    ];
  });
}

/** The comment of a declaration as one line, without its tags. */
export function commentOf(node: ts.Node): string {
  const [comment] = ts.getJSDocCommentsAndTags(node).filter(ts.isJSDoc).slice(-1);
  const text = ts.getTextOfJSDocComment(comment?.comment) ?? "";
  return text
    .replace(/\{@link ([^}]+)\}/g, "`$1`")
    .replace(/\s+/g, " ")
    .trim();
}

/** A type as a reader writes it, on one line. */
export function typeText(type: ts.TypeNode): string {
  return type
    .getText()
    .replace(/\/\*\*[\s\S]*?\*\//g, "")
    .replace(/readonly /g, "")
    .replace(/ \| undefined$/, "")
    .replace(/\s+/g, " ");
}
