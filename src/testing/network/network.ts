/** The registers of one emulator, who there is and where, with what delivers to them. */
import type { EmulatorContext } from "../context/emulator-context.js";
import type { PreKeyBundle } from "../signal/index.js";
import { parseJid, SERVICE_JID } from "../wire/jid.js";
import { node } from "../wire/node.js";
import { Calls } from "./calls.js";
import { Directory } from "./directory.js";
import { Groups } from "./group.js";
import { MediaStore } from "./media-store.js";
import { MessageRouter } from "./message-router.js";
import { Newsletters } from "./newsletters.js";

/** At this many one-time pre-keys, a device is asked for more; clients upload below 5. */
const LOW_PRE_KEY_COUNT = 4;
const MAX_REPORTED = 1000;

/** The accounts, groups and routes of one emulator. */
export class Network {
  readonly context: EmulatorContext;
  readonly directory = new Directory();
  readonly groups = new Groups();
  readonly newsletters = new Newsletters();
  readonly calls = new Calls();
  readonly media: MediaStore;
  readonly router: MessageRouter;
  /** What was reported about messages that several phones received. */
  readonly #reported = new Set<string>();

  constructor(context: EmulatorContext) {
    this.context = context;
    this.media = new MediaStore(context);
    this.router = new MessageRouter(context, this.directory);
  }

  /**
   * Records that a message of a linked device breaks the protocol, once for all phones that received it. What a phone of the emulator
   * sends is a test's own doing.
   */
  reportOnce(device: string, id: string, problem: string): void {
    const connection = this.directory.device(device)?.connection;
    const key = `${device} ${id}`;
    if (connection === undefined || this.#reported.has(key)) return;
    this.#reported.add(key);
    const [oldest] = this.#reported;
    if (this.#reported.size > MAX_REPORTED && oldest !== undefined) this.#reported.delete(oldest);
    connection.reportViolation(problem);
  }

  /**
   * Takes the keys to start a session with a device or a phone; undefined when the address is unknown. A device that runs low
   * on one-time pre-keys is asked to upload more.
   */
  takeBundle(address: string | undefined): PreKeyBundle | undefined {
    const device = this.directory.device(address);
    if (device === undefined) {
      const isPhone = (parseJid(address)?.device ?? 0) === 0;
      return isPhone ? this.directory.find(address)?.phone.takeBundle() : undefined;
    }
    const bundle = device.takeBundle();
    // Only when the mark is passed: one upload is enough, however many keys are taken meanwhile.
    if (device.preKeyCount === LOW_PRE_KEY_COUNT && bundle.preKey !== undefined) {
      const count = node("count", { value: String(device.preKeyCount) });
      this.router.notify(device, { from: SERVICE_JID, type: "encrypt" }, count);
    }
    return bundle;
  }
}
