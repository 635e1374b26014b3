/**
 * How a node that joins is known to the others before it runs a session: from then on their readers wait for its events too, and its ids are
 * greater than what these have read.
 */
import type { Logger } from "../api/logger.js";
import type { Cluster } from "../cluster/ports.js";
import { messageOf } from "../errors.js";
import type { EventPublisher } from "./event-publisher.js";

const NODE_HELLO = "node.hello";
/** How long another node may take to answer. */
const HELLO_MS = 1_500;

/** What a greeting needs. */
export interface GreetingParts {
  readonly cluster: Cluster;
  readonly publisher: EventPublisher;
  readonly logger: Logger;
}

/** See the head of this file. */
export class NodeGreeting {
  readonly #parts: GreetingParts;

  constructor(parts: GreetingParts) {
    this.#parts = parts;
  }

  /** What other nodes may call, by name. */
  readonly methods = [[NODE_HELLO, () => this.#greeted()]] as const;

  /** Tells the other nodes. Never rejects. */
  async announce(): Promise<void> {
    const { cluster, logger } = this.#parts;
    try {
      const others = (await cluster.api.nodes()).filter(({ self }) => !self);
      await Promise.all(others.map(({ id }) => this.#greet(id)));
    } catch (error) {
      logger.debug({ error: messageOf(error) }, "The other nodes could not be told of this one");
    }
  }

  async #greet(node: string): Promise<void> {
    const { cluster, publisher, logger } = this.#parts;
    try {
      const theirs = await cluster.router.ask(node, NODE_HELLO, [], { timeoutMs: HELLO_MS });
      publisher.newId.raise(String(theirs));
    } catch (error) {
      logger.debug({ node, error: messageOf(error) }, "A node could not be told of this one");
    }
  }

  /** A node has joined: it is one of those whose events are read from now on. */
  async #greeted(): Promise<string> {
    await this.#parts.cluster.api.nodes();
    return this.#parts.publisher.newId();
  }
}
