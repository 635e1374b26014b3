import { describe, expect, it } from "vitest";
import {
  circles,
  foldersOf,
  forbidden,
  loadedAtOnce,
  readImports,
  within,
  type Import,
} from "../support/imports.js";

describe("the order of the folders of src", () => {
  it("is kept by every import, type imports included", async () => {
    expect(forbidden(await readImports())).toEqual([]);
  });

  it("is broken by an import that goes up, sideways or past a folder's own table", () => {
    const planted = [
      ["api/events.ts", "session/state.ts"],
      ["store/store.ts", "whatsapp/library.ts"],
      ["session/session.ts", "store/store.ts"],
      ["session/session.ts", "auth/auth-state.ts"],
      ["events/event-hub.ts", "webhooks/index.ts"],
      ["manager/compose.ts", "http/index.ts"],
      ["http/core.ts", "manager/session-manager.ts"],
      ["client/client.ts", "http/core.ts"],
      ["testing/emulator.ts", "api/events.ts"],
      ["newcomer/file.ts", "errors.ts"],
    ] as const;
    const imports = planted.map(([file, target]) => ({ file, target, typeOnly: true }));
    expect(forbidden(imports)).toHaveLength(planted.length);
  });

  it("leaves no circle of files", async () => {
    expect(circles(await readImports())).toEqual([]);
  });

  it("leaves no circle in any folder, its sub-folders seen as one place each", async () => {
    const all = await readImports();
    const found = foldersOf(all).map((folder) => [folder, circles(within(all, folder))] as const);
    expect(found.filter(([, groups]) => groups.length > 0)).toEqual([]);
  });

  it("finds a circle that somebody makes", () => {
    const ring: Import[] = [
      { file: "a/one.ts", target: "b/two.ts", typeOnly: true },
      { file: "b/two.ts", target: "c/three.ts", typeOnly: false },
      { file: "c/three.ts", target: "a/one.ts", typeOnly: true },
      { file: "a/one.ts", target: "d/four.ts", typeOnly: false },
    ];
    expect(circles(ring)).toEqual([["a/one.ts", "b/two.ts", "c/three.ts"]]);
    expect(circles(within(ring, ""))).toEqual([["a", "b", "c"]]);
  });
});

describe("the cluster", () => {
  const isOfIt = ({ target }: Import): boolean => target.startsWith("cluster/");

  it("is not loaded by a process that does not ask for it", async () => {
    const entries = ["index.ts", "http/index.ts", "client/index.ts", "metrics/index.ts", "testing/index.ts"];
    expect(loadedAtOnce(entries, await readImports()).filter(isOfIt)).toEqual([]);
  });

  it("is not loaded by the command, but for the check of its options", async () => {
    const found = loadedAtOnce(["cli/main.ts", "cli/serve.ts"], await readImports()).filter(isOfIt);
    expect(new Set(found.map(({ target }) => target))).toEqual(new Set(["cluster/options.ts"]));
  });

  it("is loaded by its own entry, or when the command is a node", async () => {
    const imports = await readImports();
    expect(loadedAtOnce(["cluster/index.ts"], imports).filter(isOfIt).length).toBeGreaterThan(20);
    const lazily = imports.filter(
      ({ file, target, lazy }) => lazy && target.startsWith("cluster/") && !file.startsWith("cluster/"),
    );
    expect(lazily.map(({ file, target }) => [file, target])).toEqual([
      ["cli/cluster-plan.ts", "cluster/index.ts"],
    ]);
  });
});

describe("packages", () => {
  it("whaileys gives values to one file only", async () => {
    const values = (await readImports()).filter(
      ({ target, typeOnly }) => /^package:whaileys(\/|$)/.test(target) && !typeOnly,
    );
    expect(new Set(values.map(({ file }) => file))).toEqual(new Set(["whatsapp/libraries/whaileys.ts"]));
  });

  it("are not loaded by the client, which runs in a browser; of the rest it takes types", async () => {
    const foreign = (await readImports()).filter(
      ({ file, target, typeOnly }) =>
        file.startsWith("client/") && !target.startsWith("client/") && !typeOnly,
    );
    expect(foreign).toEqual([]);
  });
});
