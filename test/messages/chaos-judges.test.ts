/** The judges of `npm run chaos:messages` against histories that are wrong: what they do not catch, a run would not show. */
import { describe, expect, it } from "vitest";
import { ReceivedJudge, type ReceivedVerdict } from "../support/received-judge.js";
import { judgeSends, type Answer, type Job, type SendHistory, type Shown } from "../support/sent-judge.js";

/** An event of texts. */
const event = (id: string, ...texts: readonly string[]) => ({
  id,
  data: { messages: texts.map((conversation) => ({ message: { conversation } })) },
});

/** Three messages of two senders, acknowledged, and at both places; then whatever is different. */
function received(happens: (judge: ReceivedJudge) => void, but: readonly string[] = []): ReceivedVerdict {
  const judge = new ReceivedJudge(["hook", "log"]);
  for (const [id, text] of [
    ["e0", "s0 0"],
    ["e1", "s1 1"],
    ["e2", "s0 2"],
  ] as const) {
    judge.sent(text);
    if (!but.includes(`acknowledged ${text}`)) judge.acknowledged(text);
    for (const place of ["hook", "log"])
      if (!but.includes(`${place} ${text}`)) judge.came(place, event(id, text), true);
  }
  happens(judge);
  return judge.verdict();
}

const NOTHING: ReceivedVerdict = { lost: [], missing: [], outOfOrder: [], doubled: [], invented: [] };

describe("the judge of received messages", () => {
  it("finds nothing wrong when each is everywhere, in order, whatever comes again under its id", () => {
    const again = (judge: ReceivedJudge): void => judge.came("hook", event("e0", "s0 0"), true);
    expect(received(again)).toEqual(NOTHING);
  });

  it("finds one that is acknowledged and not at one of the places", () => {
    expect(received(() => {}, ["hook s1 1"])).toEqual({ ...NOTHING, lost: ["s1 1"] });
    expect(received(() => {}, ["log s1 1"])).toEqual({ ...NOTHING, lost: ["s1 1"] });
  });

  it("takes one that was only refused for lost", () => {
    const refused = (judge: ReceivedJudge): void => judge.came("hook", event("e2", "s0 2"), false);
    expect(received(refused, ["hook s0 2"])).toEqual({ ...NOTHING, lost: ["s0 2"] });
  });

  it("finds one that is neither acknowledged nor delivered", () => {
    const verdict = received(() => {}, ["acknowledged s0 2", "hook s0 2", "log s0 2"]);
    expect(verdict).toEqual({ ...NOTHING, missing: ["s0 2"] });
  });

  it("finds one that comes behind a later one of its sender", () => {
    const late = (judge: ReceivedJudge): void => judge.came("hook", event("e0", "s0 0"), true);
    expect(received(late, ["hook s0 0"])).toEqual({ ...NOTHING, outOfOrder: ["s0 0 at hook"] });
  });

  it("finds one that is accepted behind a later one, though it came before it and was refused", () => {
    const judge = new ReceivedJudge(["hook"]);
    for (const text of ["s0 0", "s0 1"]) judge.sent(text);
    judge.came("hook", event("e0", "s0 0"), false);
    judge.came("hook", event("e1", "s0 1"), true);
    judge.came("hook", event("e0", "s0 0"), true);
    expect(judge.verdict()).toEqual({ ...NOTHING, outOfOrder: ["s0 0 at hook"] });
  });

  it.each([
    ["at one place", (judge: ReceivedJudge) => judge.came("hook", event("e9", "s0 0"), true)],
    ["that are refused", (judge: ReceivedJudge) => judge.came("hook", event("e9", "s0 0"), false)],
    ["at two places", (judge: ReceivedJudge) => judge.came("log", event("e9", "s0 0"), true)],
    ["of which one has it twice", (judge: ReceivedJudge) => judge.came("log", event("e0", "", "s0 0"), true)],
  ])("finds one in two events %s", (_, happens) => {
    expect(received(happens)).toMatchObject({ lost: [], doubled: ["s0 0"] });
  });

  it("finds one that nobody sent", () => {
    const foreign = (judge: ReceivedJudge): void => judge.came("log", event("e9", "s0 9"), true);
    expect(received(foreign)).toEqual({ ...NOTHING, invented: ["s0 9"] });
  });
});

const ANA = "1@s.whatsapp.net";
const BEN = "2@s.whatsapp.net";
const JOBS: readonly Job[] = [ANA, BEN, ANA].map((to, n) => ({
  ...{ key: `key-${n}`, to, text: `text ${n}`, queue: true },
}));
const shown = (n: number, id = `id-${n}`, chat = JOBS[n]?.to ?? "") => ({ id, text: `text ${n}`, chat });
const answered = (n: number, id = `id-${n}`, to = JOBS[n]?.to ?? ""): Answer => ({ id, to });

/** A history as it should be, with what is different. */
function sends(different: Partial<SendHistory>) {
  const answers = new Map(JOBS.map(({ key }, n) => [key, [answered(n), answered(n)]]));
  const told = new Map([["key-0", ["id-0"]]]);
  const theirs = new Map([
    [ANA, [shown(0), shown(2)]],
    [BEN, [shown(1)]],
  ]);
  const own = [shown(0), shown(1), shown(2)];
  return judgeSends({ jobs: JOBS, answers, told, own, theirs, inOrder: true, ...different });
}

/** Answers of which those to the first key are these. */
const first = (...given: readonly Answer[]) =>
  new Map([["key-0", given], ...JOBS.slice(1).map(({ key }, n) => [key, [answered(n + 1)]] as const)]);

describe("the judge of sent messages", () => {
  const NONE = { missing: [], doubled: [], disagreeing: [], outOfOrder: [] };
  /** What Ana's phone shows; Ben's is as it should be. */
  const anas = (...all: readonly Shown[]) =>
    new Map<string, readonly Shown[]>([
      [ANA, all],
      [BEN, [shown(1)]],
    ]);

  it("finds nothing wrong when each is on both phones once and all answers agree", () => {
    expect(sends({})).toEqual(NONE);
  });

  it("finds one that is not on the recipient's phone, though it was answered", () => {
    const theirs = anas(shown(0));
    expect(sends({ theirs })).toEqual({ ...NONE, missing: ["key-2"], disagreeing: ["key-2"] });
  });

  it("finds one that is not on the sender's own phone, or there in another chat", () => {
    expect(sends({ own: [shown(0), shown(1)] })).toEqual({ ...NONE, missing: ["key-2"] });
    const own = [shown(0), shown(1), shown(2, "id-2", BEN)];
    expect(sends({ own })).toEqual({ ...NONE, missing: ["key-2"] });
  });

  it("finds one that went to somebody else, instead or as well", () => {
    const bens = [shown(1), shown(2)];
    expect(sends({ theirs: anas(shown(0)).set(BEN, bens) })).toMatchObject({ missing: ["key-2"] });
    expect(sends({ theirs: anas(shown(0), shown(2)).set(BEN, bens) })).toEqual({
      ...NONE,
      doubled: ["key-2"],
    });
  });

  it("finds one that was sent again under another id", () => {
    const theirs = anas(shown(0), shown(2), shown(2, "id-9"));
    expect(sends({ theirs })).toEqual({ ...NONE, doubled: ["key-2"] });
    const own = [shown(0), shown(1), shown(2), shown(2, "id-9")];
    expect(sends({ own })).toEqual({ ...NONE, doubled: ["key-2"] });
  });

  it.each([
    ["has no answer", first()],
    ["has two that differ", first(answered(0), answered(0, "id-9"))],
    ["is answered with another message than the phone shows", first(answered(0, "id-9"))],
    ["is answered with another recipient", first(answered(0, "id-0", BEN))],
  ])("finds a key that %s", (_, answers) => {
    expect(sends({ answers })).toEqual({ ...NONE, disagreeing: ["key-0"] });
  });

  it("finds a message.sent that names another message", () => {
    const told = new Map([["key-0", ["id-0", "id-9"]]]);
    expect(sends({ told })).toEqual({ ...NONE, disagreeing: ["key-0"] });
  });

  it("finds one behind another that was handed over later, where order is promised", () => {
    const theirs = anas(shown(2), shown(0));
    expect(sends({ theirs })).toEqual({ ...NONE, outOfOrder: ["key-0"] });
    expect(sends({ theirs, inOrder: false })).toEqual(NONE);
  });
});
