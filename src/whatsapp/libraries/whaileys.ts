/**
 * The one place that loads whaileys. Loading costs about 0.25 s and 50 MB, so it happens on the first connect. Four
 * defects that can't be reached from a socket's public surface are cured in memory while loading; the files on disk
 * stay as they are.
 */
import { createRequire } from "node:module";
import type * as Whaileys from "whaileys";
import type { UserFacingSocketConfig, WAMessage } from "whaileys";
import { ZpwootError, isZpwootError } from "../../errors.js";
import type { SocketFactory } from "../library.js";
import { mediaOptions } from "../proxy.js";
import { guardFrames, withFrameGuard } from "./frame-order.js";
import { cureLibsignal } from "./libsignal-patches.js";
import { whaileysCaches } from "./caches.js";
import { wholeUploads, type MediaModule } from "./complete-uploads.js";

const require = createRequire(import.meta.url);

/** What the library would log of a download holds media keys. */
const SILENT = { info: () => {}, warn: () => {}, debug: () => {}, error: () => {}, trace: () => {} };

/** What has to be installed, and the override that makes it installable; also in the README. */
export const WHAILEYS_MISSING = `whaileys is not installed. It is an optional peer dependency of zpwoot, because it names its own dependency \
libsignal as a GitHub tarball, which current npm refuses. Add to your package.json  "overrides": { "libsignal": "6.0.0" }  and run  \
npm install whaileys@6.4.9  (with pnpm the override goes into pnpm-workspace.yaml). Or hand in another Baileys-family \
library as \`whatsapp.socketFactory\`.`;

let loaded: SocketFactory | undefined;

/**
 * whaileys as a {@link SocketFactory}; the same object every time.
 * @throws ZpwootError `MISSING_PACKAGE` when it is not installed, with the way to install it.
 */
export function loadWhaileys(): SocketFactory {
  loaded ??= load();
  return loaded;
}

function load(): SocketFactory {
  try {
    require.resolve("whaileys");
  } catch (cause) {
    throw new ZpwootError("MISSING_PACKAGE", WHAILEYS_MISSING, { cause });
  }
  try {
    const whaileys = requireAndRelease(cureLibsignal());
    guardFrames(require("whaileys/lib/Utils/noise-handler") as Parameters<typeof guardFrames>[0]);
    wholeUploads(require("whaileys/lib/Utils/messages-media") as MediaModule);
    return {
      name: "whaileys",
      makeSocket: (config, onFrameError) =>
        withFrameGuard(onFrameError, () => whaileys.default(keepingLink(config))),
      webSocketOf: ({ ws }) => ws,
      makeCaches: whaileysCaches,
      initAuthCreds: () => whaileys.initAuthCreds(),
      downloadMedia: async (message, { agent, socket }) => {
        const again = socket && {
          logger: SILENT,
          reuploadRequest: (stale: WAMessage) => socket.updateMediaMessage(stale),
        };
        const way = { options: mediaOptions(agent) };
        return (await whaileys.downloadMediaMessage(message, "buffer", way, again as never)) as Buffer;
      },
      reviveSenderKey: (stored) => senderKeyIn(stored, whaileys.BufferJSON.reviver),
      reviveAppStateSyncKey: (plain) => whaileys.proto.Message.AppStateSyncKeyData.fromObject(plain),
    };
  } catch (cause) {
    if (isZpwootError(cause)) throw cause;
    throw new ZpwootError("CONNECTION_FAILED", "whaileys is installed but could not be loaded", { cause });
  }
}

/**
 * History that comes before the app-state key makes whaileys unlink itself ("bad link", whatsapp-protocol.md section 8): it is not shown
 * such history. What was in it is lost, the link is not.
 */
function keepingLink(config: UserFacingSocketConfig): UserFacingSocketConfig {
  const { shouldSyncHistoryMessage: wanted } = config;
  if (wanted === undefined) return config;
  const { creds } = config.auth;
  return {
    ...config,
    shouldSyncHistoryMessage: (message) => creds.myAppStateKeyId !== undefined && wanted(message),
  };
}

/** Baileys 7 stores a sender key as the bytes of its JSON text, whaileys as the list that the text is of. */
function senderKeyIn(stored: unknown, reviver: (key: string, value: unknown) => unknown): unknown {
  if (!(stored instanceof Uint8Array)) return stored;
  const text = Buffer.from(stored).toString();
  try {
    return text.startsWith("[") ? (JSON.parse(text, reviver) as unknown) : stored;
  } catch {
    return stored;
  }
}

function requireAndRelease(release: () => void): (typeof Whaileys)["default"] {
  try {
    return require("whaileys") as (typeof Whaileys)["default"];
  } finally {
    release();
  }
}
