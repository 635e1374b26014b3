/** Keys as nodes of a stanza. */
import { KEY_TYPE_BYTE } from "../signal/key-bytes.js";
import type { PreKeyBundle } from "../signal/index.js";
import { bigEndian, bytesOf, childOf, node, numberOf, type BinaryNode } from "./node.js";

const PRE_KEY_ID_LENGTH = 3;

/** The nodes of a bundle without its registration id: type, identity, signed pre-key, one-time pre-key. */
export function bundleNodes(bundle: PreKeyBundle): readonly BinaryNode[] {
  const { identityKey, signedPreKey, preKey } = bundle;
  const nodes = [
    node("type", {}, Buffer.of(KEY_TYPE_BYTE)),
    node("identity", {}, identityKey),
    signedPreKeyNode(signedPreKey),
  ];
  if (preKey === undefined) return nodes;
  const { id, publicKey } = preKey;
  return [...nodes, node("key", {}, [idNode(id), node("value", {}, publicKey)])];
}

/** The node of a signed pre-key. */
export function signedPreKeyNode({ id, publicKey, signature }: PreKeyBundle["signedPreKey"]): BinaryNode {
  return node("skey", {}, [idNode(id), node("value", {}, publicKey), node("signature", {}, signature)]);
}

/** The signed pre-key in an `skey` node; undefined when a part is missing. */
export function signedPreKeyFrom(skey: BinaryNode | undefined): PreKeyBundle["signedPreKey"] | undefined {
  const id = numberOf(childOf(skey, "id"));
  const publicKey = bytesOf(childOf(skey, "value"));
  const signature = bytesOf(childOf(skey, "signature"));
  if (id === undefined || publicKey === undefined || signature === undefined) return undefined;
  return { id, publicKey, signature };
}

/** The one-time pre-key in a `key` node; undefined when a part is missing. */
export function preKeyFrom(key: BinaryNode | undefined): { id: number; publicKey: Uint8Array } | undefined {
  const id = numberOf(childOf(key, "id"));
  const publicKey = bytesOf(childOf(key, "value"));
  return id === undefined || publicKey === undefined ? undefined : { id, publicKey };
}

/** The bundle a retry receipt may carry. */
export function bundleFromKeys(retry: BinaryNode): PreKeyBundle | undefined {
  const keys = childOf(retry, "keys");
  const registrationId = numberOf(childOf(retry, "registration"));
  const identityKey = bytesOf(childOf(keys, "identity"));
  const signedPreKey = signedPreKeyFrom(childOf(keys, "skey"));
  if (registrationId === undefined || identityKey === undefined || signedPreKey === undefined)
    return undefined;
  const preKey = preKeyFrom(childOf(keys, "key"));
  return { registrationId, identityKey, signedPreKey, ...(preKey && { preKey }) };
}

function idNode(id: number): BinaryNode {
  return node("id", {}, bigEndian(id, PRE_KEY_ID_LENGTH));
}
