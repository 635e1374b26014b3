/** A linked whaileys among phones, for the methods of its socket. */
import { randomInt } from "node:crypto";
import type { WAMessage, WASocket } from "whaileys";
import type {
  ChatEntry,
  EmulatorEventName,
  EmulatorEvents,
  VirtualPhone,
} from "../../../src/testing/index.js";
import { WhatsAppEmulator } from "../../../src/testing/index.js";
import { WhaileysClient } from "../whaileys-client.js";

/** What a method comes to at the emulator. */
export type Effect =
  /** It is answered, with what the emulator knows. */
  | "answers"
  /** What it changes is kept, and seen by others. */
  | "keeps"
  /** A phone shows what it sends. */
  | "shows on the phone"
  /** It is refused, as the service would do here. */
  | "refused"
  /** It is refused as unknown, and recorded in `unknownQueries`. */
  | "not modelled"
  /** It sends nothing. */
  | "sends nothing";

/** One method, and the proof of its effect: it rejects, or throws, when the effect is another. */
export interface MethodRow {
  readonly method: string;
  readonly effect: Effect;
  readonly prove: (world: MethodWorld) => Promise<unknown>;
}

/** The smallest PNG. */
export const PICTURE = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);

/** The business `owner` has the client; `friend` is a person. */
export class MethodWorld {
  readonly owner: VirtualPhone;
  readonly friend: VirtualPhone;
  readonly client: WhaileysClient;

  private constructor(readonly emulator: WhatsAppEmulator) {
    const business = { description: "Pizza", category: "Restaurant" };
    this.owner = emulator.addPhone({ phoneNumber: number(), name: "Owner", business });
    this.friend = emulator.addPhone({ phoneNumber: number(), name: "Friend" });
    this.client = new WhaileysClient(emulator);
  }

  static async open(): Promise<MethodWorld> {
    const world = new MethodWorld(await WhatsAppEmulator.start());
    await world.client.link(world.owner.phoneNumber);
    const { socket, creds } = world.client;
    socket.ev.on("creds.update", (update) => void Object.assign(creds, update));
    const shared = new Promise<void>((resolve) => {
      socket.ev.on("creds.update", ({ myAppStateKeyId }) => {
        if (myAppStateKeyId !== undefined) resolve();
      });
    });
    world.owner.shareAppStateKey();
    await shared;
    return world;
  }

  get socket(): WASocket {
    return this.client.socket;
  }

  /** A message of the friend, as the client has it. */
  async received(
    send: () => { readonly id: string } = () => this.friend.sendText(this.owner, "hello"),
  ): Promise<WAMessage> {
    let sent = "";
    const arrived = this.client.nextUpsert(({ key }) => key.id === sent);
    sent = send().id;
    return (await arrived).message;
  }

  /** The message on the friend's phone. */
  shown(
    id: string | null | undefined,
    accept: (entry: ChatEntry) => boolean = () => true,
  ): Promise<ChatEntry> {
    return this.friend.waitForMessage((entry) => entry.id === id && accept(entry));
  }

  /** The event of the emulator that an act leads to. */
  async leadsTo<Name extends EmulatorEventName>(
    name: Name,
    act: () => Promise<unknown>,
    accept?: (event: EmulatorEvents[Name]) => boolean,
  ): Promise<EmulatorEvents[Name]> {
    const event = this.emulator.waitFor(name, accept, { timeoutMs: 3_000 });
    await act();
    return event;
  }

  /** A change of the app state that an act leads to. */
  async changes(act: () => Promise<unknown>, ...index: readonly string[]): Promise<void> {
    await this.leadsTo("app-state-changed", act, ({ indices }) =>
      indices.some((one) => index.every((part, at) => one[at] === part)),
    );
  }

  /** A group of the client. */
  async group(...members: readonly VirtualPhone[]): Promise<string> {
    const { id } = await this.socket.groupCreate(
      "Group",
      members.map(({ jid }) => jid),
    );
    return id;
  }

  /** Another client, not linked. */
  unlinked(): WhaileysClient {
    return new WhaileysClient(this.emulator).open();
  }

  async close(): Promise<void> {
    this.client.end();
    await this.emulator.stop();
  }
}

function number(): string {
  return `5511${randomInt(100_000_000, 999_999_999)}`;
}
