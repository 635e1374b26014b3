/** Every block of TypeScript in the pages, compiled against the source as strictly as zpwoot itself. */
import { join } from "node:path";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import { ROOT, allBlocks, withEarlier, type CodeBlock } from "./pages.js";

const blocks = await allBlocks("ts", "js");
/** Where the compiler believes the blocks to be: in the repository, so that packages resolve as they do for a reader. */
const FOLDER = join(ROOT, "docs-blocks");
const AMBIENT = join(FOLDER, "ambient.d.ts");
const files = new Map(blocks.map((block, index) => [join(FOLDER, `block-${index}.ts`), block]));

/** `declare const manager: …` and so on for each name that blocks may take for granted. */
function ambientText(): string {
  const names = join(ROOT, "test/docs/fragment-names.ts");
  const { statements } = ts.createSourceFile(names, ts.sys.readFile(names) ?? "", ts.ScriptTarget.ES2022);
  const members = statements.filter(ts.isInterfaceDeclaration).flatMap(({ members: all }) => [...all]);
  return members
    .map((member) => (member.name !== undefined && ts.isIdentifier(member.name) ? member.name.text : ""))
    .map(
      (name) => `declare const ${name}: import("../test/docs/fragment-names.js").FragmentNames["${name}"];`,
    )
    .join("\n");
}

/** The compiler's complaints about each block, with the line of the page. */
function complaints(): Map<CodeBlock, string[]> {
  const path = join(ROOT, "tsconfig.json");
  const { config } = ts.readConfigFile(path, (file) => ts.sys.readFile(file)) as { config: unknown };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, ROOT, { noUnusedLocals: false }, path);
  // What the page says to install under its own name is here under another.
  options.paths = { ...options.paths, baileys: ["./node_modules/baileys-7/lib/index.d.ts"] };
  const texts = new Map([[AMBIENT, ambientText()]]);
  for (const [file, block] of files) texts.set(file, `${withEarlier(block, blocks)}\nexport {};\n`);
  const host = ts.createCompilerHost(options);
  const readFile = host.readFile.bind(host);
  const fileExists = host.fileExists.bind(host);
  host.readFile = (file) => texts.get(file) ?? readFile(file);
  host.fileExists = (file) => texts.has(file) || fileExists(file);
  const getSourceFile = host.getSourceFile.bind(host);
  host.getSourceFile = (file, languageVersion, ...rest) => {
    const text = texts.get(file);
    if (text === undefined) return getSourceFile(file, languageVersion, ...rest);
    const format = {
      languageVersion: ts.ScriptTarget.ES2022,
      impliedNodeFormat: ts.ModuleKind.ESNext,
    } as const;
    return ts.createSourceFile(file, text, format, true);
  };
  const program = ts.createProgram({ rootNames: [...texts.keys()], options, host });
  const found = new Map<CodeBlock, string[]>();
  for (const [file, block] of files) {
    const source = program.getSourceFile(file);
    const all = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
    found.set(
      block,
      all.map((diagnostic) => sentence(diagnostic, block)),
    );
  }
  return found;
}

function sentence({ messageText, file, start = 0 }: ts.Diagnostic, block: CodeBlock): string {
  const earlier = withEarlier(block, blocks).split("\n").length - block.code.split("\n").length;
  const line = (file?.getLineAndCharacterOfPosition(start).line ?? 0) - earlier;
  return `${block.page}:${block.line + line}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`;
}

describe("a block of TypeScript", () => {
  const found = complaints();

  it.each(blocks.map((block) => [`${block.place} (line ${block.line})`, block] as const))(
    "compiles: %s",
    (_, block) => {
      expect(found.get(block)).toEqual([]);
    },
  );
});
