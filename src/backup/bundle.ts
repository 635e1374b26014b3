/** Export and import of one session as a portable, encrypted bundle. */
import { ZpwootError } from "../errors.js";
import type { Store } from "../store/store.js";
import { decode, Encoded, encode } from "../store/codec.js";
import { type KeyDerivation, PassphraseKey } from "./passphrase.js";
import { type PortableAuth, readPortableAuth, writePortableAuth } from "./portable-auth.js";
import { type WrittenAuth } from "../api/backup.js";

const FORMAT = "zpwoot-session";
const VERSION = 1;

/** What stands in a bundle in the clear. */
export interface BundleHead {
  readonly format: typeof FORMAT;
  readonly version: typeof VERSION;
  readonly sessionId: string;
  /** ISO 8601 UTC. */
  readonly createdAt: string;
  /** Of two bundles of one session the higher is the newer. */
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
  /** What `exportCredentials` gave. */
  readonly bundle: string;
  /** Replace newer credentials, or those of another device. Default false. */
  readonly force?: boolean;
}

/**
 * The credentials and Signal keys of a linked session as one encrypted text. Whoever has it and the passphrase is that device:
 * when it is used elsewhere, this session must not connect again. Rejects with `INVALID_INPUT` when the session is not linked.
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
 * Puts a bundle into a session, which need not be the one it came from and must not be connected. Rejects with
 * `INVALID_INPUT` when the text is no bundle, the passphrase is wrong, or the store holds what only `force` replaces; nothing
 * is changed then. A bundle older than what is there comes without its sessions with contacts, which are made anew.
 */
export async function importCredentials(options: ImportCredentialsOptions): Promise<WrittenAuth> {
  const { store, sessionId, force = false } = options;
  const bundle = parseBundle(options.bundle);
  const key = await PassphraseKey.of(options.passphrase, bundle);
  const auth = decode(new Encoded(key.open(bundle.data, JSON.stringify(headOf(bundle))))) as PortableAuth;
  return writePortableAuth(store, sessionId, auth, { force });
}

/** What a bundle says about itself without its passphrase. Throws `INVALID_INPUT` when it is none. */
export function describeBundle(bundle: string): BundleHead {
  return headOf(parseBundle(bundle));
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
    // No JSON: told below, without quoting it.
  }
  throw new ZpwootError("INVALID_INPUT", `bundle: this is no exported session of version ${VERSION}`);
}
