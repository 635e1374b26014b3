/** Rules on credentials: which are linked, and what of a half-made link must not be used again. */
import type { Credentials, SocketFactory } from "../whatsapp/library.js";

/** Whether the credentials belong to a linked device. `me` alone does not say so: asking for a pairing code sets it. */
export function isLinked(creds: Pick<Credentials, "account">): boolean {
  return creds.account !== undefined && creds.account !== null;
}

/**
 * Unlinked credentials as they may be connected with: without the traces of an abandoned link, with which the next
 * connection would log in as a device that does not exist, and with fresh secrets, because the old ones were shown.
 */
export function withoutHalfLink(
  stored: Credentials,
  library: Pick<SocketFactory, "initAuthCreds">,
): Credentials {
  const fresh = library.initAuthCreds();
  const { me: _me, ...rest } = stored;
  return {
    ...rest,
    pairingCode: undefined,
    registered: false,
    pairingEphemeralKeyPair: fresh.pairingEphemeralKeyPair,
    advSecretKey: fresh.advSecretKey,
  };
}
