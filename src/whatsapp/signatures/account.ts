/** The signature by which the phone takes a new device into its account, in the stanza that ends a link (docs/protocol.md). */
import type { BinaryNode } from "whaileys";
import { fieldsOf } from "./fields.js";
import { isSigned } from "./xeddsa.js";

const ORDINARY = Buffer.of(6, 0);
const HOSTED = Buffer.of(6, 5);
/** `ADVEncryptionType` of a hosted account. */
const HOSTED_TYPE = 1;
/** Fields of the sealed identity, of the signed identity, and of its details. */
const SEALED = 1;
const [DETAILS, ACCOUNT_KEY, SIGNATURE] = [1, 2, 3];
const DEVICE_TYPE = 5;

/**
 * What is wrong with a `pair-success` stanza, as a sentence; undefined if nothing is. `identity` is the public identity key of the new
 * device. That the sender knows the secret of the QR code, the libraries check themselves. Throws a `RangeError` for a malformed one.
 */
export function accountProblem(stanza: BinaryNode, identity: Uint8Array): string | undefined {
  const content = childOf(childOf(stanza, "pair-success"), "device-identity")?.content;
  // Without one the libraries end the link.
  if (!(content instanceof Uint8Array)) return undefined;
  const signedIdentity = fieldsOf(fieldsOf(content).bytes(SEALED));
  const details = signedIdentity.bytes(DETAILS);
  const prefix = fieldsOf(details).number(DEVICE_TYPE) === HOSTED_TYPE ? HOSTED : ORDINARY;
  const message = Buffer.concat([prefix, details, identity]);
  if (isSigned(signedIdentity.bytes(ACCOUNT_KEY), message, signedIdentity.bytes(SIGNATURE))) return undefined;
  return "the link is not signed by the account that it names";
}

function childOf(node: BinaryNode | undefined, tag: string): BinaryNode | undefined {
  return Array.isArray(node?.content) ? node.content.find((child) => child.tag === tag) : undefined;
}
