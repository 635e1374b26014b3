/** The service's side of a client that is not linked yet: QR references, pairing codes, and the link itself. */
import { ZpwootError } from "../../errors.js";
import type { EmulatorContext } from "../context/emulator-context.js";
import { randomNumber } from "../context/random.js";
import type { WaitOptions } from "../context/wait.js";
import type { Account } from "../network/account.js";
import { CompanionDevice, type DeviceKeys } from "../network/companion-device.js";
import { makeDeviceIdentity, verifyDeviceSignature } from "../wire/adv.js";
import { resultOf } from "../wire/iq.js";
import { SERVICE_JID } from "../wire/jid.js";
import { bytesOf, childOf, node, type BinaryNode } from "../wire/node.js";
import type { Connection, StanzaHandler } from "./connection.js";
import type { LinkingClient } from "./linking/linking-client.js";
import type { Linking } from "./linking/linking.js";

/** What an unlinked client says about itself. */
export interface ClientFacts {
  readonly keys: DeviceKeys;
  readonly platform: string;
}

/** A link in progress: the phone's signature was sent, the companion's is awaited. */
interface PendingLink {
  readonly queryId: string;
  readonly account: Account;
  readonly device: CompanionDevice;
  readonly details: Uint8Array;
  readonly resolve: (device: CompanionDevice) => void;
  readonly reject: (error: Error) => void;
}

const REF_BYTE_LENGTH = 96;
const MAX_RAW_ID = 2 ** 31 - 1;

/** An unlinked client on its connection. */
export class Registration implements StanzaHandler, LinkingClient {
  readonly connection: Connection;
  readonly keys: DeviceKeys;
  readonly #context: EmulatorContext;
  readonly #linking: Linking;
  readonly #platform: string;
  /** Secrets of QR codes that are no longer valid. */
  readonly #retired = new Set<string>();
  #pending: PendingLink | undefined;

  constructor(context: EmulatorContext, linking: Linking, connection: Connection, client: ClientFacts) {
    this.#context = context;
    this.#linking = linking;
    this.connection = connection;
    this.keys = client.keys;
    this.#platform = client.platform;
  }

  /** Sends the references that clients turn into QR codes. */
  issueRefs(): void {
    this.connection.step("pair-device", {
      proceed: () => this.#sendRefs(),
      duplicate: () => {
        this.#sendRefs();
        this.#sendRefs();
      },
    });
  }

  link(account: Account, advSecret: Uint8Array, options: WaitOptions): Promise<CompanionDevice> {
    if (this.#pending !== undefined) throw refusal("The companion is being linked already");
    const { connection, keys } = this;
    this.#guard(advSecret);
    const device = new CompanionDevice(account, account.reserveDeviceNumber(), keys, this.#platform);
    const { sealed, details } = this.#identityFor(account, device, advSecret);
    const what = "the companion to sign its identity";
    return this.#context.events.wait<CompanionDevice>(what, options, (resolve, reject) => {
      const proceed = (): void => {
        const queryId = this.#sendQuery("pair-success", [
          node("device-identity", {}, sealed),
          node("device", { jid: device.jid, lid: device.lid }),
          node("platform", { name: "android" }),
        ]);
        this.#pending = { queryId, account, device, details, resolve, reject };
      };
      const replaced = (): void => reject(refusal("A fault rule replaced pair-success"));
      connection.step("pair-success", { proceed, replaced, phoneNumber: account.phoneNumber });
      return () => (this.#pending = undefined);
    });
  }

  handle(stanza: BinaryNode): void {
    if (stanza.tag === "iq") return this.#query(stanza);
    // In the pairing-code flow whaileys announces an empty presence; Baileys 7 sends ib. Both are ignored here.
    if (stanza.tag === "presence" || stanza.tag === "ack" || stanza.tag === "ib") return;
    this.connection.refuseUnknown(stanza);
  }

  closed(): void {
    this.#linking.forget(this);
    this.#pending?.reject(refusal("The companion closed the connection before it signed its identity"));
  }

  #sendRefs(): void {
    const { refCount, refLifetimeMs } = this.#context.behaviour;
    const newRef = (): string => `2@${Buffer.from(this.#context.random(REF_BYTE_LENGTH)).toString("base64")}`;
    const refs = Array.from({ length: refCount }, newRef);
    for (const ref of refs) this.#linking.qrLinks.addRef(ref, this, refLifetimeMs);
    const nodes = refs.map((ref) => node("ref", {}, Buffer.from(ref)));
    this.#sendQuery("pair-device", nodes);
    this.#context.events.emit("refs-issued", { ...this.connection.facts, count: refs.length });
  }

  #identityFor(account: Account, device: CompanionDevice, advSecret: Uint8Array) {
    const { behaviour, random, seconds } = this.#context;
    return makeDeviceIdentity({
      random,
      phoneIdentity: account.phone.identity,
      companionIdentity: this.keys.identityKey,
      keyIndex: device.keyIndex,
      timestamp: seconds,
      secret: behaviour.wrongHmac ? random(32) : advSecret,
      rawId: randomNumber(random, 1, MAX_RAW_ID),
      unsigned: behaviour.forgeAccountSignature,
    });
  }

  /** Throws when the service asks for more than a scan: a new secret, or a passkey. */
  #guard(advSecret: Uint8Array): void {
    const { behaviour } = this.#context;
    const secret = Buffer.from(advSecret).toString("base64");
    if (this.#retired.has(secret)) {
      throw new ZpwootError("INVALID_INPUT", "The secret in this QR code was retired: scan the newest code");
    }
    if (behaviour.passkeyGate) {
      this.#notify("passkey_prologue_request");
      throw refusal("The account is guarded by a passkey");
    }
    if (behaviour.refreshScans <= 0) return;
    behaviour.refreshScans -= 1;
    this.#retired.add(secret);
    this.#notify("companion_reg_refresh");
    throw refusal("The service asked the client for a new secret: scan the code it draws now");
  }

  #notify(type: string): void {
    const id = this.connection.nextQueryId();
    const t = String(this.#context.seconds);
    this.connection.send(node("notification", { from: SERVICE_JID, type, id, t }, [node(type)]));
  }

  #query(iq: BinaryNode): void {
    const { type, id, xmlns } = iq.attrs;
    const child = childOf(iq);
    if (type === "result" || type === "error") {
      if (id === this.#pending?.queryId && this.#pending !== undefined) this.#signed(iq, this.#pending);
      return;
    }
    if (xmlns === "md" && child?.tag === "link_code_companion_reg") {
      return this.#linking.pairingCodes.handle(this, iq, child);
    }
    if (xmlns === "w:p")
      return this.connection.send(resultOf(iq, undefined, { t: String(this.#context.seconds) }));
    this.connection.refuseUnknown(iq);
  }

  #signed(iq: BinaryNode, { account, device, details, resolve, reject }: PendingLink): void {
    if (iq.attrs.type === "error") {
      const code = childOf(iq)?.attrs.code ?? "?";
      return reject(refusal(`The companion refused the link with error ${code}`));
    }
    const problem = verifyDeviceSignature({
      signed: bytesOf(childOf(childOf(iq, "pair-device-sign"), "device-identity")),
      details,
      companionIdentity: this.keys.identityKey,
      accountSignatureKey: account.phone.identity.publicKey,
    });
    if (problem !== undefined) {
      this.connection.reportViolation(problem);
      reject(refusal(problem));
      return this.connection.close();
    }
    account.link(device);
    this.#linking.forget(this);
    resolve(device);
    this.connection.step("restart", {
      proceed: () => this.connection.perform({ streamError: 515 }),
      phoneNumber: account.phoneNumber,
    });
  }

  #sendQuery(tag: string, content: readonly BinaryNode[]): string {
    const id = this.connection.nextQueryId();
    const attrs = { from: SERVICE_JID, type: "set", id, xmlns: "md" };
    this.connection.send(node("iq", attrs, [node(tag, {}, content)]));
    return id;
  }
}

function refusal(message: string): ZpwootError {
  return new ZpwootError("PAIRING_REFUSED", message);
}
