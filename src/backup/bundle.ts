/** Export and import of one session as a portable, encrypted bundle. */
import type { WrittenAuth } from "../api/backup.js";
import { ZpwootError } from "../errors.js";
import { decode, Encoded, encode } from "../store/codec.js";
import type { Store } from "../store/store.js";
import { type KeyDerivation, PassphraseKey } from "./passphrase.js";
import { readPortableAuth, writePortableAuth } from "./portable-auth.js";
import { type PortableAuth, portableAuthIn } from "./portable-form.js";

const FORMAT = "zpwoot-session";
const VERSION = 1;

/** The unencrypted part of a bundle. */
export interface BundleHead {
  readonly format: typeof FORMAT;
  readonly version: typeof VERSION;
  readonly sessionId: string;
  /** ISO 8601 UTC. */
  readonly createdAt: string;
  /** The bundle of a session with the higher number is the newer one. */
  readonly generation: number;
}

interface Bundle extends BundleHead, KeyDerivation {
  readonly data: string;
}

/** Options of {@link exportCredentials}. */
export interface ExportCredentialsOptions {
  readonly store: Store;
  readonly sessionId: string;
  readonly passphrase: string;
}

/** Options of {@link importCredentials}. */
export interface ImportCredentialsOptions extends ExportCredentialsOptions {
  /** The text returned by `exportCredentials`. */
  readonly bundle: string;
  /** Replace newer credentials, or those of another device. Default false. */
  readonly force?: boolean;
}

/**
 * The credentials and Signal keys of a linked session as one encrypted text. The text and the passphrase together are the device:
 * once they are used elsewhere, this session must not connect again. Rejects with `INVALID_INPUT` when the session is not linked or
 * the passphrase is empty, with `STORE_UNAVAILABLE` or `STORE_CORRUPT` when it can't be read.
 */
export async function exportCredentials({
  store,
  sessionId,
  passphrase,
}: ExportCredentialsOptions): Promise<string> {
  const key = await PassphraseKey.of(passphrase);
  const auth = await readPortableAuth(store, sessionId);
  const head: BundleHead = {
    format: FORMAT,
    version: VERSION,
    sessionId,
    createdAt: new Date().toISOString(),
    generation: auth.generation,
  };
  const bundle: Bundle = {
    ...head,
    ...key.derivation,
    data: key.seal(encode(auth).text, JSON.stringify(head)),
  };
  return JSON.stringify(bundle);
}

/**
 * Imports a bundle into a session that is not connected; it may be another session than the exported one. Rejects with
 * `INVALID_INPUT` and changes nothing when the text is not a bundle, the passphrase is wrong, or the store holds credentials that
 * only `force` replaces. The Signal sessions with contacts in a bundle older than the stored credentials are left out; the
 * protocol makes new ones.
 */
export async function importCredentials(options: ImportCredentialsOptions): Promise<WrittenAuth> {
  const { store, sessionId, force = false } = options;
  const auth = await openBundle(options.bundle, options.passphrase);
  return writePortableAuth(store, sessionId, auth, { force });
}

/**
 * What a bundle holds. Rejects with `INVALID_INPUT` when the text is not a bundle, the passphrase is wrong, or what is sealed in it is
 * not the auth state of a linked device.
 */
export async function openBundle(text: string, passphrase: string): Promise<PortableAuth> {
  const bundle = parseBundle(text);
  const key = await PassphraseKey.of(passphrase, bundle);
  return portableAuthIn(parsed(key.open(bundle.data, JSON.stringify(headOf(bundle)))));
}

/** The unencrypted part of a bundle. Throws `INVALID_INPUT` when the text is not a bundle. */
export function describeBundle(bundle: string): BundleHead {
  return headOf(parseBundle(bundle));
}

function parsed(text: string): unknown {
  try {
    return decode(new Encoded(text));
  } catch {
    // Without the parser's message: it quotes the text.
    throw new ZpwootError("INVALID_INPUT", "bundle: what is sealed in it is damaged");
  }
}

function headOf({ format, version, sessionId, createdAt, generation }: BundleHead): BundleHead {
  return { format, version, sessionId, createdAt, generation };
}

function parseBundle(text: string): Bundle {
  try {
    const bundle = JSON.parse(text) as Partial<Bundle> | null;
    if (
      bundle?.format === FORMAT &&
      bundle.version === VERSION &&
      typeof bundle.data === "string" &&
      typeof bundle.salt === "string"
    ) {
      return bundle as Bundle;
    }
  } catch {
    // Not JSON: refused below, without quoting it.
  }
  throw new ZpwootError("INVALID_INPUT", `bundle: not an exported session of version ${VERSION}`);
}
