/** What a node writes that has lost a session, and does not know it yet: the store refuses every kind of it. */
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { HolderRecord, MemberRecord, NodeFacts } from "../../src/cluster/records.js";
import type { SessionManager } from "../../src/manager/session-manager.js";
import { holderKey, NODES_KEY, nodeKey } from "../../src/store/keys.js";
import { openStore } from "../../src/store/open-store.js";
import type { VirtualPhone } from "../../src/testing/index.js";
import { postgresTable, query, redisNamespace } from "../support/places.js";
import { Receiver } from "../support/receiver.js";
import { ClusterWorld, eventually } from "./nodes.js";

/** The node learns nothing by itself while the test runs. */
const TIMES = { leaseMs: 120_000, renewMs: 40_000, marginMs: 5_000 } as const;
const GHOST = "00000000-0000-4000-8000-000000000000";
/** What is refused at once would be stored within that. */
const SETTLE_MS = 1_500;
const PASSPHRASE = "a passphrase of the test";

/** A store, and what it holds, read past the product. */
interface RawPlace {
  readonly url: string;
  /** The texts of all records whose keys contain that. */
  readonly texts: (part: string) => Promise<readonly string[]>;
  dispose(): Promise<void>;
}

const PLACES: readonly { readonly name: string; readonly open: () => Promise<RawPlace> }[] = [
  {
    name: "Postgres",
    open: async () => {
      const { table, url, dispose } = postgresTable();
      const texts = async (part: string): Promise<readonly string[]> => {
        const rows = await query(`SELECT key, value FROM ${table} WHERE key LIKE '%${part}%' ORDER BY key`);
        return rows.map(({ key, value }) => `${key} ${value}`);
      };
      return { url, texts, dispose };
    },
  },
  {
    name: "Redis",
    open: async () => {
      const { namespace, client, url, dispose } = await redisNamespace();
      const texts = async (part: string): Promise<readonly string[]> => {
        const keys = (await client.keys(`${namespace}*${part}*`)).sort();
        return Promise.all(keys.map(async (key) => `${key} ${await client.get(key)}`));
      };
      return { url, texts, dispose };
    },
  },
];

/** A session of the node, and who may act on it. */
interface Subject {
  readonly node: SessionManager;
  readonly id: string;
  readonly phone: VirtualPhone;
  readonly friend: VirtualPhone;
  readonly hook: Hook;
}

/** A receiver that refuses what is held for a session until that is let through. */
class Hook {
  readonly receiver: Receiver;
  readonly #open = new Set<string>();

  constructor(receiver: Receiver) {
    this.receiver = receiver;
    receiver.answer = ({ body }) => {
      const [, id] = /held for ([0-9a-f-]{36})/.exec(body) ?? [];
      return id === undefined || this.#open.has(id) ? 204 : 503;
    };
  }

  letThrough(id: string): void {
    this.#open.add(id);
  }

  async until(part: string): Promise<void> {
    await this.receiver.until((all) => all.some(({ body }) => body.includes(part)), 20_000);
  }
}

/** Something that writes: settles when it was done, as far as its caller sees. */
interface Kind {
  readonly what: string;
  /** Whether it is for a session that is connected. */
  readonly online?: true;
  /** Before the node has lost the session. */
  readonly prepare?: (subject: Subject) => Promise<unknown>;
  readonly write: (subject: Subject, prepared: unknown) => Promise<unknown>;
  /** Nobody asks for it: nobody is told, either. */
  readonly isUnasked?: true;
}

const text = (of: string) => ({ text: `text for ${of}` });

const KINDS: readonly Kind[] = [
  {
    what: "a proxy",
    write: ({ node, id }) =>
      node.update(id, { proxy: { host: "proxy.example.com", port: 9, protocol: "http" } }),
  },
  {
    what: "a webhook",
    write: ({ node, id }) => node.update(id, { webhook: { url: "https://example.com/", events: [] } }),
  },
  { what: "the wish to connect", write: ({ node, id }) => node.connect(id) },
  {
    what: "a message in the queue",
    write: ({ node, id, friend }) => node.sendMessage(id, friend.jid, text("the queue"), { queue: true }),
  },
  { what: "a deletion", write: ({ node, id }) => node.delete(id) },
  {
    what: "credentials that are imported",
    online: true,
    prepare: async ({ node, id }) => {
      await node.disconnect(id);
      return node.exportCredentials(id, { passphrase: PASSPHRASE });
    },
    write: ({ node, id }, bundle) =>
      node.importCredentials(id, String(bundle), { passphrase: PASSPHRASE, force: true }),
  },
  {
    what: "a message with a key, before it leaves",
    online: true,
    write: ({ node, id, friend }) =>
      node.sendMessage(id, friend.jid, text(id), { idempotencyKey: "key", timeoutMs: 5_000 }),
  },
  {
    what: "the keys and the webhook of a message that comes",
    online: true,
    isUnasked: true,
    write: async ({ friend, phone, id }) => friend.sendText(phone, `in for ${id}`),
  },
  {
    what: "that a webhook was delivered",
    online: true,
    isUnasked: true,
    prepare: async ({ friend, phone, id, hook }) => {
      friend.sendText(phone, `held for ${id}`);
      await hook.until(`held for ${id}`);
    },
    write: async ({ id, hook }) => hook.letThrough(id),
  },
  { what: "the wish to be offline", online: true, write: ({ node, id }) => node.disconnect(id) },
  { what: "a logout", online: true, write: ({ node, id }) => node.logout(id) },
];

/** Another node has given this one's sessions up and runs them, by the store; nobody has told this one. */
async function takeFrom(place: RawPlace, ids: readonly string[]): Promise<void> {
  const other = openStore(place.url);
  const since = new Date().toISOString();
  const ghost = { ownerId: GHOST, epoch: 0, since, leaseMs: 600_000, name: "ghost", weight: 1, version: "0" };
  const facts: NodeFacts = { ...ghost, host: "elsewhere", pid: 1, machine: "", began: "" };
  const holder: HolderRecord = { version: 1, node: GHOST, epoch: 100, since };
  await other.changeEach(NODES_KEY, [NODES_KEY], (stored) => {
    const { nodes = {} } = (stored.get(NODES_KEY)?.value ?? {}) as { readonly nodes?: object };
    return new Map<string, unknown>([
      [NODES_KEY, { version: 1, nodes: { ...nodes, [GHOST]: facts } }],
      [nodeKey(GHOST), { version: 1, node: GHOST, epoch: 1 } satisfies MemberRecord],
      ...ids.map((id) => [holderKey(id), holder] as const),
    ]);
  });
  await other.close();
}

describe.concurrent.each(PLACES)(
  "a node on $name that has lost its sessions",
  { timeout: 120_000 },
  ({ open }) => {
    it("changes nothing that is stored of them, whatever it is asked for, and drops them", async ({
      onTestFinished,
    }) => {
      const place = await open();
      const receiver = await Receiver.start();
      onTestFinished(() => receiver[Symbol.asyncDispose]());
      const hook = new Hook(receiver);
      await using world = await ClusterWorld.open(async () => place);
      const node = await world.started(
        { times: TIMES },
        {
          eventLog: { durable: true },
          webhooks: { allowPrivateTargets: true, retryBaseMs: 50, retryCapMs: 200 },
        },
      );
      const friend = world.phone();
      const webhook = { webhookUrl: receiver.url, webhookEvents: ["messages.upsert" as const] };
      const connected = await world.link(node, KINDS.filter(({ online }) => online === true).length);
      for (const { id } of connected)
        await node.update(id, { webhook: { url: receiver.url, events: webhook.webhookEvents } });
      const made = await Promise.all(
        KINDS.map(async (kind, n): Promise<Subject> => {
          const shared = { node, friend, hook };
          const next =
            kind.online === true
              ? connected[KINDS.slice(0, n).filter((one) => one.online).length]
              : undefined;
          if (next !== undefined) return { ...shared, ...next };
          const { id } = await node.create({ name: `offline ${n}`, ...webhook });
          return { ...shared, id, phone: world.phone() };
        }),
      );
      const prepared = await Promise.all(KINDS.map(async (kind, n) => kind.prepare?.(made[n] as Subject)));
      await sleep(SETTLE_MS);

      await takeFrom(
        place,
        made.map(({ id }) => id),
      );
      const stored = (): Promise<readonly (readonly string[])[]> =>
        Promise.all(made.map(({ id }) => place.texts(id)));
      const before = await stored();
      const answers = await Promise.allSettled(
        KINDS.map(async (kind, n) => kind.write(made[n] as Subject, prepared[n])),
      );
      await sleep(SETTLE_MS);

      const after = await stored();
      const changed = KINDS.filter((_, n) => after[n]?.join("\n") !== before[n]?.join("\n"));
      expect(changed.map(({ what }) => what)).toEqual([]);
      const done = KINDS.filter((kind, n) => kind.isUnasked !== true && answers[n]?.status === "fulfilled");
      expect(done.map(({ what }) => what)).toEqual([]);
      // Nothing left before it was stored, and nobody was unlinked.
      expect(friend.messages.filter(({ fromMe }) => !fromMe)).toEqual([]);
      expect(receiver.received.filter(({ body }) => body.includes("in for "))).toEqual([]);
      for (const { phone, id } of made)
        if (connected.some((one) => one.id === id)) expect(phone.companions).toHaveLength(1);
      await eventually(() => node.cluster?.stats().owned === 0, "it has dropped them all");
    });
  },
);
