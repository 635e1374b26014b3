/** How the service behaves where the real one varies or fails. */

/** Switches of the service; each may be changed at any time. */
export interface ServiceBehaviour {
  /** References sent to an unlinked client at once; 0 makes clients give up linking immediately. */
  refCount: number;
  /** Seal `pair-success` with a wrong secret, so that a client must refuse it. */
  wrongHmac: boolean;
  /** Send `pair-success` with an account signature that nobody made. No library notices. */
  forgeAccountSignature: boolean;
  /**
   * Show certificates that do not make the service WhatsApp's: `signature`: the root has not signed them; `key`: they are genuine, and
   * those of another key, as one in between could show them. No library notices.
   */
  forgeNoiseCertificate: false | "signature" | "key";
  /**
   * Hand out bundles whose signed pre-key nobody has signed: a client must not encrypt to them. `true`: of every device; a list: of these, by
   * their JIDs.
   */
  forgePreKeys: boolean | readonly string[];
  /**
   * Have no bundles for these devices, by their JIDs, and say so with an `error`, leave them out of the answer, or hand out bundles that lack
   * a part (`damaged`): a client must send to the other devices.
   */
  withholdPreKeys: { readonly devices: readonly string[]; readonly as: "error" | "nothing" | "damaged" };
  /** Bring group messages of phones with a signature that is not the sender's: a client must not show them. */
  forgeGroupMessages: boolean;
  /** Send devices the end of their offline traffic. Without it whaileys holds back every message event. */
  announceOffline: boolean;
  /** Send devices their LID at login. */
  announceLid: boolean;
  /**
   * So many scans end with `companion_reg_refresh` instead of a link, as the service does since July 2026: the secret in the scanned
   * code is retired, and the client has to draw the code again with a new one.
   */
  refreshScans: number;
  /** The account is guarded by a passkey: scans end with `passkey_prologue_request`, which no client can answer here. */
  passkeyGate: boolean;
  /** So many typed pairing codes are answered with `refresh_code`: the client must show another one. */
  refreshCodes: number;
  /** Refuse a pairing-code request whose client names an unknown browser or system. */
  validateDisplay: boolean;
  /** How long a QR reference is valid, in milliseconds of the emulator's clock. */
  refLifetimeMs: number;
  /** How long a pairing code is valid, in milliseconds of the emulator's clock. */
  codeLifetimeMs: number;
  /** JIDs of accounts that let no stranger add them to a group, or see their profile picture. */
  privateAccounts: readonly string[];
  /** Deflate every frame to clients, as the service does with large ones. */
  compressFrames: boolean;
  /**
   * Where clients upload media, over HTTPS: `host` or `host:port`, in the order in which they are tried. Undefined: the emulator's own
   * media host.
   */
  mediaHosts: readonly string[] | undefined;
  /** Refuse clients below this version with failure 405; compared part by part. */
  minimumVersion: readonly [number, number, number] | undefined;
}

/** The switches of a new emulator. */
export const DEFAULT_BEHAVIOUR: Readonly<ServiceBehaviour> = {
  refCount: 6,
  wrongHmac: false,
  forgeAccountSignature: false,
  forgeNoiseCertificate: false,
  forgePreKeys: false,
  withholdPreKeys: { devices: [], as: "error" },
  forgeGroupMessages: false,
  announceOffline: true,
  announceLid: true,
  refreshScans: 0,
  passkeyGate: false,
  refreshCodes: 0,
  validateDisplay: false,
  refLifetimeMs: 180_000,
  codeLifetimeMs: 180_000,
  privateAccounts: [],
  compressFrames: false,
  mediaHosts: undefined,
  minimumVersion: undefined,
};
