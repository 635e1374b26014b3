/** Runs a block of TypeScript as a reader would: as a program of its own, with the packages that it imports. */
import ts from "typescript";
import { AROUND } from "./around-blocks.js";
import type { DocsWorld } from "./world.js";

type Program = (...values: unknown[]) => Promise<void>;
const AsyncFunction = Object.getPrototypeOf(async () => undefined).constructor as new (
  ...parametersAndBody: string[]
) => Program;

/** A picture somewhere in the net: here it is on this machine. */
const PICTURE = "https://example.com/menu.jpg";

/** Settles when the block has run to its end, and its listeners have done what they are for. Rejects with what it throws. */
export async function runBlock(code: string, world: DocsWorld): Promise<void> {
  const around = AROUND.filter(({ word }) => word.test(code));
  const id = await (around.find(({ session }) => session)?.session?.(world) ?? world.linked());
  const names = { ...(await world.names(id)), console: world.console };
  const { outputText } = ts.transpileModule(code.replaceAll(PICTURE, world.pictureUrl), {
    compilerOptions: {
      module: ts.ModuleKind.CommonJS,
      target: ts.ScriptTarget.ES2022,
      esModuleInterop: false,
    },
  });
  const wanted = [...outputText.matchAll(/require\("([^"]+)"\)/g)].map(([, name = ""]) => name);
  const packages = await world.packages(wanted);
  const require = (name: string): unknown => packages.get(name);
  // In a function within, so that the block may declare these names itself.
  const body = `return (async () => {${outputText}\n})();`;
  const program = new AsyncFunction("require", "exports", "module", ...Object.keys(names), body);
  const exported = {};
  const running = program(require, exported, { exports: exported }, ...Object.values(names));
  await Promise.all([running, ...around.map(({ meanwhile }) => meanwhile?.(world, id))]);
  for (const { then } of around) await then?.(world);
}
