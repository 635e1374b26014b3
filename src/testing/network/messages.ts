/** Messages from linked devices: a copy for each device they name, and in a group a part for all members. */
import { verifyDeviceSignature } from "../wire/adv.js";
import { LID_SERVER, parseJid } from "../wire/jid.js";
import { bytesOf, childOf, childrenOf, node, type BinaryNode } from "../wire/node.js";
import { proto } from "../wire/proto.js";
import type { LinkedDevice } from "./account.js";
import type { EncryptedPart } from "./envelope.js";
import type { Group } from "./group.js";
import type { Network } from "./network.js";
import { postFromDevice } from "./newsletter-posts.js";
import { isNewsletter } from "./newsletters.js";
import { STATUS_JID } from "./status-audience.js";

const PART_TYPES: readonly EncryptedPart["type"][] = ["pkmsg", "msg", "skmsg"];

const FORBIDDEN = 403;

/** A linked device sends a message: acknowledges it and routes its copies. */
export function messageFromDevice(network: Network, sender: LinkedDevice, stanza: BinaryNode): void {
  const { connection } = sender.device;
  const { id, to } = stanza.attrs;
  const ack = (error?: number): void =>
    connection?.send(
      node("ack", {
        class: "message",
        id,
        from: to,
        t: String(network.context.seconds),
        error: error === undefined ? undefined : String(error),
      }),
    );
  const proceed = (): void => {
    if (isNewsletter(to)) return ack(postFromDevice(network, sender, stanza));
    const group = network.groups.find(to);
    // Where only admins may write.
    if (group?.announcement === true && group.role(sender.account) === "member") return ack(FORBIDDEN);
    ack();
    routeCopies(network, sender, stanza);
  };
  if (connection === undefined) return proceed();
  connection.step("message", { proceed, refuse: ack });
}

function routeCopies(network: Network, sender: LinkedDevice, stanza: BinaryNode): void {
  checkDeviceIdentity(sender, stanza);
  const { to, participant } = stanza.attrs;
  const chat = stanza.attrs.recipient ?? to;
  const common = partIn(stanza);
  const copies = new Map(
    childrenOf(childOf(stanza, "participants"), "to").map((copy) => [copy.attrs.jid ?? "", partIn(copy)]),
  );
  const group = network.groups.find(to);
  if (group !== undefined) {
    return routeToGroup(network, sender, { stanza, group, common, copies, participant });
  }
  if (to === STATUS_JID) return routeStatus(network, sender, { stanza, common, copies, participant });
  if (common !== undefined) routeOne(network, sender, { stanza, chat, to, parts: [common] });
  for (const [jid, part] of copies) {
    routeOne(network, sender, { stanza, chat, to: jid, parts: part === undefined ? [] : [part] });
  }
}

/** A message whose content all recipients decrypt with the same key. */
interface CommonMessage {
  readonly stanza: BinaryNode;
  /** The part that all members decrypt. */
  readonly common: EncryptedPart | undefined;
  /** The parts for single devices, by JID. */
  readonly copies: ReadonlyMap<string, EncryptedPart | undefined>;
  readonly participant: string | undefined;
}

interface GroupMessage extends CommonMessage {
  readonly group: Group;
}

/** The devices that a status goes to are those that its author ever gave the key of its statuses. */
function routeStatus(network: Network, sender: LinkedDevice, message: CommonMessage): void {
  const { stanza, common, copies, participant } = message;
  const { account, device } = sender;
  for (const jid of copies.keys()) device.statusAudience.add(jid);
  const recipients = participant === undefined ? [...device.statusAudience, account.jid] : [participant];
  for (const to of new Set(recipients.filter((jid) => jid !== device.jid))) {
    const parts = [copies.get(to), common].filter((part) => part !== undefined);
    if (to === account.jid && !copies.has(to)) continue;
    routeOne(network, sender, { stanza, chat: STATUS_JID, to, parts, group: { jid: STATUS_JID } });
  }
}

function routeToGroup(network: Network, sender: LinkedDevice, message: GroupMessage): void {
  const { stanza, group, common, copies, participant } = message;
  const { account, device } = sender;
  if (!group.has(account))
    return device.connection?.reportViolation("A message to a group is not by a member");
  // With a participant it is for that device alone: it could not read the message before.
  const recipients = participant === undefined ? group.deviceJids : [participant];
  for (const to of recipients.filter((jid) => jid !== device.jid)) {
    const parts = [copies.get(to), common].filter((part) => part !== undefined);
    routeOne(network, sender, { stanza, chat: group.jid, to, parts, group });
  }
}

interface SingleMessage {
  readonly stanza: BinaryNode;
  readonly chat: string | undefined;
  readonly to: string | undefined;
  readonly parts: readonly EncryptedPart[];
  readonly group?: { readonly jid: string };
}

function routeOne(network: Network, { account, device }: LinkedDevice, message: SingleMessage): void {
  const { stanza, chat, to, parts, group } = message;
  if (to === undefined || parts.length === 0) {
    const problem = "A message has a copy without address, content or known type";
    return device.connection?.reportViolation(problem);
  }
  const isOwn = network.directory.find(to) === account;
  network.router.route({
    id: stanza.attrs.id ?? "",
    from: parseJid(to)?.server === LID_SERVER ? device.lid : device.jid,
    to,
    group: group?.jid,
    recipient: isOwn && group === undefined ? chat : undefined,
    parts,
    retry: childOf(stanza, "enc")?.attrs.count,
    notify: account.name,
  });
}

function checkDeviceIdentity(sender: LinkedDevice, stanza: BinaryNode): void {
  const copies = childrenOf(childOf(stanza, "participants"), "to").map((copy) => childOf(copy, "enc"));
  if (![...copies, childOf(stanza, "enc")].some((enc) => enc?.attrs.type === "pkmsg")) return;
  const problem = identityProblem(bytesOf(childOf(stanza, "device-identity")), sender);
  if (problem !== undefined) sender.device.connection?.reportViolation(problem);
}

function identityProblem(signed: Buffer | undefined, { account, device }: LinkedDevice): string | undefined {
  if (signed === undefined) return "A message that starts a session must carry the device identity";
  const problem = verifyDeviceSignature({
    signed,
    companionIdentity: device.keys.identityKey,
    accountSignatureKey: account.phone.identity.publicKey,
  });
  if (problem !== undefined) return problem;
  if (proto.advSignedDeviceIdentity.decode(signed).accountSignatureKey !== undefined) return undefined;
  return "A device identity in a message must name the account's key";
}

/** The encrypted part in a node; undefined when it is missing or of an unknown type. */
function partIn(parent: BinaryNode): EncryptedPart | undefined {
  const enc = childOf(parent, "enc");
  const ciphertext = bytesOf(enc);
  const type = PART_TYPES.find((known) => known === enc?.attrs.type);
  return ciphertext === undefined || type === undefined ? undefined : { type, ciphertext };
}
