/**
 * Enforces signatures that the libraries leave unchecked. libsignal takes the signed pre-key of any bundle for valid, so whoever serves
 * bundles could read what is sent; whaileys does not check who signed a group message, so one member could write in the name of another.
 */
import { ZpwootError } from "../../errors.js";
import { isSigned, isSignedRemembered } from "../signatures/xeddsa.js";

/** `libsignal/src/curve.js`. With `isInit`, for a bundle, libsignal itself returns true for every signature. */
export interface Curve {
  verifySignature: (
    key: Uint8Array,
    message: Uint8Array,
    signature?: Uint8Array,
    isInit?: boolean,
  ) => boolean;
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

const SIGNATURE_LENGTH = 64;
const NONE = new Uint8Array(0);
const patched = Symbol.for("zpwoot.signature-checks");

/**
 * Patches libsignal's loaded module: a signed pre-key that the identity key of its device has not signed is an error, `BAD_SIGNATURE`, before
 * a session is made with it.
 */
export function checkPreKeys(curve: Curve): void {
  const verify = curve.verifySignature;
  curve.verifySignature = (key, message, signature, isInit) => {
    if (isInit !== true) return verify(key, message, signature);
    if (isSignedRemembered(key, message, signature ?? NONE)) return true;
    throw new ZpwootError(
      "BAD_SIGNATURE",
      "The keys of the recipient's device are not signed by the identity of the device: nothing is encrypted to them",
    );
  };
}

/**
 * Patches the loaded class: a message that the sender's key has not signed is an error, before it changes anything. `keyIdOf` reads the id of
 * the key from a message.
 */
export function checkSenders(
  cipher: GroupCipherClass & { [patched]?: true },
  keyIdOf: (bytes: Uint8Array) => number,
): void {
  if (cipher[patched] === true) return;
  const { decrypt } = cipher.prototype;
  cipher.prototype.decrypt = async function (bytes) {
    const record = await this.senderKeyStore.loadSenderKey(this.senderKeyName);
    const key = record?.getSenderKeyState(keyIdOf(bytes))?.getSigningKeyPublic();
    if (
      key !== undefined &&
      !isSigned(key, bytes.subarray(0, -SIGNATURE_LENGTH), bytes.subarray(-SIGNATURE_LENGTH))
    )
      throw new Error("a group message is not signed by its sender");
    // The record that was checked is the one that is used.
    const senderKeyStore = Object.create(this.senderKeyStore, {
      loadSenderKey: { value: () => Promise.resolve(record) },
    }) as GroupCipher["senderKeyStore"];
    return decrypt.call(Object.assign(Object.create(this) as GroupCipher, { senderKeyStore }), bytes);
  };
  Object.defineProperty(cipher, patched, { value: true });
}
