/** The refusals of the Signal code. */
import { ZpwootError, type ZpwootErrorOptions } from "../../errors.js";

/** Why a Signal operation was refused, so a virtual phone can choose between an ack and a retry receipt. */
export type SignalErrorReason =
  /** A key or signature has the wrong length, or names a point no secret can be agreed with. */
  | "invalid-key"
  /** The signature over a signed pre-key or over a group message does not fit its key. */
  | "invalid-signature"
  /** The bytes are not a message of this protocol and version. */
  | "malformed"
  /** The message was decrypted before, or its key was dropped because it came far too late. */
  | "duplicate"
  /** There is no session, or no sender key, this message could belong to. */
  | "no-session"
  /** The message names a pre-key that this device never had or has already spent. */
  | "unknown-pre-key"
  /** No session decrypts it: it was tampered with, or encrypted for other keys. */
  | "undecryptable";

/** A refusal by the Signal code of the emulator. Its message never holds a key or a plaintext. */
export class SignalError extends ZpwootError {
  /** What was wrong, as a closed set. */
  readonly reason: SignalErrorReason;

  constructor(reason: SignalErrorReason, message: string, options: ZpwootErrorOptions = {}) {
    super("INVALID_INPUT", message, options);
    this.reason = reason;
  }
}
