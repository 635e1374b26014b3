/**
 * Enforces signatures that the libraries leave unchecked. libsignal takes the signed pre-key of any bundle for valid, so whoever serves
 * bundles could read what is sent; whaileys does not check who signed a group message, so one member could write in the name of another.
 */
import { LRUCache } from "lru-cache";
import { digestOf } from "../signatures/xeddsa.js";

/** `libsignal/src/curve.js`. With `isInit`, for a bundle, libsignal itself returns true for every signature. */
export interface Curve {
  verifySignature: (key: Uint8Array, message: Uint8Array, signature: Uint8Array, isInit?: boolean) => boolean;
}

/** A cipher of one sender in one group. */
interface GroupCipher {
  readonly senderKeyStore: { loadSenderKey(name: unknown): Promise<SenderKeyRecord | undefined> };
  readonly senderKeyName: unknown;
}

/** The keys of a sender. */
interface SenderKeyRecord {
  getSenderKeyState(id: number): { getSigningKeyPublic(): Uint8Array } | undefined;
}

/** The class in `whaileys/WASignalGroup/group_cipher` that is patched. */
export interface GroupCipherClass {
  readonly prototype: { decrypt: (this: GroupCipher, bytes: Uint8Array) => Promise<unknown> };
}

/** What the patched method uses of whaileys. */
export interface GroupParts {
  readonly curve: Curve;
  readonly keyIdOf: (bytes: Uint8Array) => number;
}

const SIGNATURE_LENGTH = 64;
/** A check takes 4 ms, and the signed pre-key of a device is checked again for each new session with it. */
const REMEMBERED = 2_000;
const patched = Symbol.for("zpwoot.signature-checks");

/** Patches libsignal's loaded module: a signed pre-key that the identity key of its device has not signed is an error. */
export function checkPreKeys(curve: Curve): void {
  const verify = curve.verifySignature;
  const results = new LRUCache<string, boolean>({ max: REMEMBERED });
  curve.verifySignature = (key, message, signature, isInit) => {
    if (isInit !== true) return verify(key, message, signature);
    const id = digestOf([key, message, signature]);
    const valid = results.get(id) ?? verify(key, message, signature);
    results.set(id, valid);
    if (!valid)
      throw new Error("the pre-key of a recipient's device is not signed by the identity of the device");
    return true;
  };
}

/** Patches the loaded class: a message that the sender's key has not signed is an error, before it changes anything. */
export function checkSenders(cipher: GroupCipherClass & { [patched]?: true }, parts: GroupParts): void {
  if (cipher[patched] === true) return;
  const { decrypt } = cipher.prototype;
  cipher.prototype.decrypt = async function (bytes) {
    const record = await this.senderKeyStore.loadSenderKey(this.senderKeyName);
    const key = record?.getSenderKeyState(parts.keyIdOf(bytes))?.getSigningKeyPublic();
    if (key !== undefined && !isSigned(bytes, key, parts.curve))
      throw new Error("a group message is not signed by its sender");
    // The record that was checked is the one that is used.
    const senderKeyStore = Object.create(this.senderKeyStore, {
      loadSenderKey: { value: () => Promise.resolve(record) },
    }) as GroupCipher["senderKeyStore"];
    return decrypt.call(Object.assign(Object.create(this) as GroupCipher, { senderKeyStore }), bytes);
  };
  Object.defineProperty(cipher, patched, { value: true });
}

function isSigned(bytes: Uint8Array, key: Uint8Array, curve: Curve): boolean {
  const signed = Buffer.from(bytes.subarray(0, -SIGNATURE_LENGTH));
  return curve.verifySignature(Buffer.from(key), signed, Buffer.from(bytes.subarray(-SIGNATURE_LENGTH)));
}
