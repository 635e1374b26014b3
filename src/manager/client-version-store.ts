/** Stores the last client version that WhatsApp accepted, for a start at which the current one can't be asked for. */
import type { Logger } from "../api/logger.js";
import { messageOf } from "../errors.js";
import { CLIENT_VERSION_KEY } from "../store/keys.js";
import type { Store } from "../store/store.js";
import type { ClientVersionStore, WhatsAppVersion } from "../whatsapp/client-version.js";

/** Where a manager stores the version. Neither method rejects: a version is a convenience, so store errors are logged only. */
export function clientVersionStore(store: Store, logger: Logger): ClientVersionStore {
  const log = (error: unknown): void =>
    logger.debug({ error: messageOf(error) }, "The client version could not be loaded or saved");
  return {
    load: async () => {
      try {
        return versionIn((await store.readEach([CLIENT_VERSION_KEY])).get(CLIENT_VERSION_KEY)?.value);
      } catch (error) {
        log(error);
        return undefined;
      }
    },
    save: async (version) => {
      try {
        await store.write(CLIENT_VERSION_KEY, new Map([[CLIENT_VERSION_KEY, [...version]]]));
      } catch (error) {
        log(error);
      }
    },
  };
}

function versionIn(stored: unknown): WhatsAppVersion | undefined {
  if (!Array.isArray(stored) || stored.length !== 3) return undefined;
  const [major, minor, revision] = stored as unknown[];
  return isWhole(major) && isWhole(minor) && isWhole(revision) ? [major, minor, revision] : undefined;
}

function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value);
}
