/** A linked client among phones, for the methods of its socket. */
import type * as baileys7 from "baileys-7";
import { vi } from "vitest";
import type { WASocket as WhaileysSocket } from "whaileys";
import type {
  ChatEntry,
  EmulatorEventName,
  EmulatorEvents,
  VirtualPhone,
} from "../../../src/testing/index.js";
import { WhatsAppEmulator } from "../../../src/testing/index.js";
import { ALL_LIBRARIES, BaileysClient, number, type ClientAuth, type Library } from "../baileys-client.js";

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

/** The sockets of the three have most methods in common. */
export type AnySocket = baileys7.WASocket & Omit<WhaileysSocket, keyof baileys7.WASocket>;

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
  readonly emulator: WhatsAppEmulator;
  readonly owner: VirtualPhone;
  readonly friend: VirtualPhone;
  readonly library: Library;
  client: BaileysClient;

  protected constructor(
    library: Library,
    emulator: WhatsAppEmulator,
    {
      auth,
      initialSync = library.needsInitialSync,
    }: { readonly auth?: ClientAuth; readonly initialSync?: boolean } = {},
  ) {
    const business = { description: "Pizza", category: "Restaurant" };
    this.library = library;
    this.emulator = emulator;
    this.owner = emulator.addPhone({ phoneNumber: number(), name: "Owner", business, initialSync });
    this.friend = emulator.addPhone({ phoneNumber: number(), name: "Friend" });
    if (library.losesEarlyStanzas)
      emulator.faults.add({ at: "client-finish", action: { delayMs: 100 }, times: Infinity });
    this.client = new BaileysClient(library, emulator, auth);
  }

  static async open(library: Library): Promise<MethodWorld> {
    const world = new MethodWorld(library, await WhatsAppEmulator.start());
    await world.client.link(world.owner);
    const hasKey = (): boolean => world.client.creds.myAppStateKeyId !== undefined;
    if (!library.needsInitialSync) world.owner.shareAppStateKey();
    await world.client.until(hasKey);
    return world;
  }

  get socket(): AnySocket {
    return this.client.socket as AnySocket;
  }

  /** Whether the client is whaileys, whose methods take other arguments here and there. */
  get isWhaileys(): boolean {
    return this.library === ALL_LIBRARIES[0];
  }

  /** A message of the friend, as the client has it. */
  async received(
    send: () => { readonly id: string } = () => this.friend.sendText(this.owner, "hello"),
  ): Promise<baileys7.WAMessage> {
    const { id } = send();
    return this.client.received(({ key }) => key.id === id);
  }

  /** Settles when the client has had a message so many times. */
  async receivedAgain(id: string | null | undefined, times: number): Promise<baileys7.WAMessage> {
    const all = () => this.client.messages.filter(({ key }) => key.id === id);
    await this.client.until(() => all().length >= times);
    return all().at(-1) as baileys7.WAMessage;
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
  unlinked(): BaileysClient {
    return new BaileysClient(this.library, this.emulator);
  }

  async close(): Promise<void> {
    await this.client.end();
    await this.emulator.stop();
  }
}

/** Lets Baileys not wait the seconds that it leaves a message to arrive by itself, before it asks for it. */
export async function withoutPauses<Result>(act: () => Promise<Result>): Promise<Result> {
  const { setTimeout: real } = globalThis;
  const spy = vi
    .spyOn(globalThis, "setTimeout")
    .mockImplementation((run: () => void, ms = 0) => real(run, ms === 2_000 || ms === 5_000 ? 0 : ms));
  try {
    return await act();
  } finally {
    spy.mockRestore();
  }
}
