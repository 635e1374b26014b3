/** What the methods of the emulator take, and where clients find it. */
import type { Agent } from "node:https";
import type { FailureSpec, FaultAction, StreamErrorSpec } from "./context/fault-actions.js";
import type { BusinessInput } from "./network/profile.js";

/** How the admin calls behave. */
export interface AdminOptions {
  /** Add a phone when a call names a number without one, instead of answering 404. Default false. */
  readonly addPhonesOnDemand?: boolean;
  /** The sessions of a server whose QR codes phones may scan by their name. Without it a QR code is passed as text. */
  readonly sessions?: () => Promise<readonly LinkableSession[]>;
}

/** A session of a server, for a phone to scan. */
export interface LinkableSession {
  readonly id: string;
  readonly name: string;
  /** The text of the QR code that it shows now; undefined while it shows none. */
  readonly qr?: string | undefined;
}

/** How an emulator is set up. */
export interface EmulatorOptions {
  /** TCP port. Default 0: a free one. */
  readonly port?: number;
  /** Address to listen on. Default `127.0.0.1`: only this machine. */
  readonly host?: string;
  /** Answer the admin calls (`/admin/…`) on the same port, and serve the page with the phones at `/`, for tests in other languages and by hand. Default false. */
  readonly admin?: boolean | AdminOptions;
  /** Stanzas kept for `WhatsAppEmulator.transcript`. Default 500. */
  readonly transcriptLimit?: number;
  /** Wall clock, in milliseconds: `ManualClock.now` in tests where time matters. Default `Date.now`. */
  readonly now?: () => number;
  /** Makes the emulator's randomness (keys, references, ids) the same in every run. Its clients keep their own. */
  readonly seed?: number | string;
}

/** An account to add. */
export interface PhoneInput {
  /** In any notation, with country code; only the digits count. */
  readonly phoneNumber: string;
  /** Name its contacts see. */
  readonly name?: string;
  /** Makes it a business, with a profile and a catalogue that its linked clients may fill. */
  readonly business?: BusinessInput;
  /** User part of the LID. Default random. */
  readonly lid?: string;
  /**
   * Send each newly linked client the app-state key and an (empty) first history automatically, as real phones do. Without it
   * the test does so with `shareAppStateKey` and `sendHistory`. Default false.
   */
  readonly initialSync?: boolean;
}

/** What to do to a device's connection; exactly one of the four. Default `{ how: "close" }`. */
export interface DisconnectInput {
  /** Number of a stream error: 515 restart, 503 unavailable, 440 replaced, 401 removed, … */
  readonly streamError?: number | StreamErrorSpec;
  /** A `<failure>`, as at login. */
  readonly failure?: FailureSpec;
  /** Close the WebSocket with this code, without ending the stream. */
  readonly closeCode?: number;
  /** See `FaultAction`. */
  readonly how?: "close" | "fin" | "reset" | "silence" | "garbage" | "unknown-token" | "downgrade";
}

/** Where a `SessionManager` finds the emulator. */
export interface EmulatorAddress {
  readonly url: string;
  readonly mediaUrl: string;
  readonly noiseRootKey: Uint8Array;
}

/** Where a library finds the emulator. */
export interface LibraryOptions {
  readonly waWebSocketUrl: string;
  /** For uploads. */
  readonly fetchAgent: Agent;
  /** For downloads: with axios (whaileys, Baileys 6), and with `fetch` (Baileys 7). */
  readonly options: { readonly httpsAgent: Agent; readonly dispatcher: object };
}

/** The fault that a disconnect stands for. */
export function actionOf({ streamError, failure, closeCode, how = "close" }: DisconnectInput): FaultAction {
  if (streamError !== undefined) return { streamError };
  if (closeCode !== undefined) return { closeCode };
  return failure === undefined ? how : { failure };
}
