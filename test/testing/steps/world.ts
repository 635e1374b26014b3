/** What one client goes through, step by step, and the world it does so in. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AnyMessageContent, WAMessage } from "baileys-7";
import { expect } from "vitest";
import { WhatsAppEmulator, type ChatEntry, type VirtualGroup } from "../../../src/testing/index.js";
import { BaileysClient, number, type ClientAuth, type Library } from "../baileys-client.js";
import { MethodWorld, type AnySocket } from "../methods/world.js";

/** What a step takes that not every library has: a method of its socket, or a content for `sendMessage`. */
export type Need = { readonly method: keyof AnySocket } | { readonly content: (world: StepWorld) => object };

/** One step. The table in docs/testing.md is made of its texts; `run` proves them, or rejects. */
export interface Step {
  /** What happens. */
  readonly name: string;
  /** What the phones, or the service, show then. */
  readonly phone: string;
  /** What the client shows. */
  readonly client: string;
  readonly needs?: Need;
  readonly run: (world: StepWorld) => Promise<unknown>;
}

/** A client that keeps itself in a folder, which is empty at first; the business `owner` has it, `friend` and `other` are people. */
export class StepWorld extends MethodWorld {
  readonly other = this.emulator.addPhone({ phoneNumber: number(), name: "Other" });
  #team: VirtualGroup | undefined;
  #second: BaileysClient | undefined;
  /** Where the client keeps itself. */
  readonly folder: string;
  readonly #others: BaileysClient[] = [];

  private constructor(library: Library, emulator: WhatsAppEmulator, auth: Auth) {
    super(library, emulator, { auth: auth.auth, initialSync: true });
    this.folder = auth.folder;
  }

  static async start(library: Library): Promise<StepWorld> {
    const folder = await mkdtemp(join(tmpdir(), "zpwoot-steps-"));
    const auth = await folderAuth(library, folder);
    return new StepWorld(library, await WhatsAppEmulator.start(), { auth, folder });
  }

  /** Ends the client, and starts another with what the first has left in its folder. */
  async restart(): Promise<void> {
    await this.client.end();
    await this.saved();
    await expect.poll(() => this.owner.companions.find(({ jid }) => jid === this.me)?.online).toBe(false);
    this.client = await this.fromFolder();
  }

  /** Settles when all that the client knows is in its folder. */
  saved(): Promise<void> {
    return this.client.save();
  }

  /** A client with what is in the folder. */
  async fromFolder(): Promise<BaileysClient> {
    const auth = await folderAuth(this.library, this.folder);
    const client = new BaileysClient(this.library, this.emulator, auth);
    this.#others.push(client);
    return client;
  }

  /** Another client, with nothing; it ends with the world. */
  another(): BaileysClient {
    const client = this.unlinked();
    this.#others.push(client);
    return client;
  }

  /** Another linked client of the same account: by its pairing code, or by a QR code where the library has no codes. */
  async second(): Promise<BaileysClient> {
    return (this.#second ??= await this.another().link(this.owner));
  }

  set paired(client: BaileysClient) {
    this.#second = client;
  }

  /** The JID of the client's device. */
  get me(): string {
    return this.socket.user?.id ?? "";
  }

  /** The group that the steps about groups go through; throws before it is made. */
  get team(): VirtualGroup {
    if (this.#team === undefined) throw new Error("The group was not made");
    return this.#team;
  }

  set team(made: VirtualGroup) {
    this.#team = made;
  }

  /** Whether the library has what a step needs. */
  async has(need: Need): Promise<boolean> {
    if ("method" in need) return typeof this.socket[need.method] === "function";
    try {
      const content = need.content(this) as AnyMessageContent;
      await this.library.load().generateWAMessageContent(content, {} as never);
      return true;
    } catch {
      return false;
    }
  }

  /** Sends the friend something. Settles when both phones show it, and the client that it was delivered. */
  async sends(content: object, options: object = {}): Promise<{ message: WAMessage; entry: ChatEntry }> {
    const message = await this.socket.sendMessage(this.friend.jid, content as AnyMessageContent, options);
    if (message === undefined) throw new Error("Nothing was sent");
    return { message, entry: await this.arrived(message.key.id) };
  }

  /** Sends the friend a message that no method of every library makes. Settles as {@link sends} does. */
  async relays(message: object): Promise<ChatEntry> {
    return this.arrived(await this.socket.relayMessage(this.friend.jid, message, {}));
  }

  /** Settles when both phones show a message of the client, and the client that it was delivered. */
  async arrived(id: string | null | undefined): Promise<ChatEntry> {
    const entry = await this.shown(id);
    const copy = await this.owner.waitForMessage((one) => one.id === id);
    expect(copy).toMatchObject({ fromMe: true, text: entry.text, content: entry.content });
    await this.reaches(id, 3);
    return entry;
  }

  /** Settles when a message of the client has a status: 3 delivered, 4 read. */
  async reaches(id: string | null | undefined, status: number): Promise<void> {
    const isIt = (key: { readonly id?: string | null }, one: { readonly status?: unknown }): boolean =>
      key.id === id && Number(one.status) >= status;
    await this.client.until(
      () =>
        this.client.messages.some((message) => isIt(message.key, message)) ||
        this.client.events.some((events) =>
          events["messages.update"]?.some(({ key, update }) => isIt(key, update)),
        ),
    );
  }

  override async close(): Promise<void> {
    for (const client of this.#others) await client.end();
    await super.close();
    await Promise.all([this.client, ...this.#others].map((client) => client.save()));
    await rm(this.folder, { recursive: true, force: true });
  }
}

type Auth = { readonly auth: ClientAuth; readonly folder: string };
type Keys = ClientAuth["state"]["keys"];

/**
 * The library's own folder, written one thing after the other, and not waited for: Baileys 6 forgets the keys that are set while it waits
 * for others to be written, and whaileys writes a file several times at once. `saveCreds` settles when all is written.
 */
async function folderAuth(library: Library, folder: string): Promise<ClientAuth> {
  const { state, saveCreds } = await library.load().useMultiFileAuthState(folder);
  const known = new Map<string, unknown>();
  let writing = Promise.resolve();
  const write = (work: () => unknown): Promise<void> => (writing = writing.then(work).then(() => {}));
  const keys: Keys = {
    get: async (family, ids) => {
      const isKnown = (id: string): boolean => known.has(`${family} ${id}`);
      const stored = await state.keys.get(
        family,
        ids.filter((id) => !isKnown(id)),
      );
      const own = ids.filter(isKnown).map((id): [string, unknown] => [id, known.get(`${family} ${id}`)]);
      return { ...stored, ...Object.fromEntries(own) } as typeof stored;
    },
    set: (data) => {
      for (const [family, values] of Object.entries(data))
        for (const [id, value] of Object.entries(values)) known.set(`${family} ${id}`, value ?? null);
      void write(() => state.keys.set(data));
    },
  };
  return { state: { creds: state.creds, keys }, saveCreds: () => write(saveCreds) };
}
