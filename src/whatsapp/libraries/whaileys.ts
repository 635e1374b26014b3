/**
 * The only file that loads whaileys. Loading takes about 0.25 s and 50 MB, so it happens on the first connect. Defects that
 * can't be fixed from outside are patched in memory while it loads; the files on disk are not changed
 * (docs/decisions/0003-cures-from-outside.md).
 */
import { createRequire } from "node:module";
import type * as Whaileys from "whaileys";
import type { UserFacingSocketConfig } from "whaileys";
import { ZpwootError, isZpwootError } from "../../errors.js";
import type { LibraryOptions, SocketFactory } from "../library.js";
import { spareEmptyQueries, type GroupsModule } from "./empty-queries.js";
import { patchFrameOrder, withFrameErrors } from "./frame-order.js";
import { orderGroupMessages, type GroupModule } from "./group-order.js";
import { hookHandled, notingHandled } from "./handled-messages.js";
import { takeHandshakeKey, withHandshakeKey } from "./handshake-keys.js";
import { boundHistory, type HistoryModule, type HistoryParts } from "./history-bounds.js";
import { patchLibsignal } from "./libsignal-patches.js";
import { whaileysCaches } from "./caches.js";
import { hookWhaileys, patchDecryptions, type DecodeModule, type DecryptModule } from "./decryptions.js";
import { noteContents, type GenericsModule } from "./sent-messages.js";
import { isSignalRecord } from "./signal-records.js";
import { checkSenders, type GroupCipherClass } from "./signature-checks.js";
import { sparePerDevice, type EncodeModule, type SignalModule } from "./spared-devices.js";
import { patchUploads, type MediaModule, type MessagesModule } from "./complete-uploads.js";

const require = createRequire(import.meta.url);

/** Error text with the way to install whaileys; the README has it too. */
const WHAILEYS_MISSING = `whaileys is not installed. It is an optional peer dependency of zpwoot, because it names its own dependency \
libsignal as a GitHub tarball, which current npm refuses. Add to your package.json  "overrides": { "libsignal": "6.0.0" }  and run  \
npm install whaileys@6.4.9  (with pnpm the override goes into pnpm-workspace.yaml). Or set another Baileys-family \
library as \`whatsapp.socketFactory\`.`;

type SenderKeyMessageClass = new (
  a: null,
  b: null,
  c: null,
  d: null,
  bytes: Uint8Array,
) => { getKeyId(): number };

interface MediaDownload {
  readonly downloadContentFromMessage: HistoryParts["download"];
}

let loaded: (LibraryOptions & { readonly factory: SocketFactory }) | undefined;

/**
 * Returns whaileys as a {@link SocketFactory}; the same object every time.
 * @throws ZpwootError `MISSING_PACKAGE` if it is not installed, with the way to install it; `CONNECTION_FAILED` if it can't be loaded;
 * `INVALID_OPTION` if it was loaded with patches and is wanted without, or the other way round.
 */
export function loadWhaileys({ patches }: LibraryOptions = { patches: true }): SocketFactory {
  loaded ??= { patches, factory: load(patches) };
  if (loaded.patches === patches) return loaded.factory;
  throw new ZpwootError(
    "INVALID_OPTION",
    `whaileys was loaded with whatsapp.patches: ${loaded.patches}, which lasts as long as the process: set it alike for every manager`,
  );
}

function load(patches: boolean): SocketFactory {
  try {
    require.resolve("whaileys");
  } catch (cause) {
    throw new ZpwootError("MISSING_PACKAGE", WHAILEYS_MISSING, { cause });
  }
  try {
    const whaileys = requireWhaileys(patches ? patchLibsignal() : () => {});
    if (patches) patchModules(whaileys);
    return {
      name: "whaileys",
      makeSocket: (config, onFrameError) =>
        notingHandled(config.logger, true, (logger) =>
          withHandshakeKey(() =>
            withFrameErrors(onFrameError, () =>
              whaileys.default(withoutEarlyHistory(logger === undefined ? config : { ...config, logger })),
            ),
          ),
        ),
      takeHandshakeKey,
      webSocketOf: ({ ws }) => ws,
      ...(patches ? { onDecrypt: hookWhaileys } : {}),
      onHandled: hookHandled,
      lacksPolls: true,
      announcesSends: patches,
      makeCaches: whaileysCaches,
      initAuthCreds: () => whaileys.initAuthCreds(),
      isSignalRecord,
      reviveSenderKey: (stored) => parseSenderKey(stored, whaileys.BufferJSON.reviver),
      reviveAppStateSyncKey: (plain) => whaileys.proto.Message.AppStateSyncKeyData.fromObject(plain),
    };
  } catch (cause) {
    if (isZpwootError(cause)) throw cause;
    throw new ZpwootError("CONNECTION_FAILED", "whaileys is installed but could not be loaded", { cause });
  }
}

function patchModules(whaileys: (typeof Whaileys)["default"]): void {
  patchFrameOrder(require("whaileys/lib/Utils/noise-handler") as Parameters<typeof patchFrameOrder>[0]);
  const media = require("whaileys/lib/Utils/messages-media") as MediaModule & MediaDownload;
  patchUploads(media, require("whaileys/lib/Utils/messages") as MessagesModule);
  boundHistory(require("whaileys/lib/Utils/history") as HistoryModule, {
    download: (...args) => media.downloadContentFromMessage(...args),
    decode: (bytes) => whaileys.proto.HistorySync.decode(bytes),
  });
  patchMessages();
}

function patchMessages(): void {
  const SenderKeyMessage = require("whaileys/WASignalGroup/sender_key_message") as SenderKeyMessageClass;
  checkSenders(require("whaileys/WASignalGroup/group_cipher") as GroupCipherClass, (bytes) =>
    new SenderKeyMessage(null, null, null, null, bytes).getKeyId(),
  );
  const signal = require("whaileys/lib/Utils/signal") as SignalModule & GroupModule & DecryptModule;
  patchDecryptions(signal, require("whaileys/lib/Utils/decode-wa-message") as DecodeModule);
  noteContents(require("whaileys/lib/Utils/generics") as GenericsModule);
  orderGroupMessages(signal);
  sparePerDevice(signal, require("whaileys/lib/WABinary/encode") as EncodeModule);
  spareEmptyQueries(require("whaileys/lib/Socket/groups") as GroupsModule);
}

/**
 * Skips history that arrives before the app-state key, which makes whaileys unlink itself ("bad link",
 * docs/protocol.md#history-and-app-state). That history is lost, the link is kept.
 */
function withoutEarlyHistory(config: UserFacingSocketConfig): UserFacingSocketConfig {
  const { shouldSyncHistoryMessage: wanted } = config;
  if (wanted === undefined) return config;
  const { creds } = config.auth;
  return {
    ...config,
    shouldSyncHistoryMessage: (message) => creds.myAppStateKeyId !== undefined && wanted(message),
  };
}

/** Converts a sender key that Baileys 7 stored, as the bytes of its JSON text, to the list that whaileys reads. */
function parseSenderKey(stored: unknown, reviver: (key: string, value: unknown) => unknown): unknown {
  if (!(stored instanceof Uint8Array)) return stored;
  const text = Buffer.from(stored).toString();
  try {
    return text.startsWith("[") ? (JSON.parse(text, reviver) as unknown) : stored;
  } catch {
    return stored;
  }
}

function requireWhaileys(release: () => void): (typeof Whaileys)["default"] {
  try {
    return require("whaileys") as (typeof Whaileys)["default"];
  } finally {
    release();
  }
}
