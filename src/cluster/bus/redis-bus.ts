/** The bus on Redis: its publish and subscribe. A message that nobody listens to is known to be lost, at once. */
import type * as Redis from "@keyv/redis";
import type { SharedRedis } from "../../api/cluster.js";
import { messageOf, type ZpwootError } from "../../errors.js";
import { backoffMs } from "../../async/backoff.js";
import { DeadlineError, waitFor, withDeadline } from "../../async/deadline.js";
import { optionalPackage } from "../../store/drivers/optional-package.js";
import { modeOfServer } from "../../store/drivers/redis-modes.js";
import { MUTE_MS, watchAnswers } from "../../store/drivers/redis-watch.js";
import {
  type Bus,
  type BusListener,
  type BusOptions,
  MAX_WAITING,
  NotSent,
  pingPauseMs,
  PUBLISH_MS,
} from "./bus.js";
import { BusState } from "./bus-state.js";
import { refusedBus } from "./refused-redis.js";

type Client = ReturnType<typeof Redis.createClient>;

/** A connection without answers counts as lost after this time. */
const SILENT_MS = 3_000;
/** While nobody else is there. More seldom, and the clients take the server for gone. */
const QUIET_PING_MS = 5_000;
const CONNECT_TIMEOUT_MS = 3_000;
const RECONNECT_BACKOFF = { firstMs: 50, maxMs: 1_000 };

/** See the head of this file. */
export class RedisBus implements Bus {
  readonly description: string;
  readonly #options: BusOptions;
  readonly #state = new BusState();
  readonly #listeners = new Map<string, BusListener>();
  #sender: Client | undefined;
  #receiver: Client | undefined;
  #stops: (() => void)[] = [];
  #waiting = { messages: 0, characters: 0 };
  #admitting: Promise<void> | undefined;
  #refusal: ZpwootError | undefined;

  constructor(options: BusOptions) {
    this.#options = options;
    const { protocol, host } = new URL(options.url);
    this.description = `${protocol}//${host}`;
  }

  get up(): boolean {
    return this.#state.up;
  }

  get redis(): SharedRedis | undefined {
    return this.#sender && { client: this.#sender, prefix: this.#options.prefix };
  }

  onChange(listener: (up: boolean) => void): void {
    this.#state.onChange(listener);
  }

  async open(): Promise<void> {
    const { createClient } = await optionalPackage("@keyv/redis", "Redis", () => import("@keyv/redis"));
    this.#sender = this.#client(createClient, "sender");
    this.#receiver = this.#client(createClient, "receiver");
    const connecting = Promise.all([this.#sender, this.#receiver].map((client) => client.connect()));
    const tried = connecting.then(() => this.#admitting).catch(this.#options.onError);
    await waitFor(tried, { timeoutMs: CONNECT_TIMEOUT_MS });
    if (this.#refusal !== undefined) throw this.#refusal;
  }

  async listen(channel: string, listener: BusListener): Promise<void> {
    this.#listeners.set(channel, listener);
    const receiver = this.#receiver;
    if (receiver?.isReady === true) await this.#ask(receiver, channel).catch(this.#options.onError);
  }

  leave(channel: string): void {
    if (!this.#listeners.delete(channel)) return;
    if (this.#receiver?.isReady === true)
      this.#receiver.unsubscribe(this.#named(channel)).catch(this.#options.onError);
  }

  async publish(channel: string, text: string): Promise<number | undefined> {
    const sender = this.#sender;
    const waiting = this.#waiting;
    if (sender?.isReady !== true) throw new NotSent(this.description, "it is not connected", false);
    if (waiting.messages >= MAX_WAITING.messages || waiting.characters + text.length > MAX_WAITING.characters)
      throw new NotSent(this.description, "too many messages wait for it", false);
    waiting.messages += 1;
    waiting.characters += text.length;
    try {
      return await withDeadline(this.description, PUBLISH_MS, () =>
        sender.publish(this.#named(channel), text),
      );
    } catch (error) {
      const never = error instanceof Error && error.constructor.name === "ClientOfflineError";
      throw new NotSent(this.description, messageOf(error), !never);
    } finally {
      waiting.messages -= 1;
      waiting.characters -= text.length;
    }
  }

  async close(): Promise<void> {
    for (const stop of this.#stops.splice(0)) stop();
    for (const client of [this.#sender, this.#receiver]) if (client?.isOpen === true) client.destroy();
    this.#state.set("sender", false);
    this.#state.set("receiver", false);
  }

  #named(channel: string): string {
    return `${this.#options.prefix}:${channel}`;
  }

  #client(createClient: typeof Redis.createClient, part: "sender" | "receiver"): Client {
    const { url, onError } = this.#options;
    const client = createClient({
      url,
      disableOfflineQueue: true,
      socket: {
        connectTimeout: CONNECT_TIMEOUT_MS,
        socketTimeout: MUTE_MS,
        reconnectStrategy: (tries) => backoffMs(tries + 1, RECONNECT_BACKOFF, Math.random, 0.5),
      },
    }) as unknown as Client;
    client.on("error", (error: unknown) => {
      this.#state.set(part, false);
      onError(error);
    });
    client.on("ready", () => {
      if (part === "receiver") this.#resubscribe(client);
      else this.#admitting = this.#admit(client);
    });
    const pauseMs = (): number => pingPauseMs(this.#options, QUIET_PING_MS);
    this.#stops.push(watchAnswers(client, { pauseMs, silentMs: SILENT_MS, onError }));
    return client;
  }

  /** Looks at what kind of server it is, if it may. Never rejects. */
  async #admit(sender: Client): Promise<void> {
    const asking = withDeadline(this.description, SILENT_MS, () => sender.info("server"));
    const mode = modeOfServer(await asking.catch(() => ""));
    this.#refusal = mode && refusedBus(mode);
    if (this.#refusal === undefined) this.#state.set("sender", sender.isReady);
    else this.#options.onError(this.#refusal);
  }

  /** The client subscribes again by itself what was subscribed before; what was added meanwhile has to be. */
  #resubscribe(client: Client): void {
    const subscribed = [...this.#listeners.keys()].map((channel) => this.#ask(client, channel));
    withDeadline(this.description, SILENT_MS, () => Promise.all(subscribed)).then(
      () => this.#state.set("receiver", client.isReady),
      (error: unknown) => {
        this.#options.onError(error);
        if (error instanceof DeadlineError && client.isReady) {
          client.destroy();
          client.connect().catch(this.#options.onError);
        }
      },
    );
  }

  async #ask(client: Client, channel: string): Promise<void> {
    await client.unsubscribe(this.#named(channel));
    if (!this.#listeners.has(channel)) return;
    await client.subscribe(this.#named(channel), (text) => this.#listeners.get(channel)?.(text));
  }
}
