import { describe, expect, it, vi } from "vitest";
import { EventHub } from "../../src/events/event-hub.js";
import { SILENT } from "../../src/api/logger.js";

const created = { sessionId: "s", name: "n" };

describe("event hub", () => {
  it("calls every listener although one throws, and reports the throw as an error event", () => {
    const hub = new EventHub(SILENT);
    const heard = vi.fn();
    const errors = vi.fn();
    hub.on("error", errors);
    hub.on("session.created", () => {
      throw new Error("broken listener");
    });
    hub.on("session.created", heard);
    hub.emit("session.created", created);
    expect(heard).toHaveBeenCalledWith(created);
    expect(errors).toHaveBeenCalledWith({
      sessionId: null,
      error: expect.objectContaining({ message: "broken listener" }),
    });
  });

  it("reports the rejection of an async listener", async () => {
    const hub = new EventHub(SILENT);
    const reported = new Promise((resolve) => hub.on("error", resolve));
    hub.on("session.created", () => Promise.reject(new Error("late")));
    hub.emit("session.created", created);
    expect(await reported).toMatchObject({ error: { message: "late" } });
  });

  it("logs an error that nobody hears", () => {
    const error = vi.fn();
    new EventHub({ ...SILENT, error }).emit("error", { sessionId: "s", error: new Error("unheard") });
    expect(error).toHaveBeenCalledWith({ sessionId: "s", error: "unheard" }, expect.any(String));
  });

  it("does not call a failing error listener with its own failure", () => {
    const hub = new EventHub(SILENT);
    const listener = vi.fn(() => {
      throw new Error("again");
    });
    hub.on("error", listener);
    hub.emit("error", { sessionId: null, error: new Error("first") });
    expect(listener).toHaveBeenCalledTimes(1);
  });

  it("calls a once listener once, and lets it be taken away before", () => {
    const hub = new EventHub(SILENT);
    const once = vi.fn();
    const removed = vi.fn();
    hub.once("session.created", once);
    hub.once("session.created", removed);
    hub.off("session.created", removed);
    hub.emit("session.created", created);
    hub.emit("session.created", created);
    expect(once).toHaveBeenCalledTimes(1);
    expect(removed).not.toHaveBeenCalled();
  });

  it("counts the same listener once and takes it away whole", () => {
    const hub = new EventHub(SILENT);
    const listener = vi.fn();
    hub.on("session.created", listener);
    hub.on("session.created", listener);
    hub.emit("session.created", created);
    hub.off("session.created", listener);
    hub.emit("session.created", created);
    expect(listener).toHaveBeenCalledTimes(1);
  });
});
