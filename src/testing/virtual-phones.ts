/** The phones of an emulator. */
import { ZpwootError } from "../errors.js";
import { randomNumber } from "./context/random.js";
import type { PhoneInput } from "./emulator-options.js";
import { Account } from "./network/account.js";
import type { Network } from "./network/network.js";
import { PrimaryDevice } from "./phone/primary-device.js";
import type { Linking } from "./server/linking/linking.js";
import { VirtualPhone } from "./virtual-phone.js";
import { digitsOf, phoneNumberOf } from "./wire/jid.js";

/** Adds and finds phones. */
export class VirtualPhones {
  readonly #network: Network;
  readonly #linking: Linking;
  readonly #phones = new Map<Account, VirtualPhone>();

  constructor(network: Network, linking: Linking) {
    this.#network = network;
    this.#linking = linking;
  }

  /** In the order of adding. */
  get all(): readonly VirtualPhone[] {
    return [...this.#phones.values()];
  }

  /** See `WhatsAppEmulator.addPhone`. */
  add(input: PhoneInput): VirtualPhone {
    const phoneNumber = phoneNumberOf(input.phoneNumber);
    const { directory, context } = this.#network;
    if (directory.find(phoneNumber) !== undefined) {
      throw new ZpwootError("INVALID_INPUT", `There is a phone ${phoneNumber} already`);
    }
    const lidUser = input.lid === undefined ? this.#randomLid() : digitsOf(input.lid);
    if (lidUser === "") throw new ZpwootError("INVALID_INPUT", "A LID must have digits");
    const { name, business, initialSync = false } = input;
    const account = new Account<PrimaryDevice>(context, {
      phoneNumber,
      lidUser,
      name,
      business,
      createPhone: (owner) => new PrimaryDevice(this.#network, owner, { initialSync }),
    });
    directory.add(account);
    const phone = new VirtualPhone(this.#network, this.#linking, account);
    this.#phones.set(account, phone);
    context.events.emit("phone-added", { phoneNumber });
    return phone;
  }

  /** See `WhatsAppEmulator.phone`. */
  get(phoneNumber: string): VirtualPhone {
    const account = this.#network.directory.find(phoneNumber);
    const phone = account === undefined ? undefined : this.#phones.get(account);
    if (phone === undefined) throw new ZpwootError("INVALID_INPUT", "There is no phone of this number");
    return phone;
  }

  #randomLid(): string {
    return String(randomNumber(this.#network.context.random, 1e14, 2e14 - 1));
  }
}
