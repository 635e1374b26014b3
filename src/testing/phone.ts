/** A phone that is not there: the primary device of an account, worked by a test instead of a thumb. */

import { ZpwootError } from "../errors.js";
import type { Account } from "./account.js";
import type { ChatEntry, SentText } from "./chat.js";
import type { CompanionDevice } from "./companion-device.js";
import type { WaitOptions } from "./event-hub.js";
import type { Service } from "./service.js";

/** A linked device, as a test sees it. */
export interface CompanionFacts {
  /** 1 and up. */
  readonly device: number;
  readonly jid: string;
  /** How the client called itself when it registered, e.g. `Windows`. */
  readonly platform: string;
  /** It is logged in. */
  readonly online: boolean;
  /** It is logged in and asked for its traffic. */
  readonly active: boolean;
  /** One-time pre-keys the service still has of it. */
  readonly preKeyCount: number;
  /** Stanzas it has not acknowledged. */
  readonly pendingCount: number;
}

const linkTimeoutMs = 10_000;

/** The phone of an account. Made by `WhatsAppEmulator.addPhone`. */
export class VirtualPhone {
  readonly #service: Service;
  readonly #account: Account;

  constructor(service: Service, account: Account) {
    this.#service = service;
    this.#account = account;
  }

  /** Digits only, country code first. */
  get phoneNumber(): string {
    return this.#account.phoneNumber;
  }

  /** Name its contacts see. */
  get name(): string | undefined {
    return this.#account.name;
  }

  /** `<number>@s.whatsapp.net`. */
  get jid(): string {
    return this.#account.jid;
  }

  /** `<lid>@lid`. */
  get lid(): string {
    return this.#account.lid;
  }

  /** The linked devices, in the order of linking. */
  get companions(): readonly CompanionFacts[] {
    return this.#account.devices.map(factsOf);
  }

  /** All messages on the phone, oldest first. */
  get messages(): readonly ChatEntry[] {
    return this.#account.chat.entries;
  }

  /**
   * Scans a linking QR code, bare (`ref,noise,identity,adv`) or as a URL. Settles with the new device when the client has
   * signed its identity and the signature is right; the client is then told to restart and logs in by itself.
   * Rejects with `INVALID_INPUT` for a code that is malformed, unknown or over, with `PAIRING_REFUSED` when the client
   * refused or went away, and with `TIMEOUT` (after 10 s unless told).
   */
  async scan(qr: string, options: WaitOptions = {}): Promise<CompanionFacts> {
    return factsOf(
      await this.#service.linking.scan(this.#account, qr, { timeoutMs: linkTimeoutMs, ...options }),
    );
  }

  /**
   * Types a pairing code. Settles as {@link scan} does. Rejects with `INVALID_INPUT` when no client asked for a code for
   * this number, or the code is wrong (then the right one may still be typed).
   */
  async enterPairingCode(code: string, options: WaitOptions = {}): Promise<CompanionFacts> {
    return factsOf(
      await this.#service.linking.codes.enter(this.#account, code, { timeoutMs: linkTimeoutMs, ...options }),
    );
  }

  /**
   * Sends a text to another account (its phone and every linked device), with copies to the own linked devices.
   * Throws `INVALID_INPUT` when the recipient has no account on this emulator.
   */
  sendText(to: VirtualPhone | string, text: string): SentText {
    const recipient = this.#service.directory.find(typeof to === "string" ? to : to.jid);
    if (recipient === undefined) throw new ZpwootError("INVALID_INPUT", "The recipient has no account here.");
    return this.#account.chat.sendText(recipient, text);
  }

  /** A message here already, or the next to come, that the predicate accepts. Rejects with `TIMEOUT` or `ABORTED`. */
  waitForMessage(
    predicate: (message: ChatEntry) => boolean = () => true,
    options: WaitOptions = {},
  ): Promise<ChatEntry> {
    return this.#account.chat.waitForMessage(predicate, options);
  }

  /** Marks a received message as read, which tells its author. Throws `INVALID_INPUT` for an unknown message. */
  read(id: string): void {
    this.#account.chat.read(id);
  }

  /**
   * Unlinks a device, or all. One that is online hears `device_removed`; one that is not is refused at its next login.
   * Throws `INVALID_INPUT` when there is no such device.
   */
  unlink(device?: number): void {
    const chosen = device === undefined ? this.#account.devices : [this.#account.device(device)];
    for (const companion of chosen) {
      if (companion === undefined) {
        throw new ZpwootError("INVALID_INPUT", `${this.phoneNumber} has no linked device ${device}.`);
      }
      this.#account.unlink(companion, "phone");
    }
  }
}

function factsOf(device: CompanionDevice): CompanionFacts {
  return {
    device: device.number,
    jid: device.jid,
    platform: device.platform,
    online: device.connection !== undefined,
    active: device.active,
    preKeyCount: device.preKeyCount,
    pendingCount: device.mailbox.size,
  };
}
