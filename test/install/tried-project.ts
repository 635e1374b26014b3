/** The project of a new user, as `npm run try:install` makes it: programs of every kind, and one library. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { TYPED_PROGRAM } from "../package/typed.js";
import type { Client } from "./install-clients.js";

/** The libraries, and how a program uses each. */
export const LIBRARIES = {
  whaileys: { packages: { whaileys: "6.4.9" }, factory: "", imports: "" },
  baileys: {
    packages: { baileys: "7.0.0-rc14" },
    factory: `, socketFactory: baileys7(() => import("baileys"))`,
    imports: ", baileys7",
  },
} as const;
/** The name of a library. */
export type Library = keyof typeof LIBRARIES;

function program(library: Library): string {
  return `
  const emulator = await WhatsAppEmulator.start();
  const phone = emulator.addPhone({ phoneNumber: "5511999990001" });
  const manager = new SessionManager({ store: "memory:", whatsapp: { ...emulator.whatsapp${LIBRARIES[library].factory} } });
  manager.on("session.qr", ({ value }) => phone.scan(value));
  const { id } = await manager.create({ name: "tried" });
  await manager.connect(id);
  const { phoneNumber } = await manager.waitFor(id, "connected", { timeoutMs: 20000 });
  console.log("connected", phoneNumber);
  await manager.stop();
  await emulator.stop();`;
}

const JEST = (library: Library): string => `
const { SessionManager } = require("zpwoot");
const { createHttpHandler } = require("zpwoot/http");
const { WhatsAppEmulator } = require("zpwoot/testing");
require("zpwoot/client"); require("zpwoot/metrics");
test("links", async () => {
  expect(typeof createHttpHandler).toBe("function");
  ${library === "whaileys" ? program("whaileys") : "await (await WhatsAppEmulator.start()).stop(); await new SessionManager({ store: 'memory:' }).stop();"}
}, 60000);
`;

/** Writes a project that has the tarball and one library as its dependencies. */
export async function makeProject(
  folder: string,
  library: Library,
  { files }: Client,
  tarball: string,
): Promise<void> {
  const { imports, packages } = LIBRARIES[library];
  const from = (name: string): string => (name === "" ? "zpwoot" : `zpwoot/${name}`);
  const given = files(library);
  const project = {
    ...{ name: "tried", private: true, version: "1.0.0" },
    dependencies: { zpwoot: `file:${tarball}`, ...packages },
    devDependencies: { jest: "^30", typescript: "~5.9", "@types/node": "^22" },
    ...(given.packageJson ?? {}),
  };
  const esm = `import { SessionManager${imports} } from "${from("")}";\nimport { WhatsAppEmulator } from "${from("testing")}";\n${program(library)}`;
  const cjs = `const { SessionManager${imports} } = require("${from("")}");\nconst { WhatsAppEmulator } = require("${from("testing")}");\n(async () => {${program(library)}\n})();`;
  const all: Readonly<Record<string, string>> = {
    "package.json": JSON.stringify(project, undefined, 2),
    "app.mjs": esm,
    "app.cjs": cjs,
    "links.test.js": JEST(library),
    "typed.mts": TYPED_PROGRAM,
    "typed.ts": TYPED_PROGRAM,
    ...given.others,
  };
  await mkdir(folder, { recursive: true });
  for (const [name, text] of Object.entries(all)) await writeFile(join(folder, name), text);
}
