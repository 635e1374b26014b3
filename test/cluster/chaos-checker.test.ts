/** The checker of `npm run chaos:cluster` against histories that are wrong: what it does not catch, a run would not show. */
import { describe, expect, it } from "vitest";
import { absences } from "../chaos/cluster/absences.js";
import { RULES, violations } from "../chaos/cluster/checker.js";
import type { EndState, Entry, Happened } from "../chaos/cluster/history.js";

const EMPTY: EndState = { sessions: [], queued: [] };

/** Facts a second apart; a number lets that many milliseconds more pass. */
function history(...facts: readonly (Happened | number)[]): readonly Entry[] {
  let at = 0;
  return facts.flatMap((fact) => {
    at += typeof fact === "number" ? fact : 1_000;
    return typeof fact === "number" ? [] : [{ ...fact, at }];
  });
}

const broken = (entries: readonly Entry[], end: Partial<EndState> = {}): readonly string[] =>
  violations(entries, { ...EMPTY, ...end }).map(({ rule, text }) => `${rule}: ${text}`);

const NODES: readonly Happened[] = [
  { kind: "node", process: "p1", node: "n1" },
  { kind: "node", process: "p2", node: "n2" },
];
const held = (node: string | null | undefined, epoch: number, session = "s1"): Happened => ({
  ...{ kind: "holder", session, node, epoch },
});
const login = (process: string, connection: number, session = "s1"): Happened => ({
  ...{ kind: "login", process, session, connection },
});
const closed = (process: string, connection: number): Happened => ({
  ...{ kind: "closed", process, session: "s1", connection },
});
const wrote = (process: string, node: string | null | undefined): Happened => ({
  ...{ kind: "wrote", process, session: "s1", node },
});
const asked = (text: string, process = "p1"): Happened => ({ kind: "asked", text, session: "s1", process });
const answered = (text: string, ok = true): Happened => ({ kind: "answered", text, ok });
const arrived = (text: string, id: string): Happened => ({ kind: "arrived", text, id });
const event = (id: string, reader = "p1"): Happened => ({ kind: "event", reader, session: "s1", id });
const SENT: Happened = { kind: "sent", text: "in", session: "s1" };
const HEARD: Happened = { kind: "heard", text: "in", delivery: "d1" };
const QUEUED: Happened = { kind: "queued", delivery: "d1", session: "s1" };
const FIRST = [...NODES, held("n1", 1), login("p1", 1)];

/** A run as it should be: a freeze, a directed move with a message each way, a node that comes back under another id. */
const GOOD = history(
  ...FIRST,
  wrote("p1", "n1"),
  { kind: "round", name: "freeze" },
  { kind: "frozen", process: "p1" },
  10_000,
  held("n2", 2),
  login("p2", 2),
  asked("out", "p1"),
  { kind: "woken", process: "p1" },
  closed("p1", 1),
  answered("out", false),
  { kind: "node", process: "p1", node: "n3" },
  asked("out", "p1"),
  arrived("out", "m1"),
  answered("out"),
  { kind: "round", name: "move" },
  SENT,
  QUEUED,
  event("msg_1"),
  closed("p2", 2),
  wrote("p2", "n2"),
  held("n3", 3),
  login("p1", 3),
  wrote("p1", "n3"),
  { kind: "delivered", delivery: "d1" },
  HEARD,
  event("msg_2"),
  event("msg_1"),
  event("msg_3"),
);

/** What a violation says, and a run that has just that one. */
const BAD: readonly (readonly [string, readonly Entry[], Partial<EndState>])[] = [
  ["two sockets: p2 logged s1 in while p1", history(...FIRST, held("n2", 2), login("p2", 2)), {}],
  ["two sockets: p1 logged s1 in while p1", history(...FIRST, login("p1", 2)), {}],
  [
    "two sockets: p2 logged s1 in while p1",
    history(
      ...FIRST,
      { kind: "frozen", process: "p1" },
      { kind: "woken", process: "p1" },
      held("n2", 2),
      login("p2", 2),
    ),
    {},
  ],
  ["socket without right: p2 logged s1 in", history(...FIRST, closed("p1", 1), login("p2", 2)), {}],
  ["socket without right: p1 logged s2 in", history(...FIRST, login("p1", 2, "s2")), {}],
  [
    "socket without right: p1 logged s1 in",
    history(...FIRST, closed("p1", 1), held("n2", 2), login("p1", 2)),
    {},
  ],
  ["socket without right: p1 logged s1 in", history(...NODES, held(null, 1), login("p1", 1)), {}],
  ["stale write: p1 wrote to s1, which n2 (p2) held", history(...FIRST, wrote("p1", "n2")), {}],
  ["stale write: p1 wrote to s1, which nobody held", history(...FIRST, wrote("p1", null)), {}],
  ["epoch: the epoch of s1 fell from 2 to 1", history(...NODES, held("n1", 2), held("n2", 1)), {}],
  ["epoch: the epoch of s1 fell from 2 to 1", history(...NODES, held(null, 2), held("n2", 1)), {}],
  [
    "epoch: the epoch of s1 fell from 2 to 1",
    history(...NODES, held("n1", 2), held(undefined, 0), held("n1", 1)),
    {},
  ],
  ["epoch: epoch 1 of s1 had two holders: n1 and n2", history(...NODES, held("n1", 1), held("n2", 1)), {}],
  ["session lost: s1 has no", history(...FIRST, closed("p1", 1)), { sessions: ["s1"] }],
  ["session lost: s2 has no", history(...FIRST), { sessions: ["s1", "s2"] }],
  ["message lost: in was sent to s1 and not heard", history(SENT), {}],
  ["message lost: out was confirmed", history(asked("out"), answered("out")), {}],
  ["sent twice: out arrived 2 times", history(arrived("out", "m1"), arrived("out", "m2")), {}],
  ["sent twice: out arrived 2 times", history(arrived("out", "m1"), arrived("out", "m1")), {}],
  ["webhook lost: d1 of s1 was queued and never delivered: no reason", history(QUEUED), {}],
  [
    "webhook lost: d1 of s1 was queued and never delivered: dropped",
    history(QUEUED, { kind: "given up", delivery: "d1", reason: "dropped" }),
    {},
  ],
  ["unreadable: s1: no session", history({ kind: "unreadable", who: "s1", why: "no session" }), {}],
  ["events: p1 got event msg_1 of s1 after msg_2", history(event("msg_2"), event("msg_1")), {}],
];

describe("the checker of the cluster chaos", () => {
  it("has nothing to say against a run as it should be", () => {
    expect(broken(GOOD, { sessions: ["s1"] })).toEqual([]);
  });

  it.each(BAD)("says “%s”", (sentence, entries, end) => {
    const said = broken(entries, end);
    expect(said).toHaveLength(1);
    expect(said[0]).toContain(sentence);
  });

  it("has a bad run for every rule", () => {
    const shown = new Set(BAD.map(([sentence]) => sentence.slice(0, sentence.indexOf(":"))));
    expect([...shown].sort()).toEqual([...RULES].sort());
  });

  it("takes a delivery in an outbox for one that comes", () => {
    expect(broken(history(QUEUED), { queued: ["d1"] })).toEqual([]);
  });

  it("lets clocks of several programs differ by a quarter of a second, not more", () => {
    const late = (ms: number): readonly Entry[] => {
      const [one, two] = NODES.map((node, at) => ({ ...node, at }));
      return [one, two, { ...login("p1", 1), at: 10 }, { ...held("n1", 1), at: 10 + ms }].filter(
        (entry) => entry !== undefined,
      );
    };
    expect(broken(late(200))).toEqual([]);
    expect(broken(late(300))).toHaveLength(1);
  });
});

describe("a process that wakes", () => {
  const run = (ms: number): readonly Entry[] => [
    ...history(...FIRST, { kind: "frozen", process: "p1" }, held("n2", 2), { kind: "woken", process: "p1" }),
    { ...login("p2", 2), at: 7_000 + ms },
  ];

  it("may have its connection replaced until it has looked at its clock", () => {
    expect(broken(run(900))).toEqual([]);
    expect(broken(run(1_100))).toHaveLength(1);
  });
});

describe("a process whose event loop stood still", () => {
  const run = (delayMs: number, saidAfterMs: number): readonly Entry[] => {
    const entries = history(...FIRST, held("n2", 2), login("p2", 2));
    const at = (entries.at(-1)?.at ?? 0) + saidAfterMs;
    return [...entries, { kind: "busy", process: "p1", delayMs, usedMs: 0, at }];
  };

  it("may have its connection replaced meanwhile, and not when that was short, or over, or another process", () => {
    expect(broken(run(2_000, 1_000))).toEqual([]);
    expect(broken(run(900, 500))).toHaveLength(1);
    expect(broken(run(2_000, 2_500))).toHaveLength(1);
    const other = run(2_000, 1_000).map((entry) =>
      entry.kind === "busy" ? { ...entry, process: "p3" } : entry,
    );
    expect(broken(other)).toHaveLength(1);
  });
});

describe("the times without a connection", () => {
  it("count from what was done to the process, and from the end of the connection", () => {
    const run = history(
      ...FIRST,
      { kind: "round", name: "kill" },
      { kind: "killed", process: "p1" },
      closed("p1", 1),
      8_000,
      login("p2", 2),
    );
    expect(absences(run)).toEqual([
      { round: "kill", away: 9_000, takeover: 10_000, moved: true, struck: true },
    ]);
  });

  it("of a frozen process begin with the freeze and end with the login that replaces it", () => {
    const run = history(
      ...FIRST,
      { kind: "round", name: "freeze" },
      { kind: "frozen", process: "p1" },
      9_000,
      login("p2", 2),
      closed("p1", 1),
    );
    expect(absences(run)).toEqual([
      { round: "freeze", away: 0, takeover: 10_000, moved: true, struck: true },
    ]);
  });

  it("of a process to which nothing was done are those of its connections", () => {
    const run = history(...FIRST, { kind: "round", name: "move" }, closed("p1", 1), login("p1", 2));
    expect(absences(run)).toEqual([
      { round: "move", away: 1_000, takeover: 1_000, moved: false, struck: false },
    ]);
  });

  it("count from the return of servers that were away for all", () => {
    const run = history(
      ...FIRST,
      { kind: "round", name: "both away" },
      { kind: "cut", process: "p1" },
      9_000,
      closed("p1", 1),
      50_000,
      { kind: "healed", process: "p1" },
      { kind: "returned" },
      login("p1", 2),
    );
    expect(absences(run)).toEqual([
      { round: "both away", away: 53_000, takeover: 1_000, moved: false, struck: true },
    ]);
  });
});
