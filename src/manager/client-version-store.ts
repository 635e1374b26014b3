/** Keeps the last client version that WhatsApp accepted in the store, for a start without a way to ask for the current one. */
import { messageOf } from "../errors.js";
import type { Store } from "../store/store.js";
import type { Logger } from "../api/logger.js";
import type { ClientVersionStore, WhatsAppVersion } from "../whatsapp/client-version.js";
import { CLIENT_VERSION_KEY } from "../store/keys.js";

/** The memory of a manager. What the store can't do is logged: a version is a convenience, not a credential. */
export function versionMemory(store: Store, logger: Logger): ClientVersionStore {
  const log = (error: unknown): void =>
    logger.debug({ error: messageOf(error) }, "the client version could not be loaded or saved");
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

function versionIn(value: unknown): WhatsAppVersion | undefined {
  if (!Array.isArray(value) || value.length !== 3 || !value.every(Number.isSafeInteger)) return undefined;
  return value as unknown as WhatsAppVersion;
}
