/** The events of all nodes of a cluster, for those who read them at one. They are sent only while somebody reads. */
import { setMaxListeners } from "node:events";
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { EventStreamOptions, StreamedEvent } from "../api/event-stream.js";
import { forwardAbort } from "../async/forward-abort.js";
import type { Cluster } from "../cluster/ports.js";
import { isZpwootError, ZpwootError } from "../errors.js";
import type { EventHub } from "../events/event-hub.js";
import type { Feed, FeedItem } from "../events/feed.js";
import type { EventLog } from "../events/log/event-log.js";
import type { EventFilter } from "../events/log/follow.js";
import { feedBytes, feedItems } from "../events/merge/feed-lines.js";
import { afterwards, lazily, opened } from "../events/merge/late-streams.js";
import { mergedFeeds } from "../events/merge/merged-feeds.js";
import type { EventPublisher } from "./event-publisher.js";
import { emitMirrored } from "./mirrored-events.js";
import { type GreetingParts, NodeGreeting } from "./node-greeting.js";

/** What nodes ask each other. */
const NODE_EVENTS = "node.events";
const NODE_EVENTS_ASK = "node.events.ask";
const SESSION_EVENTS = "session.events";

/** How long another node may take to open its log. */
const OPEN_MS = 5_000;
/** How long to wait before a session is looked for again. */
const AGAIN_MS = 200;
/** This node's own log, beside those of nodes by their ids. */
const OWN = "";

/** Where to start, and what to give. */
interface FeedRequest extends EventFilter {
  readonly after: string;
}

/** What came of opening the events of one session: where that is. */
type Opened = { readonly items: AsyncIterable<FeedItem> } | { readonly bytes: AsyncIterable<Uint8Array> };

/** What they are made with. */
export interface ClusterEventsParts extends GreetingParts {
  readonly hub: EventHub;
  /** Ends all: the manager stops. */
  readonly ending: AbortSignal;
}

/** See the head of this file. */
export class ClusterEvents {
  readonly #cluster: Cluster;
  readonly #publisher: EventPublisher;
  readonly #greeting: NodeGreeting;
  readonly #ending: AbortSignal;
  readonly #hub: EventHub;
  /** Feeds of this node that others read, by the ids that they gave them. */
  readonly #served = new Map<string, Feed>();
  /** Events up to this id were in the memory of nodes that are gone. */
  #lostUpTo = "";

  constructor(parts: ClusterEventsParts) {
    const { cluster, publisher, hub, ending } = parts;
    setMaxListeners(0, ending);
    this.#ending = ending;
    this.#hub = hub;
    this.#cluster = cluster;
    this.#publisher = publisher;
    this.#greeting = new NodeGreeting(parts);
    cluster.owners.onGone(() => {
      if (publisher.log?.isDurable === false) this.#lostUpTo = publisher.newId();
    });
  }

  /** What other nodes may call, by name. */
  get methods() {
    return new Map<string, (...args: readonly unknown[]) => Promise<unknown>>([
      [NODE_EVENTS, (id, request) => this.#serve(id as string, request as FeedRequest)],
      [NODE_EVENTS_ASK, async (id, upTo) => this.#served.get(id as string)?.ask(upTo as string)],
      ...this.#greeting.methods,
      [SESSION_EVENTS, (id, request) => this.#serveSession(id as string, request as FeedRequest)],
    ]);
  }

  /** Says to the other nodes that this one is there, before it runs a session. Never rejects. */
  announce(): Promise<void> {
    return this.#greeting.announce();
  }

  /** The events of all nodes. Throws `INVALID_OPTION` when the log is off. */
  async *events({
    after,
    signal,
    ...filter
  }: EventStreamOptions): AsyncGenerator<StreamedEvent, void, undefined> {
    const log = this.#log();
    const ended = new AbortController();
    const forwarded = [forwardAbort(signal, ended), forwardAbort(this.#ending, ended)];
    try {
      const known = after !== undefined && this.#publisher.newId.knows(after);
      const isLost = (after ?? "~") < this.#lostUpTo || (known && log.isFromBefore(after));
      if ((after !== undefined && !known) || isLost) yield { gap: true };
      const start = known ? after : this.#publisher.newId();
      const [only, another] = filter.sessionIds ?? [];
      const isOne = only !== undefined && another === undefined;
      // Where logs are in memory, what a session had at another node is there.
      if (isOne && (log.isDurable || !known))
        yield* this.#ofSession(only, { ...filter, after: start }, ended.signal);
      else yield* this.#merged({ ...filter, after: start }, ended.signal);
    } finally {
      ended.abort();
      for (const end of forwarded) end();
    }
  }

  /** Hands the events of other nodes' sessions to the listeners of this one, until the manager stops. Never rejects. */
  async toListeners(): Promise<void> {
    const names = (): readonly string[] => this.#names().filter((name) => name !== OWN);
    const merged = mergedFeeds(
      { ...this.#mergeOptions({ after: this.#publisher.newId() }), names },
      this.#ending,
    );
    for await (const item of merged) if ("event" in item) emitMirrored(this.#hub, item);
  }

  #log(): EventLog {
    const { log } = this.#publisher;
    if (log !== undefined) return log;
    throw new ZpwootError("INVALID_OPTION", "The event log is switched off by the option eventLog");
  }

  async *#merged(request: FeedRequest, signal: AbortSignal): AsyncGenerator<StreamedEvent, void, undefined> {
    const isOne = request.sessionIds?.length === 1;
    for await (const event of mergedFeeds(this.#mergeOptions(request), signal)) {
      yield event;
      if (isOne && "event" in event && event.event === "session.deleted") return;
    }
  }

  #mergeOptions(request: FeedRequest): Parameters<typeof mergedFeeds>[0] {
    return {
      after: request.after,
      names: () => this.#names(),
      open: (name, after, signal) =>
        name === OWN
          ? this.#own({ ...request, after }, signal)
          : this.#of(name, { ...request, after }, signal),
      isElsewhere: this.#log().isDurable ? (name) => this.#cluster.owners.isSettled(name) : undefined,
    };
  }

  #names(): readonly string[] {
    const others = this.#cluster.owners.nodes().filter(({ self }) => !self);
    return [OWN, ...others.map(({ id }) => id)];
  }

  #own({ after, ...filter }: FeedRequest, signal: AbortSignal): Feed {
    const feed = this.#log().feed(filter, after, signal);
    return {
      items: afterwards(this.#cluster.owners.untilTaken(), feed.items),
      ask: (upTo) => feed.ask(upTo),
    };
  }

  #of(node: string, request: FeedRequest, signal: AbortSignal): Feed {
    const { router } = this.#cluster;
    const id = randomUUID();
    const open = async (): Promise<AsyncIterable<Uint8Array>> =>
      (await router.ask(node, NODE_EVENTS, [id, request], {
        timeoutMs: OPEN_MS,
        signal,
      })) as AsyncIterable<Uint8Array>;
    return {
      items: opened(open, feedItems),
      ask: (upTo) => router.note(node, NODE_EVENTS_ASK, [id, upTo]),
    };
  }

  /** The events of one session, read where it lives. */
  async *#ofSession(
    session: string,
    request: FeedRequest,
    signal: AbortSignal,
  ): AsyncGenerator<StreamedEvent, void, undefined> {
    let position = request.after;
    while (!signal.aborted) {
      let isWhole = false;
      try {
        for await (const item of await this.#openSession(session, { ...request, after: position }, signal)) {
          if ("upTo" in item) continue;
          if ("end" in item) {
            isWhole = true;
            break;
          }
          if ("id" in item) position = item.id;
          yield item;
          if ("event" in item && item.event === "session.deleted") return;
        }
      } catch (error) {
        if (isAborted(signal) || isZpwootError(error, "SESSION_NOT_FOUND")) return;
      }
      if (isAborted(signal)) return;
      if (!isWhole && !this.#log().isDurable) yield { gap: true };
      await sleep(AGAIN_MS, undefined, { signal }).catch(() => {});
    }
  }

  async #openSession(
    session: string,
    { after, events }: FeedRequest,
    signal: AbortSignal,
  ): Promise<AsyncIterable<FeedItem>> {
    const request = { after, events, sessionIds: [session] };
    const here = async (): Promise<Opened> => ({ items: this.#own(request, signal).items });
    const args = [session, { ...request, signal }];
    const found = (await this.#cluster.router.run(SESSION_EVENTS, args, here)) as Opened;
    return "items" in found ? found.items : feedItems(found.bytes);
  }

  async #serveSession(
    session: string,
    { after, events, signal }: FeedRequest & { signal?: AbortSignal },
  ): Promise<Opened> {
    const request = { after, events, sessionIds: [session] };
    return { bytes: lazily((ended) => feedBytes(this.#own(request, ended).items), signal) };
  }

  async #serve(id: string, request: FeedRequest): Promise<AsyncIterable<Uint8Array>> {
    this.#log();
    return lazily((ended) => {
      const feed = this.#own(request, ended);
      this.#served.set(id, feed);
      ended.addEventListener("abort", () => this.#served.delete(id), { once: true });
      return feedBytes(feed.items);
    });
  }
}

function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
