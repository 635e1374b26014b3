/** What the account of a phone shows of itself, and to whom. */
import { ZpwootError } from "../errors.js";
import type { Account } from "./network/account.js";
import type { Network } from "./network/network.js";
import { changeNumber } from "./network/number-change.js";
import { changePicture, ONE_PIXEL } from "./network/pictures.js";
import type { PrimaryDevice } from "./phone/primary-device.js";
import { VirtualChats, type ChatAddress } from "./virtual-chats.js";
import { phoneNumberOf } from "./wire/jid.js";

/** The profile and privacy of a phone's account. Every `VirtualPhone` has them. */
export abstract class VirtualProfile extends VirtualChats {
  readonly #network: Network;
  readonly #account: Account<PrimaryDevice>;

  /** @internal */
  constructor(network: Network, account: Account<PrimaryDevice>) {
    super(network, account);
    this.#network = network;
    this.#account = account;
  }

  /** Changes the profile picture (JPEG; by default one pixel): every linked client is notified. */
  changePicture(bytes: Uint8Array = ONE_PIXEL): void {
    changePicture(this.#network, this.#account, this.#account, Buffer.from(bytes));
  }

  /** Takes the profile picture away. */
  removePicture(): void {
    changePicture(this.#network, this.#account, this.#account, undefined);
  }

  /** The bytes of the profile picture; undefined while there is none. */
  get picture(): Buffer | undefined {
    return this.#account.profile.picture?.bytes;
  }

  /** Id of the cover photo of a business, which clients set; undefined while there is none. */
  get coverPhoto(): string | undefined {
    return this.#account.profile.coverPhoto;
  }

  /** The about text; empty when there is none. */
  get about(): string {
    return this.#account.profile.about;
  }

  /** Changes the about text. */
  setAbout(text: string): void {
    Object.assign(this.#account.profile, { about: text, aboutSetAt: this.#network.context.seconds });
  }

  /** The settings of privacy, by the service's names (`last`, `profile`, `readreceipts`, …), as phone and clients set them. */
  get privacy(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.#account.profile.privacy);
  }

  /** Changes a setting of privacy. Throws `INVALID_INPUT` when there is no such setting or value. */
  setPrivacy(name: string, value: string): void {
    if (this.#account.profile.setPrivacy(name, value)) return;
    throw new ZpwootError("INVALID_INPUT", `There is no privacy setting ${name} with the value ${value}`);
  }

  /**
   * Changes the number of the account, as people do with a new SIM card. The LID stays; its linked clients are unlinked, those of contacts and
   * groups are notified. Throws `INVALID_INPUT` for a malformed number, or one that is taken.
   */
  changeNumber(phoneNumber: string): void {
    const digits = phoneNumberOf(phoneNumber);
    if (this.#network.directory.find(digits) !== undefined)
      throw new ZpwootError("INVALID_INPUT", `There is a phone ${digits} already`);
    changeNumber(this.#network, this.#account, digits);
  }

  /** JIDs of the accounts that are blocked: their messages, statuses and calls do not arrive. */
  get blocked(): readonly string[] {
    return [...this.#account.blocked].map(({ jid }) => jid);
  }

  /** Blocks an account. */
  block(other: ChatAddress): void {
    this.#account.blocked.add(this.accountOf(other));
  }

  /** Blocks it no more. */
  unblock(other: ChatAddress): void {
    this.#account.blocked.delete(this.accountOf(other));
  }
}
