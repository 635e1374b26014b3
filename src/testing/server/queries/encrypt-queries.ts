/** Queries about keys: a device's own stock, and the keys of other devices. */
import { createHash } from "node:crypto";
import { bundleNodes, preKeyFrom, signedPreKeyFrom, signedPreKeyNode } from "../../wire/key-nodes.js";
import { KEY_TYPE_BYTE, sameBytes } from "../../signal/key-bytes.js";
import { prefixedKey, xeddsaVerify, type PreKeyBundle } from "../../signal/index.js";
import { parseJid } from "../../wire/jid.js";
import { bigEndian, bytesOf, childOf, childrenOf, node, type BinaryNode } from "../../wire/node.js";
import { reject, reply, type Query, type QueryHandler } from "./query.js";

const NO_SIGNATURE = new Uint8Array(64);

function count(query: Query): void {
  reply(query, [node("count", { value: String(query.device.preKeyCount) })]);
}

function upload(query: Query): void {
  const { device, context } = query;
  const keys = childrenOf(childOf(query.iq, "list"), "key").map(preKeyFrom);
  if (!sameBytes(bytesOf(childOf(query.iq, "identity")), device.keys.identityKey)) {
    return reject(query, "Pre-keys must be uploaded with the identity the device was linked with");
  }
  const whole = keys.filter((key) => key !== undefined);
  if (
    whole.length !== keys.length ||
    whole.length === 0 ||
    whole.some((key) => key.publicKey.length !== 32)
  ) {
    return reject(query, "Each uploaded pre-key must have an id and 32 bytes");
  }
  if (!takeSignedPreKey(query)) return;
  device.addPreKeys(whole.map((key) => [key.id, key.publicKey] as const));
  reply(query);
  context.events.emit("pre-keys-uploaded", { jid: device.jid, count: whole.length });
}

function rotate(query: Query): void {
  if (takeSignedPreKey(query, childOf(query.child, "skey"))) reply(query);
}

/** Checks and keeps the signed pre-key of a query; rejects the query when it is wrong. */
function takeSignedPreKey(query: Query, skey = childOf(query.iq, "skey")): boolean {
  const { device } = query;
  const signed = signedPreKeyFrom(skey);
  if (signed === undefined) {
    reject(query, "A signed pre-key must have an id, a value and a signature");
    return false;
  }
  if (!xeddsaVerify(device.keys.identityKey, prefixedKey(signed.publicKey), signed.signature)) {
    reject(query, "An uploaded signed pre-key is not signed by the device's identity key");
    return false;
  }
  device.signedPreKey = signed;
  return true;
}

function digest(query: Query): void {
  const { keys, signedPreKey, preKeyIds } = query.device;
  const ids = preKeyIds.map((id) => bigEndian(id, 3));
  const hash = createHash("sha1")
    .update(keys.identityKey)
    .update(signedPreKey.publicKey)
    .update(Buffer.concat(ids));
  reply(query, [
    node("digest", {}, [
      node("registration", {}, bigEndian(keys.registrationId, 4)),
      node("type", {}, Buffer.of(KEY_TYPE_BYTE)),
      node("identity", {}, keys.identityKey),
      signedPreKeyNode(signedPreKey),
      node(
        "list",
        {},
        ids.map((id) => node("id", {}, id)),
      ),
      node("hash", {}, hash.digest()),
    ]),
  ]);
}

function fetchBundles(query: Query): void {
  const { withholdPreKeys, forgePreKeys } = query.context.behaviour;
  const users = childrenOf(query.child, "user").flatMap(({ attrs: { jid } }) => {
    if (isAmong(query, withholdPreKeys.devices, jid)) return withheld(jid, withholdPreKeys.as);
    const bundle = query.network.takeBundle(jid);
    const forged = typeof forgePreKeys === "boolean" ? forgePreKeys : isAmong(query, forgePreKeys, jid);
    return userNode(jid, forged ? unsigned(bundle) : bundle);
  });
  reply(query, [node("list", {}, users)]);
}

function isAmong({ network }: Query, devices: readonly string[], jid: string | undefined): boolean {
  const { directory } = network;
  const holder = (address: string | undefined): unknown =>
    directory.device(address) ?? (parseJid(address)?.device ? undefined : directory.find(address));
  return devices.some((one) => holder(one) !== undefined && holder(one) === holder(jid));
}

function withheld(jid: string | undefined, as: "error" | "nothing" | "damaged"): readonly BinaryNode[] {
  if (as === "nothing") return [];
  return [as === "error" ? userNode(jid, undefined) : node("user", { jid }, [node("registration", {})])];
}

function unsigned(bundle: PreKeyBundle | undefined): PreKeyBundle | undefined {
  return bundle && { ...bundle, signedPreKey: { ...bundle.signedPreKey, signature: NO_SIGNATURE } };
}

function userNode(jid: string | undefined, bundle: PreKeyBundle | undefined): BinaryNode {
  if (bundle === undefined)
    return node("user", { jid }, [node("error", { code: "404", text: "item-not-found" })]);
  const registration = node("registration", {}, bigEndian(bundle.registrationId, 4));
  return node("user", { jid }, [registration, ...bundleNodes(bundle)]);
}

/** The rows for keys. */
export const ENCRYPT_QUERIES: readonly QueryHandler[] = [
  { xmlns: "encrypt", type: "get", child: "count", answer: count },
  { xmlns: "encrypt", type: "get", child: "digest", answer: digest },
  { xmlns: "encrypt", type: "get", child: "key", answer: fetchBundles },
  { xmlns: "encrypt", type: "set", child: "rotate", answer: rotate },
  { xmlns: "encrypt", type: "set", child: "registration", answer: upload },
];
