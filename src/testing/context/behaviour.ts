/** How the service behaves where the real one has been seen to differ, or to go wrong. May be changed at any time. */

/** Switches of the service. */
export interface ServiceBehaviour {
  /** References given to an unlinked client at once; 0 makes clients give up linking immediately. */
  refCount: number;
  /** Seal `pair-success` with a wrong secret, so that a client must refuse it. */
  wrongHmac: boolean;
  /** Tell devices that all waiting traffic was sent. Without it whaileys holds back every message event. */
  announceOffline: boolean;
  /** Tell devices their LID at login. */
  announceLid: boolean;
  /**
   * So many scans end with `companion_reg_refresh` instead of a link, as the service does since July 2026: the secret in the scanned
   * code is retired, and the client has to draw the same code anew with another one.
   */
  refreshScans: number;
  /** The account is guarded by a passkey: scans end with `passkey_prologue_request`, which no client can answer here. */
  passkeyGate: boolean;
  /** So many pairing codes that are typed are answered with `refresh_code`: the client must show another one. */
  refreshCodes: number;
  /** Refuse a pairing-code request whose client calls itself by a name that no browser or system has. */
  validateDisplay: boolean;
  /** How long a QR reference is honoured, in milliseconds of the emulator's clock. */
  refLifetimeMs: number;
  /** How long a pairing code is taken, in milliseconds of the emulator's clock. */
  codeLifetimeMs: number;
  /** Deflate every frame to clients, as the service does with large ones. */
  compressFrames: boolean;
  /** Refuse clients below this version with failure 405; compared part by part. */
  minimumVersion: readonly [number, number, number] | undefined;
}

/** What a fresh emulator does. */
export const defaultBehaviour: Readonly<ServiceBehaviour> = {
  refCount: 6,
  wrongHmac: false,
  announceOffline: true,
  announceLid: true,
  refreshScans: 0,
  passkeyGate: false,
  refreshCodes: 0,
  validateDisplay: false,
  refLifetimeMs: 180_000,
  codeLifetimeMs: 180_000,
  compressFrames: false,
  minimumVersion: undefined,
};
