/** The app state of an account: what its devices share about chats and contacts, in five collections. */
import type { Account } from "../../network/account.js";
import type { CompanionDevice } from "../../network/companion-device.js";
import { SERVICE_JID } from "../../wire/jid.js";
import type { Network } from "../../network/network.js";
import { bytesOf, childOf, childrenOf, node, type BinaryNode } from "../../wire/node.js";
import { COLLECTION_NAMES, mutationOf, type SyncAction } from "./actions.js";
import { AppStateCollection } from "./collection.js";
import type { AppStateKey } from "./keys.js";

const CONFLICT = 409;
const BAD_REQUEST = 400;

/** The app state of one account. */
export class AppState {
  /** Encrypts its changes; companions get it from the phone. */
  readonly key: AppStateKey;
  readonly #network: Network;
  readonly #account: Account;
  readonly #collections: ReadonlyMap<string, AppStateCollection>;

  constructor(network: Network, account: Account) {
    this.#network = network;
    this.#account = account;
    const { random } = network.context;
    this.key = {
      keyId: Buffer.concat([Buffer.of(0, 0), random(4)]),
      keyData: Buffer.from(random(32)),
    };
    this.#collections = new Map(
      COLLECTION_NAMES.map((name) => [name, new AppStateCollection(name, this.key, random)]),
    );
  }

  /** The phone does something that its companions are notified of. */
  apply(action: SyncAction): void {
    if (action.kind === "push-name") this.#account.name = action.name;
    const mutation = mutationOf(action, this.#network.context.seconds);
    const collection = this.#collections.get(mutation.collection);
    collection?.append([mutation]);
    this.#notify(mutation.collection);
  }

  /** Answers a companion that fetches or changes collections: the children of `sync`. */
  answer(device: CompanionDevice, sync: BinaryNode | undefined): readonly BinaryNode[] {
    const asked = childrenOf(sync, "collection");
    const names = asked.map(({ attrs }) => attrs.name ?? "");
    this.#network.context.events.emit("app-state-fetched", { jid: device.jid, collections: names });
    return asked.map((query) => this.#answerOne(device, query));
  }

  #answerOne(device: CompanionDevice, { attrs, content }: BinaryNode): BinaryNode {
    const { name = "", version = "0" } = attrs;
    const collection = this.#collections.get(name);
    if (collection === undefined) return refusal(name, BAD_REQUEST);
    const patch = bytesOf(childOf(node("collection", {}, content), "patch"));
    if (patch !== undefined && Number(version) !== collection.version)
      return refusal(name, CONFLICT, collection);
    if (patch !== undefined && !this.#accept(device, collection, patch)) return refusal(name, BAD_REQUEST);
    const before = patch === undefined ? Number(version) : collection.version;
    const patches = collection.patchesAfter(before).map((bytes) => node("patch", {}, bytes));
    const answer = { name, version: String(collection.version), type: "result" };
    return node("collection", answer, patches.length === 0 ? undefined : [node("patches", {}, patches)]);
  }

  #accept(device: CompanionDevice, collection: AppStateCollection, patch: Buffer): boolean {
    const outcome = collection.accept(patch);
    if (typeof outcome === "string") {
      device.connection?.reportViolation(outcome);
      return false;
    }
    this.#network.context.events.emit("app-state-changed", {
      jid: device.jid,
      collection: collection.name,
      indices: outcome.map(({ index }) => index),
    });
    for (const { index, value } of outcome) this.#noteName(index, value);
    this.#notify(collection.name, device);
    return true;
  }

  /** A companion gave the user another name. */
  #noteName([kind]: readonly string[], { pushNameSetting }: Readonly<Record<string, unknown>>): void {
    const { name } = (pushNameSetting ?? {}) as { readonly name?: string };
    if (kind === "setting_pushName" && name !== undefined) this.#account.name = name;
  }

  #notify(name: string, author?: CompanionDevice): void {
    const version = String(this.#collections.get(name)?.version ?? 0);
    for (const device of this.#account.devices) {
      if (device === author) continue;
      const change = node("collection", { name, version });
      this.#network.router.notify(device, { from: SERVICE_JID, type: "server_sync" }, change);
    }
  }
}

function refusal(name: string, code: number, collection?: AppStateCollection): BinaryNode {
  const version = collection === undefined ? undefined : String(collection.version);
  return node("collection", { name, version, type: "error" }, [node("error", { code: String(code) })]);
}
