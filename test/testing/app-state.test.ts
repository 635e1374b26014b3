/** The emulator's app state, read by the libraries with both of their checks of its seals turned on. */
import { randomBytes } from "node:crypto";
import { createRequire } from "node:module";
import * as baileys7 from "baileys-7";
import { describe, expect, it } from "vitest";
import { mutationOf, type SyncAction } from "../../src/testing/phone/app-state/actions.js";
import { AppStateCollection } from "../../src/testing/phone/app-state/collection.js";
import { emptyHash, mixedHash } from "../../src/testing/phone/app-state/keys.js";

interface Theirs {
  readonly proto: { SyncdPatch: { decode(bytes: Uint8Array): unknown } };
  newLTHashState(): { version: number };
  /** Whaileys takes a listener between the key's finder and the rest, Baileys 7 gives a map. */
  decodePatches(...args: unknown[]): Promise<{ state: { version: number }; mutationMap?: object }>;
}

const require = createRequire(import.meta.url);
const whaileys = require("whaileys") as Theirs;
const ltHash = (
  require("whaileys/lib/Utils/lt-hash") as {
    LT_HASH_ANTI_TAMPERING: {
      subtractThenAdd(hash: ArrayBuffer, add: ArrayBuffer[], subtract: ArrayBuffer[]): ArrayBuffer;
    };
  }
).LT_HASH_ANTI_TAMPERING;

interface Decoded {
  readonly index: readonly string[];
  readonly value: Readonly<Record<string, unknown>>;
}

type Read = (
  collection: AppStateCollection,
  state?: unknown,
  patches?: readonly Buffer[],
) => Promise<{ readonly state: { version: number }; readonly seen: readonly Decoded[] }>;

const key = { keyId: randomBytes(6), keyData: randomBytes(32) };
const findKey = async (id: string): Promise<unknown> =>
  id === key.keyId.toString("base64") ? { keyData: key.keyData } : undefined;

const shown = (mutation: { syncAction: { value: unknown }; index: readonly string[] }): Decoded => ({
  index: mutation.index,
  value: JSON.parse(JSON.stringify(mutation.syncAction.value)) as Decoded["value"],
});

const LIBRARIES: readonly { readonly name: string; readonly read: Read }[] = [
  {
    name: "whaileys",
    read: async (collection, state = whaileys.newLTHashState(), patches = collection.patchesAfter(0)) => {
      const seen: Decoded[] = [];
      const decoded = patches.map((bytes) => whaileys.proto.SyncdPatch.decode(bytes));
      const listener = (mutation: Parameters<typeof shown>[0]): void => void seen.push(shown(mutation));
      const result = await whaileys.decodePatches(
        collection.name,
        decoded,
        state,
        findKey,
        listener,
        {},
        undefined,
        undefined,
        true,
      );
      return { state: result.state, seen };
    },
  },
  {
    name: "Baileys 7",
    read: async (collection, state = baileys7.newLTHashState(), patches = collection.patchesAfter(0)) => {
      const theirs = baileys7 as unknown as Theirs;
      const decoded = patches.map((bytes) => theirs.proto.SyncdPatch.decode(bytes));
      const result = await theirs.decodePatches(
        collection.name,
        decoded,
        state,
        findKey,
        {},
        undefined,
        undefined,
        true,
      );
      const seen = Object.values(result.mutationMap ?? {}).map((one) =>
        shown(one as Parameters<typeof shown>[0]),
      );
      return { state: result.state, seen };
    },
  },
];

const chat = "5511999990002@s.whatsapp.net";
const ACTIONS: readonly SyncAction[] = [
  { kind: "archive", chat, archived: true },
  { kind: "mute", chat, until: 1_900_000_000_000 },
  { kind: "mute", chat, until: null },
  { kind: "pin", chat, pinned: true },
  { kind: "read", chat, read: false },
  { kind: "delete-chat", chat },
  { kind: "clear-chat", chat },
  { kind: "delete-message", chat, id: "ABC", fromMe: false },
  { kind: "star", chat, id: "ABC", fromMe: true, starred: true },
  { kind: "contact", jid: chat, name: "Bruno Lima" },
  { kind: "push-name", name: "Ana" },
];

const collectionNamed = (name: string): AppStateCollection => new AppStateCollection(name, key, randomBytes);

describe.each(LIBRARIES)("the app state, as $name reads it", ({ read }) => {
  it.each(ACTIONS)("has %j, sealed as it must be", async (action) => {
    const mutation = mutationOf(action, 1_700_000_000);
    const collection = collectionNamed(mutation.collection);
    collection.append([mutation]);
    const { state, seen } = await read(collection);
    expect(state.version).toBe(1);
    expect(seen).toMatchObject([{ index: mutation.index }]);
    expect(Object.keys(seen[0]?.value ?? {})).toEqual(expect.arrayContaining(Object.keys(mutation.value)));
  });

  it("adds up over many patches, with an index that changes again and again, and is taken up where a client left it", async () => {
    const collection = collectionNamed("regular_low");
    const archive = (archived: boolean) => mutationOf({ kind: "archive", chat, archived }, 1_700_000_000);
    const pin = mutationOf({ kind: "pin", chat, pinned: true }, 1_700_000_000);
    collection.append([archive(true)]);
    collection.append([archive(false), pin]);
    const { state } = await read(collection);
    expect(state.version).toBe(2);
    for (let turn = 0; turn < 5; turn += 1) collection.append([archive(turn % 2 === 0)]);
    const later = await read(collection, state, collection.patchesAfter(2));
    expect(later.state.version).toBe(7);
    expect((await read(collection)).state).toEqual(later.state);
  });

  it("is refused when one byte of a patch was changed", async () => {
    const collection = collectionNamed("regular_low");
    collection.append([mutationOf({ kind: "pin", chat, pinned: true }, 1)]);
    const [patch] = collection.patchesAfter(0);
    const spoilt = Buffer.from(patch ?? Buffer.alloc(0));
    // In the ciphertext, which makes most of it.
    spoilt[60] = (spoilt[60] ?? 0) ^ 1;
    // whaileys refuses the patch, Baileys 7 leaves the change out.
    const believed = await read(collection, undefined, [spoilt]).then(
      ({ seen }) => seen,
      () => [],
    );
    expect(believed).toEqual([]);
    expect((await read(collection)).seen).toHaveLength(1);
  });
});

describe("the hash over an app state", () => {
  it("is the one that the libraries compute, whatever is put in and taken out", () => {
    const macs = Array.from({ length: 6 }, () => randomBytes(32));
    const [a, b, c, d, e, f] = macs as [Buffer, Buffer, Buffer, Buffer, Buffer, Buffer];
    const start = mixedHash(emptyHash(), [a, b, c], []);
    const buffers = (list: Buffer[]): ArrayBuffer[] => list.map((mac) => new Uint8Array(mac).buffer);
    const theirs = ltHash.subtractThenAdd(new Uint8Array(start).buffer, buffers([d, e]), buffers([a, c]));
    expect(mixedHash(start, [d, e], [a, c]).equals(Buffer.from(theirs))).toBe(true);
    expect(mixedHash(mixedHash(start, [f], []), [], [f]).equals(start)).toBe(true);
  });
});
