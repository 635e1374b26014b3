/** The app state of an account: what its devices agree on about chats and contacts, in five collections. */

import type { Account } from "../../network/account.js";
import type { CompanionDevice } from "../../network/companion-device.js";
import { serviceJid } from "../../wire/jid.js";
import type { Service } from "../../network/service.js";
import { bytesOf, childOf, childrenOf, node, type BinaryNode } from "../../wire/node.js";
import { collectionNames, mutationOf, type SyncAction } from "./actions.js";
import { AppStateCollection } from "./collection.js";
import type { AppStateKey } from "./keys.js";

export type { SyncAction } from "./actions.js";

const conflict = 409;
const badRequest = 400;

/** One account's. */
export class AppState {
  /** What its changes are encrypted with; companions get it from the phone. */
  readonly key: AppStateKey;
  readonly #service: Service;
  readonly #account: Account;
  readonly #collections: ReadonlyMap<string, AppStateCollection>;

  constructor(service: Service, account: Account) {
    this.#service = service;
    this.#account = account;
    const { random } = service;
    this.key = {
      keyId: Buffer.concat([Buffer.of(0, 0), random(4)]),
      keyData: Buffer.from(random(32)),
    };
    this.#collections = new Map(
      collectionNames.map((name) => [name, new AppStateCollection(name, this.key, random)]),
    );
  }

  /** The phone does something that its companions are told of. */
  do(action: SyncAction): void {
    const mutation = mutationOf(action, this.#service.seconds);
    const collection = this.#collections.get(mutation.collection);
    collection?.append([mutation]);
    this.#tell(mutation.collection);
  }

  /** Answers a companion that fetches or changes collections: the children of `sync`. */
  answer(device: CompanionDevice, sync: BinaryNode | undefined): readonly BinaryNode[] {
    const asked = childrenOf(sync, "collection");
    const names = asked.map(({ attrs }) => attrs.name ?? "");
    this.#service.hub.emit("app-state-fetched", { jid: device.jid, collections: names });
    return asked.map((query) => this.#answerOne(device, query));
  }

  #answerOne(device: CompanionDevice, { attrs, content }: BinaryNode): BinaryNode {
    const { name = "", version = "0" } = attrs;
    const collection = this.#collections.get(name);
    if (collection === undefined) return refusal(name, badRequest);
    const patch = bytesOf(childOf(node("collection", {}, content), "patch"));
    if (patch !== undefined && Number(version) !== collection.version)
      return refusal(name, conflict, collection);
    if (patch !== undefined && !this.#accept(device, collection, patch)) return refusal(name, badRequest);
    const before = patch === undefined ? Number(version) : collection.version;
    const patches = collection.patchesAfter(before).map((bytes) => node("patch", {}, bytes));
    const answer = { name, version: String(collection.version), type: "result" };
    return node("collection", answer, patches.length === 0 ? undefined : [node("patches", {}, patches)]);
  }

  #accept(device: CompanionDevice, collection: AppStateCollection, patch: Buffer): boolean {
    const outcome = collection.accept(patch);
    if (typeof outcome === "string") {
      if (device.connection !== undefined) this.#service.violation(device.connection, outcome);
      return false;
    }
    this.#service.hub.emit("app-state-changed", {
      jid: device.jid,
      collection: collection.name,
      indices: outcome,
    });
    this.#tell(collection.name, device);
    return true;
  }

  #tell(name: string, author?: CompanionDevice): void {
    const version = String(this.#collections.get(name)?.version ?? 0);
    const attrs = { from: serviceJid, type: "server_sync", t: String(this.#service.seconds) };
    for (const device of this.#account.devices) {
      if (device === author) continue;
      const id = this.#service.nextNotificationId();
      const changed = node("collection", { name, version });
      this.#service.post.deliver(device, node("notification", { ...attrs, id }, [changed]));
    }
  }
}

function refusal(name: string, code: number, collection?: AppStateCollection): BinaryNode {
  const version = collection === undefined ? undefined : String(collection.version);
  return node("collection", { name, version, type: "error" }, [node("error", { code: String(code) })]);
}
