/** The checker of `npm run chaos:owners` against histories that are wrong: what it does not catch, a run would not show. */
import { describe, expect, it } from "vitest";
import { RULES, violations } from "../chaos/owners/checker.js";
import type { Asked, EndState, Entry, Happened } from "../chaos/owners/history.js";

const EMPTY: EndState = { sessions: [], keys: [], apiKeys: [], queued: [] };

/** Facts a tenth of a second apart; a number lets that many milliseconds pass. */
function history(...facts: readonly (Happened | number)[]): readonly Entry[] {
  let at = 0;
  return facts.flatMap((fact) => {
    at += typeof fact === "number" ? fact : 100;
    return typeof fact === "number" ? [] : [{ ...fact, at }];
  });
}

const broken = (entries: readonly Entry[], end: Partial<EndState> = {}): readonly string[] =>
  violations(entries, { ...EMPTY, ...end }).map(({ rule, text }) => `${rule}: ${text}`);

const asked = (op: number, what: Asked, process = "p1"): Happened => ({ kind: "asked", op, process, what });
const answered = (op: number, value?: unknown, ok = true): Happened => ({ kind: "answered", op, ok, value });
const done = (op: number, what: Asked, value?: unknown, process = "p1"): readonly Happened[] => [
  asked(op, what, process),
  answered(op, value),
];
const owning = (process: string): Happened => ({ kind: "owning", process });
const login = (process: string, connection: number): Happened => ({
  ...{ kind: "login", process, device: "ana:1", connection },
});
const closed = (process: string, connection: number): Happened =>
  ({ ...login(process, connection), kind: "closed" }) as Happened;
const made = done(1, { do: "create", name: "a", token: "t1" }, "s1");
const session = { id: "s1", name: "a", token: "t1" };
const SENT: Happened = { kind: "sent", text: "in", id: "m1" };
const ACKNOWLEDGED: Happened = { kind: "acknowledged", device: "ana:1", id: "m1" };
const HEARD: Happened = { kind: "heard", text: "in" };
const patch = (token: string): Asked => ({ do: "patch", id: "s1", token });

/** A run as it should be: hand-over, a freeze, a partition with late writes, changes, keys, messages, webhooks. */
const GOOD = history(
  owning("p1"),
  { kind: "owner", epoch: 1, ownerId: "a" },
  login("p1", 1),
  ...made,
  ...done(2, patch("t2")),
  { kind: "stored", token: "t2" },
  { kind: "queued", delivery: "d1", session: "s1" },
  { kind: "sent", text: "in", id: "m1" },
  { kind: "frozen", process: "p1" },
  owning("p2"),
  { kind: "owner", epoch: 2, ownerId: "b" },
  login("p2", 2),
  asked(3, patch("t3")),
  { kind: "woken", process: "p1" },
  closed("p1", 1),
  answered(3, undefined, false),
  { kind: "gone", process: "p1" },
  { kind: "delivered", delivery: "d1" },
  { kind: "heard", text: "in" },
  { kind: "cut", process: "p2" },
  asked(4, patch("t4"), "p2"),
  closed("p2", 2),
  owning("p3"),
  login("p3", 3),
  { kind: "healed", process: "p2" },
  ...done(5, { do: "send", id: "s1", to: "b", text: "out" }, undefined, "p3"),
  { kind: "arrived", text: "out" },
  ...done(6, { do: "make-key", name: "k" }, "k1", "beside"),
  ...done(7, { do: "verify-key", keyId: "k1", key: "x" }, true, "p3"),
  ...done(8, { do: "revoke-key", keyId: "k1" }, undefined, "beside"),
  1_000,
  ...done(9, { do: "verify-key", keyId: "k1", key: "x" }, false, "p3"),
);
const GOOD_END: Partial<EndState> = { sessions: [{ ...session, token: "t2" }], keys: ["wa/s1/record.a"] };

/** What a violation says, and a run that has just that one. */
const BAD: readonly (readonly [string, readonly Entry[], Partial<EndState>])[] = [
  ["two sockets: p2 logged ana:1 in while p1", history(login("p1", 1), login("p2", 2)), {}],
  ["two sockets: p1 logged ana:1 in while p1", history(login("p1", 1), login("p1", 2)), {}],
  [
    "two sockets: p1 logged ana:1 in again",
    history(login("p1", 1), closed("p1", 1), login("p2", 2), closed("p2", 2), login("p1", 3)),
    {},
  ],
  [
    "two sockets: p2 logged ana:1 in while p1",
    history(
      login("p1", 1),
      { kind: "frozen", process: "p1" },
      { kind: "woken", process: "p1" },
      login("p2", 2),
    ),
    {},
  ],
  [
    "stale write: the epoch fell from 3 to 2",
    history({ kind: "owner", epoch: 3, ownerId: "b" }, { kind: "owner", epoch: 2, ownerId: "a" }),
    {},
  ],
  [
    "stale write: epoch 2 had two owners",
    history({ kind: "owner", epoch: 2, ownerId: "a" }, { kind: "owner", epoch: 2, ownerId: "b" }),
    {},
  ],
  [
    "stale write: p1 said yes to",
    history(owning("p1"), ...made, owning("p2"), ...done(2, patch("t2"))),
    { sessions: [{ ...session, token: "t2" }] },
  ],
  [
    "stale write: late from p1, and stored",
    history(owning("p1"), ...made, { kind: "cut", process: "p1" }, asked(2, patch("t2")), owning("p2"), {
      kind: "healed",
      process: "p1",
    }),
    { sessions: [{ ...session, token: "t2" }] },
  ],
  [
    "stale write: late from p1, and stored",
    history(
      ...[
        owning("p1"),
        ...made,
        { kind: "cut", process: "p1" } as const,
        asked(2, patch("t2")),
        owning("p2"),
      ],
      ...([
        { kind: "healed", process: "p1" },
        { kind: "stored", token: "t2" },
      ] as const),
    ),
    { sessions: [session] },
  ],
  ["lost change: session s1 was created and is not there", history(...made), {}],
  [
    "lost change: session s1 holds t1: t2 was undone",
    history(...made, ...done(2, patch("t2"))),
    { sessions: [session] },
  ],
  [
    "lost change: session s1 holds t2: t3 was undone",
    history(...made, ...done(2, patch("t2")), ...done(3, patch("t3"))),
    { sessions: [{ ...session, token: "t2" }] },
  ],
  [
    "lost change: session s1 holds t9, which nobody wrote",
    history(...made),
    { sessions: [{ ...session, token: "t9" }] },
  ],
  [
    "lost change: session s1 was deleted and is there",
    history(...made, ...done(2, { do: "delete", id: "s1" })),
    { sessions: [session] },
  ],
  [
    "name twice: two sessions are called a",
    history(...made),
    { sessions: [session, { ...session, id: "s2" }] },
  ],
  [
    "name twice: a was given twice, by p1 and p2",
    history(
      ...made,
      ...done(2, { do: "create", name: "a", token: "t2" }, "s2", "p2"),
      ...done(3, { do: "delete", id: "s1" }),
    ),
    { sessions: [{ id: "s2", name: "a", token: "t2" }] },
  ],
  [
    "key left: deleted session s1 left wa/s1/keys.a",
    history(...made, ...done(2, { do: "delete", id: "s1" })),
    { keys: ["wa/s1/keys.a", "wa/tombstone/s1"] },
  ],
  ["webhook lost: d1 of session s1", history({ kind: "queued", delivery: "d1", session: "s1" }), {}],
  [
    "unreadable: ana from p:1: no session",
    history({ kind: "undecryptable", phone: "ana", from: "p:1", reason: "no session" }),
    {},
  ],
  [
    "message lost: out was sent by p1",
    history(...done(1, { do: "send", id: "s1", to: "b", text: "out" })),
    {},
  ],
  ["message lost: in was sent to a session", history(SENT), {}],
  [
    "message lost: in was sent to a session",
    history(SENT, ACKNOWLEDGED, 5_000, { kind: "killed", process: "p1" }),
    {},
  ],
  [
    "message lost: p1 answered a text (acknowledged) while it was cut off",
    history(login("p1", 1), SENT, { kind: "cut", process: "p1" }, 1_000, ACKNOWLEDGED, HEARD),
    {},
  ],
  [
    "message lost: p1 answered a text (asked again) while it was cut off",
    history(login("p1", 1), { kind: "cut", process: "p1" }, 1_000, { kind: "asked again", device: "ana:1" }),
    {},
  ],
  ["API key: key k1 was made and is not there", history(...done(1, { do: "make-key", name: "k" }, "k1")), {}],
  [
    "API key: key k1 was revoked and is there",
    history(...done(1, { do: "make-key", name: "k" }, "k1"), ...done(2, { do: "revoke-key", keyId: "k1" })),
    { apiKeys: ["k1"] },
  ],
  [
    "API key: p1 accepted key k1 after it was revoked",
    history(
      ...[
        ...done(1, { do: "make-key", name: "k" }, "k1"),
        ...done(2, { do: "revoke-key", keyId: "k1" }),
        1_000,
      ],
      ...done(3, { do: "verify-key", keyId: "k1", key: "x" }, true),
    ),
    {},
  ],
  [
    "API key: p1 refused key k1, which was valid",
    history(
      ...done(1, { do: "make-key", name: "k" }, "k1"),
      ...done(2, { do: "verify-key", keyId: "k1", key: "x" }, false),
    ),
    { apiKeys: ["k1"] },
  ],
];

describe("the checker of the owners' chaos", () => {
  it("finds nothing in a run as it should be", () => {
    expect(broken(GOOD, GOOD_END)).toEqual([]);
  });

  it.each(BAD)("catches %s", (text, entries, end) => {
    const found = broken(entries, end);
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(text);
  });

  it("lets pass what may be so: no answer, a change that overlaps, a text that a kill cut off, a session being deleted", () => {
    const overlapping = history(...made, asked(2, patch("t2")), ...done(3, patch("t3")), answered(2));
    for (const token of ["t2", "t3"])
      expect(broken(overlapping, { sessions: [{ ...session, token }] })).toEqual([]);
    const unanswered = history(asked(1, { do: "create", name: "a", token: "t1" }));
    expect([broken(unanswered), broken(unanswered, { sessions: [session] })]).toEqual([[], []]);
    for (const kind of ["killed", "frozen", "cut"] as const)
      expect(broken(history(SENT, ACKNOWLEDGED, { kind, process: "p1" }))).toEqual([]);
    const queued = { queued: [{ delivery: "d1", body: `{"conversation":"in"}` }] };
    expect(broken(history(SENT, { kind: "queued", delivery: "d1", session: "s1" }), queued)).toEqual([]);
    expect(broken(history(...made, asked(2, { do: "delete", id: "s1" })))).toEqual([]);
  });

  it("is tried with a broken run for each promise", () => {
    expect(new Set(BAD.map(([text]) => text.split(":")[0]))).toEqual(new Set(RULES));
  });
});
