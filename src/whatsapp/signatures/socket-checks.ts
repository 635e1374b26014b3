/**
 * The checks of a socket that the libraries leave out, from outside: whether the server is WhatsApp's, and whether a new link is the
 * account's. Each is reported, and what fails it is used or refused, as the option `whatsapp.checks` says.
 */
import type { BinaryNode } from "whaileys";
import type { EngineEvents, SignatureCheck } from "../../api/events.js";
import { messageOf } from "../../errors.js";
import type { Emitter } from "../pending-queries.js";
import { accountProblem } from "./account.js";
import { certificateProblem } from "./certificates.js";
import { openServerHello, type HandshakeKey } from "./server-hello.js";

/** Only report what fails a check, or refuse it too. */
export type CheckMode = "report" | "enforce";

/** Which checks of a socket are enforced, and who is believed. */
export interface SocketChecks {
  readonly accountSignature: CheckMode;
  readonly noiseCertificate: CheckMode;
  /** The root of the server's certificates. Undefined for a server without a known one: its certificates are not checked. */
  readonly rootKey: Uint8Array | undefined;
}

/** A failed check of a session's socket. */
export type BadSignature = Omit<EngineEvents["session.bad-signature"], "sessionId">;

/** Ends a socket: an enforced check failed. */
export class BadSignatureError extends Error {
  override readonly name = "BadSignatureError";
  readonly check: SignatureCheck;

  constructor({ check, message }: BadSignature) {
    super(message);
    this.check = check;
  }
}

/** What the checks of one socket need. */
export interface SocketChecksOptions {
  readonly checks: SocketChecks;
  /** The device's public identity key. */
  readonly identity: Uint8Array;
  /** Opens the server's part of the handshake; undefined if the library does not show it. */
  readonly handshakeKey: HandshakeKey | undefined;
  readonly onBadSignature: (failed: BadSignature) => void;
  /** Called once when the certificates can't be checked, with the reason. */
  readonly onUnchecked: (reason: string) => void;
}

/** The stanza by which an account takes in a device. */
const LINKED = "CB:iq,,pair-success";

/**
 * Adds the checks to a socket. Call it in the tick in which the socket was made: what fails an enforced check is an exception in a
 * listener, before the library's own, whose listener does not run.
 */
export function checkSocket(ws: Emitter, options: SocketChecksOptions): void {
  // Taken out, so that no listener keeps the rest: the key of the handshake is needed for one frame.
  const { checks, identity, onBadSignature } = options;
  const judge = (check: SignatureCheck, mode: CheckMode, problem: string | undefined): void => {
    if (problem === undefined) return;
    const failed = { check, refused: mode === "enforce", message: problem };
    onBadSignature(failed);
    if (failed.refused) throw new BadSignatureError(failed);
  };
  const listeners = ws.rawListeners(LINKED);
  ws.removeAllListeners(LINKED);
  for (const listener of listeners) {
    ws.on(LINKED, (stanza) => {
      const problem = problemOf("the link", () => accountProblem(stanza as BinaryNode, identity));
      judge("account-signature", checks.accountSignature, problem);
      return listener.call(ws, stanza);
    });
  }
  let problemOfServer = certificateCheck(options);
  ws.on("frame", (frame) => {
    // The first frame is the server's part of the handshake.
    const problem = problemOfServer?.(frame);
    problemOfServer = undefined;
    judge("noise-certificate", checks.noiseCertificate, problem);
  });
}

/** Returns what checks the first frame of a server. Undefined if nothing is to be checked. */
function certificateCheck(
  options: SocketChecksOptions,
): ((frame: unknown) => string | undefined) | undefined {
  const { checks, handshakeKey, onUnchecked } = options;
  const { rootKey, noiseCertificate } = checks;
  if (rootKey === undefined) {
    onUnchecked("the server is not WhatsApp's own, and whatsapp.noiseRootKey is not set");
    return undefined;
  }
  if (handshakeKey === undefined) {
    const reason =
      "the library does not show its handshake (was libsignal loaded before zpwoot, or with whatsapp.patches: false?)";
    if (noiseCertificate === "enforce") return () => `the server can't be checked: ${reason}`;
    onUnchecked(reason);
    return undefined;
  }
  return (frame) =>
    problemOf("the server", () => {
      const hello = openServerHello(frame as Uint8Array, handshakeKey);
      const problem = certificateProblem(hello, rootKey, Date.now());
      return problem === undefined ? undefined : `the server did not prove to be WhatsApp's: ${problem}`;
    });
}

function problemOf(what: string, check: () => string | undefined): string | undefined {
  try {
    return check();
  } catch (error) {
    return `${what} can't be checked: ${messageOf(error)}`;
  }
}
