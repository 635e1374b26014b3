/** The Signal protocol of the virtual phones, written for the emulator: no global queue, no key on the console. */
export {
  generateKeyPair,
  prefixedKey,
  sharedSecret,
  unprefixedKey,
  xeddsaSign,
  xeddsaVerify,
  type KeyPair,
  type RandomBytes,
} from "./curve.js";
export {
  createSenderKeyDistribution,
  groupDecrypt,
  groupEncrypt,
  processSenderKeyDistribution,
  SenderKeyStore,
} from "./group.js";
export type { PreKeyBundle } from "./key-agreement.js";
export { spoilMessage } from "./messages.js";
export { SignalError, type SignalErrorReason } from "./signal-error.js";
export { SignalParty, type EncryptedMessage, type SignalMessageType } from "./signal-party.js";
