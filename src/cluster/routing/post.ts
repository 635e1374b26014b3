/** Messages between the nodes of a cluster: sealed, and each with its sender. What is lost is lost. */
import type { SharedRedis } from "../../api/cluster.js";
import type { Logger } from "../../api/logger.js";
import type { Store } from "../../store/store.js";
import { type Bus, MAX_MESSAGE, NotSent } from "../bus/bus.js";
import { busOf } from "../bus/open-bus.js";
import { ALL_NODES, type Hint, type Hints } from "../ports.js";
import { type Message, readMessage, VERSION } from "./envelope.js";
import { clusterSecret, Seal } from "./seal.js";

/** What a {@link Post} needs. */
export interface PostOptions {
  /** The server that carries the messages. */
  readonly url: string;
  readonly store: Store;
  readonly logger: Logger;
  /** Whether this node is the only one, as far as it knows. */
  readonly isAlone: () => boolean;
  /** This node's id, which changes when it joins again. */
  readonly self: () => string;
  /** Gets what other nodes say; must not throw. Hints go elsewhere. */
  readonly onMessage: (from: string, message: Message) => void;
}

/** See the head of this file. */
export class Post implements Hints {
  readonly #options: PostOptions;
  readonly #hinted: ((hint: Hint, from: string) => void)[] = [];
  readonly #changed: ((up: boolean) => void)[] = [];
  #bus: Bus | undefined;
  #seal: Seal | undefined;
  #listening: string | undefined;
  #closed = false;

  constructor(options: PostOptions) {
    this.#options = options;
    // Names what is wrong with the URL before anything is opened.
    busOf(options.url, { cluster: "", logger: options.logger });
  }

  get up(): boolean {
    return this.#bus?.up ?? false;
  }

  get redis(): SharedRedis | undefined {
    return this.#bus?.redis;
  }

  /** Where the messages go, without credentials. */
  get description(): string {
    return this.#bus?.description ?? "of the cluster";
  }

  onHint(listen: (hint: Hint, from: string) => void): void {
    this.#hinted.push(listen);
  }

  /** Calls the listener whenever `up` has changed. */
  onChange(listener: (up: boolean) => void): void {
    this.#changed.push(listener);
  }

  /**
   * Connects, and goes on trying. Settles when the first try has ended; rejects with a store error, `MISSING_PACKAGE` or
   * `INVALID_OPTION`. May be called again then.
   */
  async open(): Promise<void> {
    if (this.#bus !== undefined) return;
    const { url, store, isAlone, logger } = this.#options;
    const secret = await clusterSecret(store);
    if (this.#closed) return;
    this.#seal = new Seal(secret);
    const bus = busOf(url, { cluster: secret.id, isQuiet: isAlone, logger });
    this.#bus = bus;
    for (const listener of this.#changed) bus.onChange(listener);
    await this.#listen(bus);
    try {
      await bus.open();
    } catch (error) {
      this.#bus = undefined;
      this.#listening = undefined;
      await bus.close();
      throw error;
    }
    if (this.#closed) await bus.close();
  }

  /** This node has another id now. */
  async renamed(): Promise<void> {
    if (this.#bus !== undefined) await this.#listen(this.#bus);
  }

  tell(node: string, hint: Hint): void {
    this.send(node, { kind: "hint", hint });
  }

  /** To one node, or to `ALL_NODES`. Never rejects: what did not get through is lost. */
  send(node: string, message: Message): void {
    this.publish(node, message).catch(() => {});
  }

  /** Settles with how many listen, if that is known. Rejects with {@link NotSent}. */
  async publish(node: string, message: Message): Promise<number | undefined> {
    const [bus, seal] = [this.#bus, this.#seal];
    if (bus === undefined || seal === undefined)
      throw new NotSent(this.description, "it is not open yet", false);
    const text = seal.close(JSON.stringify({ v: VERSION, from: this.#options.self(), ...message }), node);
    if (text.length > MAX_MESSAGE) throw new NotSent(this.description, "the message is too long", false);
    return bus.publish(node, text);
  }

  /** Never rejects. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#bus?.close();
  }

  async #listen(bus: Bus): Promise<void> {
    const self = this.#options.self();
    if (this.#listening === self) return;
    if (this.#listening !== undefined) bus.leave(this.#listening);
    this.#listening = self;
    const arrived = (place: string) => (sealed: string) => this.#arrived(place, sealed);
    await Promise.all([bus.listen(self, arrived(self)), bus.listen(ALL_NODES, arrived(ALL_NODES))]);
  }

  #arrived(place: string, sealed: string): void {
    const message = readMessage(this.#seal?.open(sealed, place));
    if (message === undefined || message.from === this.#options.self()) return;
    if (message.kind !== "hint") return this.#options.onMessage(message.from, message);
    for (const listen of this.#hinted) listen(message.hint, message.from);
  }
}
