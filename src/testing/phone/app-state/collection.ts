/** One collection of the app state: its patches so far, and the hash over their sum. */
import type { RandomBytes } from "../../signal/index.js";
import type { Mutation } from "./actions.js";
import {
  emptyHash,
  indexMac,
  macOf,
  mixedHash,
  mutationKeys,
  openValue,
  patchMac,
  sealValue,
  snapshotMac,
  type AppStateKey,
  type MutationKeys,
  type Operation,
} from "./keys.js";
import { syncActionData, syncdPatch, type SyncdMutation } from "./proto.js";

const IV_LENGTH = 16;

/** What a companion changed. */
export interface AcceptedChange {
  /** Names it, e.g. `["archive", "<jid>"]`. */
  readonly index: readonly string[];
  readonly value: Readonly<Record<string, unknown>>;
}

/** The patches and the hash of one collection. */
export class AppStateCollection {
  readonly name: string;
  readonly #key: AppStateKey;
  readonly #keys: MutationKeys;
  readonly #random: RandomBytes;
  /** The patch to version n is at place n - 1. */
  readonly #patches: Buffer[] = [];
  /** The value MAC of each index. */
  readonly #values = new Map<string, Buffer>();
  #hash = emptyHash();

  constructor(name: string, key: AppStateKey, random: RandomBytes) {
    this.name = name;
    this.#key = key;
    this.#keys = mutationKeys(key);
    this.#random = random;
  }

  /** Number of patches. */
  get version(): number {
    return this.#patches.length;
  }

  /** The encoded patches after a version. */
  patchesAfter(version: number): readonly Buffer[] {
    return this.#patches.slice(version);
  }

  /** Adds what the phone did as one patch. */
  append(mutations: readonly Mutation[]): void {
    const sealed = mutations.map((mutation) => this.#seal(mutation));
    this.#mix(sealed);
    const version = this.version + 1;
    const keyId = { id: this.#key.keyId };
    const snapshot = snapshotMac(this.#keys, this.#hash, version, this.name);
    const macs = sealed.map((mutation) => macOf(mutation.record?.value?.blob ?? new Uint8Array(0)));
    const mac = patchMac(this.#keys, snapshot, macs, version, this.name);
    this.#patches.push(
      syncdPatch.encode({
        version: { version },
        mutations: sealed,
        snapshotMac: snapshot,
        patchMac: mac,
        keyId,
      }),
    );
  }

  /**
   * Applies a patch that a companion made from the present version. Returns what it changed, or what is wrong with it, as a text.
   */
  accept(encoded: Uint8Array): readonly AcceptedChange[] | string {
    const patch = syncdPatch.decode(encoded);
    const mutations = patch.mutations ?? [];
    const version = this.version + 1;
    const changes: AcceptedChange[] = [];
    for (const { operation = 0, record } of mutations) {
      const value = record?.value?.blob ?? new Uint8Array(0);
      const plain = openValue(this.#keys, this.#key, operation as Operation, value);
      if (plain === undefined) return "A change of the app state is not sealed with the account's key";
      const { index, value: what = {} } = syncActionData.decode(plain);
      if (!indexMac(this.#keys, index).equals(record?.index?.blob ?? new Uint8Array(0)))
        return "A change of the app state is filed under another index than it names";
      changes.push({ index: JSON.parse(Buffer.from(index).toString()) as string[], value: what });
    }
    const hashBefore = this.#hash;
    this.#mix(mutations);
    const snapshot = snapshotMac(this.#keys, this.#hash, version, this.name);
    if (!snapshot.equals(patch.snapshotMac ?? new Uint8Array(0))) {
      this.#hash = hashBefore;
      return "A patch of the app state leads to another state than it claims";
    }
    this.#patches.push(syncdPatch.encode({ ...patch, version: { version } }));
    return changes;
  }

  #seal({ index, value, version }: Mutation): SyncdMutation {
    const plainIndex = Buffer.from(JSON.stringify(index));
    const data = syncActionData.encode({ index: plainIndex, value, padding: new Uint8Array(0), version });
    const blob = sealValue(this.#keys, this.#key, 0, data, this.#random(IV_LENGTH));
    return {
      operation: 0,
      record: {
        index: { blob: indexMac(this.#keys, plainIndex) },
        value: { blob },
        keyId: { id: this.#key.keyId },
      },
    };
  }

  /** Updates the hash. Each index counts once: its earlier value is removed. */
  #mix(mutations: readonly SyncdMutation[]): void {
    const added: Buffer[] = [];
    const removed: Buffer[] = [];
    for (const { operation = 0, record } of mutations) {
      const place = Buffer.from(record?.index?.blob ?? new Uint8Array(0)).toString("base64");
      const before = this.#values.get(place);
      if (before !== undefined) removed.push(before);
      if (operation === 1) {
        this.#values.delete(place);
        continue;
      }
      const mac = macOf(record?.value?.blob ?? new Uint8Array(0));
      this.#values.set(place, mac);
      added.push(mac);
    }
    this.#hash = mixedHash(this.#hash, added, removed);
  }
}
