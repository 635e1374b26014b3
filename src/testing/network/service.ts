/** What the parts of one emulator share: its registers, its events, and the few things done from everywhere. */

import type { Socket } from "node:net";
import type { WebSocket } from "ws";
import { defaultBehaviour, type ServiceBehaviour } from "../context/behaviour.js";
import { Connection } from "../server/connection.js";
import { Directory } from "./directory.js";
import { EventHub } from "../context/event-hub.js";
import type { UnknownQuery, Violation } from "../context/events.js";
import { FaultRules } from "../context/faults.js";
import type { CompanionDevice } from "./companion-device.js";
import { Groups } from "./group.js";
import { parseJid, serviceJid } from "../wire/jid.js";
import { QrLinks } from "../server/linking/qr-links.js";
import { MessageRouter } from "./message-router.js";
import type { PreKeyBundle, RandomBytes } from "../signal/index.js";
import { Transcript, type TranscriptEntry } from "../context/transcript.js";
import { createServiceIdentity, type ServiceIdentity } from "../wire/certificate.js";
import { childOf, node, type BinaryNode, type NodeContent } from "../wire/node.js";

/** What a service may be given. */
export interface ServiceOptions {
  /** Wall clock, in milliseconds. */
  readonly now: () => number;
  readonly random: RandomBytes;
  /** Stanzas the transcript keeps. */
  readonly transcriptLimit: number;
}

/** One WhatsApp service. */
export class Service {
  readonly hub = new EventHub();
  readonly faults = new FaultRules();
  readonly behaviour: ServiceBehaviour = { ...defaultBehaviour };
  readonly directory = new Directory();
  readonly groups: Groups;
  readonly post: MessageRouter;
  readonly linking: QrLinks;
  readonly identity: ServiceIdentity;
  readonly connections = new Set<Connection>();
  readonly violations: Violation[] = [];
  readonly unknownQueries: UnknownQuery[] = [];
  readonly transcript: Transcript;
  /** Wall clock, in milliseconds. */
  readonly now: () => number;
  /** Source of all randomness. */
  readonly random: RandomBytes;
  readonly #startedAt: number;
  #connectionCount = 0;
  #notificationCount = 0;

  constructor({ now, random, transcriptLimit }: ServiceOptions) {
    this.now = now;
    this.random = random;
    this.#startedAt = now();
    this.identity = createServiceIdentity(this.#startedAt, random);
    this.transcript = new Transcript(transcriptLimit);
    this.groups = new Groups(this);
    this.post = new MessageRouter(this);
    this.linking = new QrLinks(this);
  }

  /** Wall-clock time in seconds, as stanzas carry it. */
  get seconds(): number {
    return Math.floor(this.now() / 1000);
  }

  /** Takes an open WebSocket over. */
  accept(socket: WebSocket, tcp: Socket): void {
    this.#connectionCount += 1;
    const connection = new Connection(this, this.#connectionCount, socket, tcp);
    this.connections.add(connection);
    this.hub.emit("connection.opened", connection.facts);
  }

  /** Called once per connection, when it is gone. */
  connectionClosed(connection: Connection): void {
    this.connections.delete(connection);
    connection.handler?.closed();
    this.hub.emit("connection.closed", connection.facts);
  }

  /**
   * Hands out the keys to start a session with a device or a phone; undefined when there is none of that address. A device
   * that runs low on one-time pre-keys is told to upload more.
   */
  takeBundle(address: string | undefined): PreKeyBundle | undefined {
    const device = this.directory.device(address);
    if (device === undefined) {
      const isPhone = (parseJid(address)?.device ?? 0) === 0;
      return isPhone ? this.directory.find(address)?.takeBundle() : undefined;
    }
    const bundle = device.takeBundle();
    // Only when the mark is passed: one upload answers it, however many keys are taken meanwhile.
    if (device.preKeyCount === lowPreKeyCount && bundle.preKey !== undefined) this.#tellLowStock(device);
    return bundle;
  }

  /** Writes a stanza into the transcript. */
  record(connection: Connection, direction: TranscriptEntry["direction"], stanza: BinaryNode): void {
    this.transcript.add({
      atMs: this.now() - this.#startedAt,
      connectionId: connection.id,
      direction,
      stanza,
    });
  }

  /** Notes that a client broke the protocol. */
  violation(connection: Connection, problem: string): void {
    const violation = { ...connection.facts, problem };
    pushBounded(this.violations, violation);
    this.hub.emit("protocol-violation", violation);
  }

  /** Notes a stanza nobody here understands, and answers it as an unsupported one if it waits for an answer. */
  unknown(connection: Connection, stanza: BinaryNode): void {
    const { tag, attrs } = stanza;
    const query = {
      ...connection.facts,
      tag,
      xmlns: attrs.xmlns,
      type: attrs.type,
      child: childOf(stanza)?.tag,
    };
    pushBounded(this.unknownQueries, query);
    this.hub.emit("unknown-query", query);
    if (tag === "iq" && (attrs.type === "get" || attrs.type === "set")) {
      connection.send(errorResult(stanza, 501, "feature-not-implemented"));
    }
  }

  /** A fresh id for a notification. */
  nextNotificationId(): string {
    this.#notificationCount += 1;
    return `n${this.#notificationCount}`;
  }

  #tellLowStock(device: CompanionDevice): void {
    const attrs = {
      from: serviceJid,
      type: "encrypt",
      id: this.nextNotificationId(),
      t: String(this.seconds),
    };
    this.post.deliver(
      device,
      node("notification", attrs, [node("count", { value: String(device.preKeyCount) })]),
    );
  }
}

/** Violations and unknown queries kept each; the oldest go first. */
const maxRecords = 1000;

function pushBounded<Item>(items: Item[], item: Item): void {
  items.push(item);
  if (items.length > maxRecords) items.shift();
}

/** Down to this many one-time pre-keys, a device is told to upload more; clients upload below 5. */
const lowPreKeyCount = 4;

/** The answer to a query. */
export function result(
  query: BinaryNode,
  content?: NodeContent,
  attrs: Record<string, string> = {},
): BinaryNode {
  return node("iq", { from: serviceJid, id: query.attrs.id, type: "result", ...attrs }, content);
}

/** The refusal of a query. */
export function errorResult(query: BinaryNode, code: number, text: string): BinaryNode {
  const error = node("error", { code: String(code), text });
  return node("iq", { from: serviceJid, id: query.attrs.id, type: "error" }, [error]);
}
