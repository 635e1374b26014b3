import { describe, expect, it } from "vitest";
import { ZpwootError } from "../../src/errors.js";
import {
  Removal,
  carryOut,
  type RemovalKind,
  type UnlinkingAttempt,
  type UnlinkingAttempts,
} from "../../src/session/removal.js";
import { FakeParts } from "./services.js";

type Attempt = { -readonly [Key in keyof UnlinkingAttempt]: UnlinkingAttempt[Key] };

/** An attempt whose account is linked. */
function attempt(over: Partial<Attempt> = {}): Attempt {
  return {
    ...{ auth: { linked: true }, handle: undefined, openedAt: undefined },
    ...{ closed: undefined, startError: undefined },
    ...over,
  };
}

/** An open connection; WhatsApp confirms its unlinking, or not. */
function open(confirms = true): Attempt {
  return attempt({ openedAt: 1, handle: { unlink: async () => confirms } });
}

function removal({
  present,
  next,
  phoneNumber = "+5511999990000",
}: { present?: Attempt; next?: Attempt; phoneNumber?: string | null } = {}) {
  const parts = new FakeParts({ phoneNumber });
  const started: Attempt[] = [];
  const attempts: UnlinkingAttempts & { current: Attempt | undefined } = {
    current: present,
    start: () => {
      const made = next ?? attempt();
      started.push(made);
      attempts.current = made;
      return made;
    },
    end: async () => {
      if (attempts.current !== undefined) parts.calls.push("end");
      attempts.current = undefined;
    },
  };
  const run = (kind: RemovalKind, onWait: () => void = () => {}): Promise<unknown> =>
    carryOut(new Removal({ kind }), {
      ...{ services: parts.services, record: parts.record, desired: parts.desired, state: parts.state },
      attempts,
      wait: async (timeoutMs) => {
        parts.clock.now += timeoutMs / 2;
        onWait();
      },
      isStopped: () => false,
    });
  return { parts, attempts, started, run };
}

describe("a logout", () => {
  it("unlinks over the open connection, closes it, then deletes the credentials", async () => {
    const { parts, started, run } = removal({ present: open() });
    expect(await run("logout")).toEqual({ unlinked: "confirmed" });
    expect(started).toEqual([]);
    expect(parts.calls).toEqual(["requireOwned", "end", "wipeLink"]);
    expect(parts.record.current).toMatchObject({ phoneNumber: null });
    expect(parts.state.current).toEqual({ name: "closing", wasOpen: true });
  });

  it("connects to unlink a session that is offline", async () => {
    const next = attempt();
    const { started, run } = removal({ next });
    const outcome = run("logout", () => Object.assign(next, open()));
    expect(await outcome).toEqual({ unlinked: "confirmed" });
    expect(started).toEqual([next]);
  });

  it("connects again when the connection made for it fails, as long as there is time", async () => {
    const next = attempt();
    const { parts, started, run } = removal({ next });
    Object.assign(parts.services, { timeouts: { ...parts.services.timeouts, unlinkMs: 600_000 } });
    let waits = 0;
    const outcome = run("logout", () => {
      waits += 1;
      if (waits === 1) Object.assign(next, { closed: { kind: "closed", code: 503, verdict: false } });
      if (waits === 2) Object.assign(next, open(), { closed: undefined });
    });
    expect(await outcome).toEqual({ unlinked: "confirmed" });
    expect(started).toHaveLength(2);
  });

  it("gives up when its time is over, and at once after a verdict of WhatsApp's", async () => {
    const failing = attempt({ closed: { kind: "closed", code: 503, verdict: false } });
    expect(await removal({ next: failing }).run("logout")).toEqual({ unlinked: "unconfirmed" });
    const banned = attempt({ closed: { kind: "closed", code: 403, verdict: true } });
    const { started, run } = removal({ next: banned });
    expect(await run("logout")).toEqual({ unlinked: "unconfirmed" });
    expect(started).toHaveLength(1);
  });

  it("has nothing to unlink without a link", async () => {
    const { run } = removal({ next: attempt({ auth: { linked: false } }) });
    expect(await run("logout")).toEqual({ unlinked: "not-linked" });
  });

  it("finds out without an attempt that a session was never linked, by its record and its store", async () => {
    const { parts, started, run } = removal({ phoneNumber: null });
    parts.neverLinked = true;
    expect(await run("delete")).toEqual({ unlinked: "not-linked" });
    expect(started).toEqual([]);
  });

  it.each([
    ["only the record", true, "+5511999990000"],
    ["only the store", false, null],
  ])("tries to unlink a session of which %s says that it is linked", async (_, neverLinked, phoneNumber) => {
    const { parts, started, run } = removal({ next: open(), phoneNumber });
    parts.neverLinked = neverLinked;
    expect(await run("delete")).toEqual({ unlinked: "confirmed" });
    expect(started).toHaveLength(1);
  });

  it("is confirmed when the phone had unlinked the device", async () => {
    const closed = { kind: "closed", code: 401, verdict: true } as const;
    expect(await removal({ next: attempt({ closed }) }).run("logout")).toEqual({ unlinked: "confirmed" });
    const gateway = { ...closed, verdict: false };
    expect(await removal({ next: attempt({ closed: gateway }) }).run("logout")).toEqual({
      unlinked: "unconfirmed",
    });
  });

  it("waits for the restart that WhatsApp asks a new device for, and unlinks after it", async () => {
    const closed = { kind: "closed", code: 515, verdict: true } as const;
    const { parts, started, run } = removal({
      present: attempt({ closed, handle: { unlink: async () => false } }),
      next: open(),
    });
    expect(await run("logout")).toEqual({ unlinked: "confirmed" });
    expect(started).toHaveLength(1);
    expect(parts.calls.filter((call) => call === "end")).toHaveLength(2);
  });

  it.each([
    ["does not confirm", open(false)],
    ["can't be reached", attempt({ startError: new ZpwootError("CONNECTION_FAILED", "no way") })],
    ["says nothing in time", attempt()],
  ])("deletes the credentials also when WhatsApp %s", async (_, next) => {
    const { parts, run } = removal({ next });
    expect(await run("logout")).toEqual({ unlinked: "unconfirmed" });
    expect(parts.calls).toContain("wipeLink");
  });

  it("deletes a session whose credentials can't be read, without unlinking it", async () => {
    const next = attempt({ startError: new ZpwootError("STORE_CORRUPT", "damaged") });
    const { parts, run } = removal({ next });
    expect(await run("delete")).toEqual({ unlinked: "unconfirmed" });
    expect(parts.calls).toContain("removeAll");
  });

  it.each(["STORE_UNAVAILABLE", "STORE_CORRUPT"] as const)(
    "rejects with %s, nothing deleted, when it is unknown whether there is a link",
    async (code) => {
      const { parts, run } = removal({ next: attempt({ startError: new ZpwootError(code, "disk") }) });
      await expect(run("logout")).rejects.toMatchObject({ code });
      expect(parts.calls).not.toContain("wipeLink");
    },
  );

  it("is the way out when the credentials are gone from the store", async () => {
    const next = attempt({ startError: new ZpwootError("STORE_CORRUPT", "gone") });
    const { parts, run } = removal({ next });
    parts.credentialsGone = true;
    expect(await run("logout")).toEqual({ unlinked: "unconfirmed" });
    expect(parts.calls).toContain("wipeLink");
  });

  it("that fails leaves the record as it was, and one that has deleted the credentials does not", async () => {
    const { parts, run } = removal({ present: open() });
    const { phoneNumber } = parts.record.current;
    parts.failing.add("wipeLink");
    await expect(run("logout")).rejects.toThrow("wipeLink failed");
    expect(parts.record.current).toMatchObject({ phoneNumber, verdict: undefined });
    parts.credentialsGone = true;
    await expect(run("logout")).rejects.toThrow("wipeLink failed");
    expect(parts.record.current).toMatchObject({ phoneNumber: null });
  });

  it("touches nothing while the store does not answer", async () => {
    const { parts, run } = removal({ present: open() });
    parts.failing.add("requireOwned");
    await expect(run("logout")).rejects.toThrow("requireOwned failed");
    expect(parts.calls).toEqual(["requireOwned"]);
  });
});

describe("a deletion", () => {
  it("is marked before anything else, so that a crash can't leave half of it", async () => {
    const { parts, run } = removal({ present: open() });
    expect(await run("delete")).toEqual({ unlinked: "confirmed" });
    expect(parts.calls).toEqual(["requireOwned", "markDeleted", "end", "removeAll"]);
  });
});

describe("the result of a removal", () => {
  it("is shared, and a failure without a waiting caller is not unhandled", async () => {
    const pending = new Removal({ kind: "logout" });
    pending.reject(new Error("store"));
    await expect(pending.result).rejects.toThrow("store");
    const done = new Removal({ kind: "delete" });
    done.resolve({ unlinked: "confirmed" });
    expect(await Promise.all([done.result, done.result])).toEqual([
      { unlinked: "confirmed" },
      { unlinked: "confirmed" },
    ]);
  });
});
