/** Where the auth state lies in a session's space. */
import type { SignalDataTypeMap } from "whaileys";

/** A kind of Signal key, named as the library names it. */
export type SignalFamily = keyof SignalDataTypeMap;

/** All kinds of Signal keys: whaileys' own, then those that Baileys 7 has beside them. A wipe deletes these. */
export const SIGNAL_FAMILIES: readonly string[] = [
  ...([
    "pre-key",
    "session",
    "sender-key",
    "sender-key-memory",
    "contacts-tc-token",
    "app-state-sync-key",
    "app-state-sync-version",
  ] satisfies SignalFamily[]),
  "lid-mapping",
  "device-list",
  "identity-key",
  "tctoken",
];

/** The family of the credentials and what belongs to them. */
export const CREDS_FAMILY = "creds";

/** The two generations of the credentials. */
export const CREDS_PLACES = ["a", "b"] as const;

/** Present while the account is linked: linked credentials that are missing are a loss, not a new session. */
export const LINK_MARK = "linked";
