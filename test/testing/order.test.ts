/** The order of the emulator's folders, as src/testing/README.md draws it. */
import { expect, it } from "vitest";
import { readImports } from "../support/imports.js";

/** What the files of each folder may import, beside their own folder. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  admin: [
    ...["page", "wire", "context", "phone"],
    ...["companion-facts.ts", "emulator-options.ts", "virtual-group.ts", "virtual-phone.ts"],
  ],
  page: [],
  "client-ways": [],
  signal: [],
  wire: ["signal"],
  context: ["signal", "wire"],
  network: ["signal", "wire", "context"],
  phone: ["signal", "wire", "context", "network"],
  server: ["signal", "wire", "context", "network"],
};

it("keeps the order of the emulator's folders, type imports included", async () => {
  const inside = (await readImports()).filter(
    ({ file, target }) => file.startsWith("testing/") && target.startsWith("testing/"),
  );
  const folders = inside.map(({ file, target }) => ({
    file,
    target,
    from: folderOf(file),
    to: folderOf(target),
  }));
  const wrong = folders.filter(
    ({ from, to }) => from in MAY_IMPORT && from !== to && MAY_IMPORT[from]?.includes(to) !== true,
  );
  expect(wrong).toEqual([]);
  // A folder that was renamed would otherwise escape.
  expect(folders.map(({ from }) => from)).toEqual(expect.arrayContaining(Object.keys(MAY_IMPORT)));
});

/** The folder below `testing/`; of a file at its top the file itself. */
function folderOf(path: string): string {
  return path.split("/")[1] ?? path;
}
