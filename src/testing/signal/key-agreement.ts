/** X3DH: the first root key of a session, from a bundle of public keys. */
import { prefixedKey, requireLength, sharedSecret, xeddsaVerify, type KeyPair } from "./curve.js";
import { deriveSecret } from "./key-derivation.js";
import { SignalError } from "./signal-error.js";

/** The public keys a device offers, so that others can start a session while it is away. All keys are 32 bytes. */
export interface PreKeyBundle {
  readonly registrationId: number;
  readonly identityKey: Uint8Array;
  readonly signedPreKey: {
    readonly id: number;
    readonly publicKey: Uint8Array;
    /** XEdDSA by the identity key over the public key with its type byte. */
    readonly signature: Uint8Array;
  };
  /** To be used once. A device that ran out offers none, and the agreement works without. */
  readonly preKey?: { readonly id: number; readonly publicKey: Uint8Array };
}

/** Our private half and their public half of the agreement, for the side that starts. */
export interface InitiatorKeys {
  readonly identity: KeyPair;
  readonly baseKey: KeyPair;
  readonly bundle: PreKeyBundle;
}

/** The same agreement seen from the side whose bundle was used. */
export interface ResponderKeys {
  readonly identity: KeyPair;
  readonly signedPreKey: KeyPair;
  readonly preKey: KeyPair | undefined;
  readonly theirIdentity: Uint8Array;
  readonly theirBaseKey: Uint8Array;
}

const DISCONTINUITY = new Uint8Array(32).fill(0xff);

/** Throws a {@link SignalError} unless the bundle's keys have the right size and its owner signed the signed pre-key. */
export function checkBundle(bundle: PreKeyBundle): void {
  const { identityKey, signedPreKey, preKey } = bundle;
  requireLength(identityKey, 32, "The identity key of a bundle");
  requireLength(signedPreKey.publicKey, 32, "The signed pre-key of a bundle");
  if (preKey) requireLength(preKey.publicKey, 32, "The one-time pre-key of a bundle");
  if (xeddsaVerify(identityKey, prefixedKey(signedPreKey.publicKey), signedPreKey.signature)) return;
  throw new SignalError(
    "invalid-signature",
    `The signature of signed pre-key ${signedPreKey.id} is not by the identity key of its bundle`,
  );
}

/** The first root key, for the side that starts. */
export function agreeAsInitiator({ identity, baseKey, bundle }: InitiatorKeys): Uint8Array {
  const signedPreKey = bundle.signedPreKey.publicKey;
  const secrets = [
    sharedSecret(identity.privateKey, signedPreKey),
    sharedSecret(baseKey.privateKey, bundle.identityKey),
    sharedSecret(baseKey.privateKey, signedPreKey),
  ];
  if (bundle.preKey) secrets.push(sharedSecret(baseKey.privateKey, bundle.preKey.publicKey));
  return firstRootKey(secrets);
}

/** The first root key, for the side whose bundle was used. */
export function agreeAsResponder(keys: ResponderKeys): Uint8Array {
  const { identity, signedPreKey, preKey, theirIdentity, theirBaseKey } = keys;
  const secrets = [
    sharedSecret(signedPreKey.privateKey, theirIdentity),
    sharedSecret(identity.privateKey, theirBaseKey),
    sharedSecret(signedPreKey.privateKey, theirBaseKey),
  ];
  if (preKey) secrets.push(sharedSecret(preKey.privateKey, theirBaseKey));
  return firstRootKey(secrets);
}

function firstRootKey(secrets: readonly Uint8Array[]): Uint8Array {
  return deriveSecret(Buffer.concat([DISCONTINUITY, ...secrets]), "WhisperText", 32);
}
