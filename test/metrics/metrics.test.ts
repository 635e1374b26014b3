import { Registry } from "prom-client";
import { describe, expect, it } from "vitest";
import { createMetrics } from "../../src/metrics/index.js";
import { EngineWorld } from "../support/engine.js";

describe("the metrics of a manager", () => {
  it("count what a session goes through, without a label that names it", async () => {
    await using world = await EngineWorld.open();
    using metrics = createMetrics(world.manager);
    const { id, phone } = await world.linked();
    world.phone("friend").sendText(phone, "hello");
    await world.next("messages.upsert");
    await world.created("idle");
    const text = await metrics.text();
    expect(text).toContain('zpwoot_sessions{status="connected",state="open"} 1');
    expect(text).toContain('zpwoot_sessions{status="disconnected",state="idle"} 1');
    expect(text).toContain("zpwoot_links_total 1");
    expect(text).toContain("zpwoot_session_time_to_open_seconds_count 1");
    expect(text).toContain('zpwoot_messages_total{direction="in"} 1');
    expect(text).toContain("process_resident_memory_bytes");
    for (const secret of [id, phone.phoneNumber, "hello"]) expect(text).not.toContain(secret);
    expect(metrics.contentType).toContain("text/plain");
  });

  it("count a link that the phone ended", async () => {
    await using world = await EngineWorld.open();
    using metrics = createMetrics(world.manager);
    const { phone } = await world.linked();
    const loggedOut = world.next("session.logged-out");
    phone.unlink();
    await loggedOut;
    const text = await metrics.text();
    expect(text).toContain('zpwoot_logouts_total{cause="device-removed"} 1');
    expect(text).toContain(
      'zpwoot_session_closes_total{state="loggedOut",reason="device-removed",code="none"} 1',
    );
  });

  it("are given without the sessions when the manager is stopped, and stop counting when closed", async () => {
    await using world = await EngineWorld.open();
    const registry = new Registry();
    const metrics = createMetrics(world.manager, { registry });
    metrics.close();
    await world.linked();
    await world.manager.stop();
    const text = await metrics.text();
    expect(text).toContain("zpwoot_links_total 0");
    expect(text).not.toContain("zpwoot_sessions{");
    expect(text).not.toContain("process_");
  });
});
