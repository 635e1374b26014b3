/** The service's side of a client that is not linked yet: QR references, pairing codes, and the link itself. */

import { ZpwootError } from "../../errors.js";
import { CompanionDevice, type DeviceKeys } from "../network/companion-device.js";
import type { Connection, StanzaHandler } from "./connection.js";
import { settle, type WaitOptions } from "../context/event-hub.js";
import { makeDeviceIdentity, verifyDeviceSignature } from "../wire/adv.js";
import type { Account } from "../network/account.js";
import { result, type Service } from "../network/service.js";
import { bytesOf, childOf, node, type BinaryNode } from "../wire/node.js";
import { serviceJid } from "../wire/jid.js";

/** What an unlinked client said about itself. */
export interface RegistrationFacts {
  readonly keys: DeviceKeys;
  readonly platform: string;
}

/** A link in progress: the phone's promise was sent, the companion's signature is awaited. */
interface PendingLink {
  readonly queryId: string;
  readonly device: CompanionDevice;
  readonly details: Uint8Array;
  resolve(device: CompanionDevice): void;
  reject(error: Error): void;
}

const refByteLength = 96;

/** An unlinked client on its connection. */
export class Registration implements StanzaHandler {
  readonly connection: Connection;
  readonly facts: RegistrationFacts;
  readonly #service: Service;
  /** Secrets in QR codes that are worth nothing any more. */
  readonly #retired = new Set<string>();
  #pending: PendingLink | undefined;

  constructor(service: Service, connection: Connection, facts: RegistrationFacts) {
    this.#service = service;
    this.connection = connection;
    this.facts = facts;
  }

  /** Sends the references that clients turn into QR codes. */
  issueRefs(): void {
    this.connection.step("pair-device", {
      go: () => this.#sendRefs(),
      duplicate: () => {
        this.#sendRefs();
        this.#sendRefs();
      },
    });
  }

  #sendRefs(): void {
    const { refCount, refLifetimeMs } = this.#service.behaviour;
    const newRef = (): string => `2@${Buffer.from(this.#service.random(refByteLength)).toString("base64")}`;
    const refs = Array.from({ length: refCount }, newRef);
    for (const ref of refs) this.#service.linking.addRef(ref, this, refLifetimeMs);
    this.#set(
      "pair-device",
      refs.map((ref) => node("ref", {}, Buffer.from(ref))),
    );
    this.#service.hub.emit("refs-issued", { ...this.connection.facts, count: refs.length });
  }

  /** Links the client to a phone. Throws when the service asks for more than a scan. Settles when the client's signature was verified; see `VirtualPhone.scan`. */
  link(account: Account, advSecret: Uint8Array, options: WaitOptions): Promise<CompanionDevice> {
    if (this.#pending !== undefined) throw refusal("The companion is being linked already.");
    const { connection, facts } = this;
    this.#guard(advSecret);
    const device = new CompanionDevice(account, account.allotDeviceNumber(), facts.keys, facts.platform);
    const identity = makeDeviceIdentity({
      phoneIdentity: account.identity,
      companionIdentity: facts.keys.identityKey,
      keyIndex: device.keyIndex,
      timestamp: this.#service.seconds,
      secret: this.#service.behaviour.wrongHmac ? this.#service.random(32) : advSecret,
      random: this.#service.random,
    });
    return settle<CompanionDevice>("the companion to sign its identity", options, (resolve, reject) => {
      const go = (): void => {
        const queryId = this.#set("pair-success", [
          node("device-identity", {}, identity.sealed),
          node("device", { jid: device.jid, lid: device.lid }),
          node("platform", { name: "android" }),
        ]);
        this.#pending = { queryId, device, details: identity.details, resolve, reject };
      };
      const replaced = (): void => reject(refusal("A fault rule replaced pair-success."));
      connection.step("pair-success", { go, replaced, phoneNumber: account.phoneNumber });
      return () => (this.#pending = undefined);
    });
  }

  /** Ends a scan where the service asks for more than it: a new secret, or a passkey. */
  #guard(advSecret: Uint8Array): void {
    const { behaviour } = this.#service;
    const secret = Buffer.from(advSecret).toString("base64");
    if (this.#retired.has(secret)) {
      throw new ZpwootError("INVALID_INPUT", "The secret in this QR code was retired: scan the newest code.");
    }
    if (behaviour.passkeyGate) {
      this.#notify("passkey_prologue_request");
      throw refusal("The account is guarded by a passkey.");
    }
    if (behaviour.refreshScans <= 0) return;
    behaviour.refreshScans -= 1;
    this.#retired.add(secret);
    this.#notify("companion_reg_refresh");
    throw refusal("The service asked the client for a new secret: scan the code it draws now.");
  }

  #notify(type: string): void {
    const id = this.connection.nextQueryId();
    const t = String(this.#service.seconds);
    this.connection.send(node("notification", { from: serviceJid, type, id, t }, [node(type)]));
  }

  handle(stanza: BinaryNode): void {
    if (stanza.tag === "iq") return this.#query(stanza);
    // In the pairing-code flow whaileys announces an empty presence; Baileys 7 sends ib. Both are ignored here.
    if (stanza.tag === "presence" || stanza.tag === "ack" || stanza.tag === "ib") return;
    this.#service.unknown(this.connection, stanza);
  }

  closed(): void {
    this.#service.linking.forget(this);
    this.#pending?.reject(refusal("The companion closed the connection before it signed its identity."));
  }

  #query(iq: BinaryNode): void {
    const { type, id, xmlns } = iq.attrs;
    const child = childOf(iq);
    if (type === "result" || type === "error") {
      if (id === this.#pending?.queryId && this.#pending !== undefined) this.#signed(iq, this.#pending);
      return;
    }
    if (xmlns === "md" && child?.tag === "link_code_companion_reg") {
      return this.#service.linking.codes.handle(this, iq, child);
    }
    if (xmlns === "w:p")
      return this.connection.send(result(iq, undefined, { t: String(this.#service.seconds) }));
    this.#service.unknown(this.connection, iq);
  }

  #signed(iq: BinaryNode, pending: PendingLink): void {
    if (iq.attrs.type === "error") {
      return pending.reject(
        refusal(`The companion refused the link with error ${childOf(iq)?.attrs.code ?? "?"}.`),
      );
    }
    const signature = bytesOf(childOf(childOf(iq, "pair-device-sign"), "device-identity"));
    const { account } = pending.device;
    const problem = verifyDeviceSignature({
      signed: signature,
      details: pending.details,
      companionIdentity: this.facts.keys.identityKey,
      accountSignatureKey: account.identity.publicKey,
    });
    if (problem !== undefined) {
      this.#service.violation(this.connection, problem);
      pending.reject(refusal(problem));
      return this.connection.close();
    }
    account.adopt(pending.device);
    this.#service.linking.forget(this);
    pending.resolve(pending.device);
    this.connection.step("restart", {
      go: () => this.connection.perform({ streamError: 515 }),
      phoneNumber: account.phoneNumber,
    });
  }

  #set(tag: string, content: readonly BinaryNode[]): string {
    const id = this.connection.nextQueryId();
    this.connection.send(
      node("iq", { from: serviceJid, type: "set", id, xmlns: "md" }, [node(tag, {}, content)]),
    );
    return id;
  }
}

function refusal(message: string): ZpwootError {
  return new ZpwootError("PAIRING_REFUSED", message);
}
