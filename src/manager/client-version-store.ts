/** Stores the last client version that WhatsApp accepted, for a start at which the current one can't be asked for, and the open breaker. */
import type { Logger } from "../api/logger.js";
import { messageOf } from "../errors.js";
import { CLIENT_VERSION_KEY } from "../store/keys.js";
import type { Store } from "../store/store.js";
import type { ClientVersionStore, StoredClientVersion, WhatsAppVersion } from "../whatsapp/client-version.js";
import type { StoredBreaker } from "../whatsapp/version-breaker.js";

/** Where a manager stores the version. Neither method rejects: a version is a convenience, so store errors are logged only. */
export function clientVersionStore(store: Store, logger: Logger): ClientVersionStore {
  const log = (error: unknown): void =>
    logger.debug({ error: messageOf(error) }, "The client version could not be loaded or saved");
  return {
    load: async () => {
      try {
        return parse((await store.readEach([CLIENT_VERSION_KEY])).get(CLIENT_VERSION_KEY)?.value);
      } catch (error) {
        log(error);
        return {};
      }
    },
    save: async (stored) => {
      try {
        await store.write(CLIENT_VERSION_KEY, new Map([[CLIENT_VERSION_KEY, stored]]));
      } catch (error) {
        log(error);
      }
    },
  };
}

/** Older stores hold the version alone. */
function parse(stored: unknown): StoredClientVersion {
  if (Array.isArray(stored)) return { version: versionIn(stored) };
  if (typeof stored !== "object" || stored === null) return {};
  const { version, breaker } = stored as { version?: unknown; breaker?: unknown };
  return { version: versionIn(version), breaker: breakerIn(breaker) };
}

function breakerIn(stored: unknown): StoredBreaker | undefined {
  if (typeof stored !== "object" || stored === null) return undefined;
  const { refused, probeAt } = stored as { refused?: unknown; probeAt?: unknown };
  return typeof probeAt === "string" ? { refused: versionIn(refused), probeAt } : undefined;
}

function versionIn(stored: unknown): WhatsAppVersion | undefined {
  if (!Array.isArray(stored) || stored.length !== 3) return undefined;
  const [major, minor, revision] = stored as unknown[];
  return isWhole(major) && isWhole(minor) && isWhole(revision) ? [major, minor, revision] : undefined;
}

function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value);
}
