/** An account as the service knows it: its addresses, its linked devices, and the port to its phone. */
import type { EmulatorContext } from "../context/emulator-context.js";
import type { KeyPair, PreKeyBundle } from "../signal/index.js";
import { formatJid, LID_SERVER, PHONE_SERVER } from "../wire/jid.js";
import type { BinaryNode } from "../wire/node.js";
import type { CompanionDevice, DeviceOwner } from "./companion-device.js";
import type { Envelope } from "./envelope.js";
import { Profile, type BusinessInput } from "./profile.js";

/** The phone of an account, as far as the network needs it. `phone/` has the implementation. */
export interface Phone {
  /** Identity key pair of the phone; it signs the identities of companions. */
  readonly identity: KeyPair;
  /** Keys to start an encrypted session with the phone; each call spends a one-time pre-key. */
  takeBundle(): PreKeyBundle;
  /** A message, a copy of one, or a key arrives. */
  receive(envelope: Envelope): void;
  /** Another device reports how far messages of this phone got. */
  noteReceipt(ids: readonly string[], status: "delivered" | "read"): void;
  /** An account has another address in place of an old one. */
  readdress(old: string, jid: string): void;
  /** A device could not decrypt a message of this phone: encrypts it again, in a new session. */
  resend(device: CompanionDevice, retry: BinaryNode): void;
  /** A newsletter that the account follows, or owns, has a new post. */
  receivePost(post: NewsletterPost): void;
  /** A companion could not download the media of a message: stores it again, and says where. */
  storeMediaAgain(device: CompanionDevice, receipt: BinaryNode): void;
  /** A member left a group: the next message there must be encrypted with another key. */
  forgetGroupKey(group: string): void;
  /** Answers a companion that fetches or changes the app state: the children of `sync`. */
  answerAppState(device: CompanionDevice, sync: BinaryNode | undefined): readonly BinaryNode[];
  /** A device has asked for its traffic for the first time since it was linked. */
  deviceActivated(device: CompanionDevice): void;
}

/** A post as it reaches a phone. */
export interface NewsletterPost {
  readonly id: string;
  /** JID. */
  readonly newsletter: string;
  /** An encoded message. */
  readonly content: Buffer;
  readonly fromMe: boolean;
}

/** What an account is made of. */
export interface AccountInput<OwnPhone extends Phone> extends DeviceOwner {
  /** Name its contacts see. */
  readonly name: string | undefined;
  /** Undefined: it is no business. */
  readonly business?: BusinessInput | undefined;
  /** Makes the phone of the account. */
  readonly createPhone: (account: Account<OwnPhone>) => OwnPhone;
}

/** One account. */
export class Account<OwnPhone extends Phone = Phone> {
  /** Digits only. */
  phoneNumber: string;
  readonly lidUser: string;
  /** Name its contacts see. */
  name: string | undefined;
  readonly profile: Profile;
  readonly phone: OwnPhone;
  /** Whom it has blocked. */
  readonly blocked = new Set<Account>();
  readonly #context: EmulatorContext;
  readonly #devices = new Map<number, CompanionDevice>();
  #lastDeviceNumber = 0;

  constructor(context: EmulatorContext, input: AccountInput<OwnPhone>) {
    const { phoneNumber, lidUser, name, business, createPhone } = input;
    this.#context = context;
    this.phoneNumber = phoneNumber;
    this.lidUser = lidUser;
    this.name = name;
    this.profile = new Profile(business);
    this.phone = createPhone(this);
  }

  /** `<number>@s.whatsapp.net`. */
  get jid(): string {
    return formatJid({ user: this.phoneNumber, server: PHONE_SERVER });
  }

  /** `<lid>@lid`. */
  get lid(): string {
    return formatJid({ user: this.lidUser, server: LID_SERVER });
  }

  /** The linked devices, in the order of linking. */
  get devices(): readonly CompanionDevice[] {
    return [...this.#devices.values()];
  }

  /** The linked device of a number. */
  device(number: number): CompanionDevice | undefined {
    return this.#devices.get(number);
  }

  /** Reserves a device number that was never used before. */
  reserveDeviceNumber(): number {
    this.#lastDeviceNumber += 1;
    return this.#lastDeviceNumber;
  }

  /** Adds a verified device to the account. */
  link(device: CompanionDevice): void {
    this.#devices.set(device.number, device);
    const { jid, number } = device;
    this.#context.events.emit("linked", { phoneNumber: this.phoneNumber, jid, device: number });
  }

  /** Removes a device from the account, and ends its connection as that of an unlinked device (401). */
  unlink(device: CompanionDevice, by: "phone" | "companion"): void {
    this.#devices.delete(device.number);
    this.#context.events.emit("unlinked", { phoneNumber: this.phoneNumber, jid: device.jid, by });
    device.connection?.perform({ streamError: 401 });
  }
}

/** A linked device together with its account. */
export interface LinkedDevice {
  readonly account: Account;
  readonly device: CompanionDevice;
}
