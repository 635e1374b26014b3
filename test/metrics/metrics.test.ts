import { Registry } from "prom-client";
import { describe, expect, it } from "vitest";
import { createMetrics } from "../../src/metrics/index.js";
import { ClusterWorld, eventually, owned, SHARED_STORES, TIMES } from "../cluster/nodes.js";
import { EngineWorld } from "../support/engine.js";
import { Receiver } from "../support/receiver.js";

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

  it("tell how deep the outboxes are, how long deliveries took and how the store does", async () => {
    await using world = await EngineWorld.open({ webhooks: { allowPrivateTargets: true } });
    // Closed before the world: the manager's stop would wait for the request that hangs.
    await using receiver = await Receiver.start();
    using metrics = createMetrics(world.manager);
    const { id, phone } = await world.linked();
    const friend = world.phone("friend");
    await world.manager.update(id, { webhook: { url: receiver.url, events: ["messages.upsert"] } });
    const delivered = world.next("webhook.delivered");
    friend.sendText(phone, "delivered");
    await delivered;
    receiver.answer = () => "hang";
    friend.sendText(phone, "hangs");
    await receiver.until((all) => all.length === 2);
    const text = await metrics.text();
    expect(text).toContain('zpwoot_webhook_deliveries_total{outcome="delivered"} 1');
    expect(text).toContain("zpwoot_webhook_delivery_seconds_count 1");
    expect(text).toContain("zpwoot_webhook_outbox_events 1");
    expect(text).toContain("zpwoot_webhook_endpoints_sending 1");
    expect(text).toMatch(/zpwoot_store_operation_seconds_count\{operation="write",outcome="ok"\} [1-9]/);
    expect(text).toMatch(/zpwoot_event_log_events [1-9]/);
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

  it("count signatures that were forged", async () => {
    await using world = await EngineWorld.open();
    using metrics = createMetrics(world.manager);
    world.emulator.behaviour.forgeAccountSignature = true;
    await world.linked();
    expect(await metrics.text()).toContain(
      'zpwoot_bad_signatures_total{check="account-signature",refused="false"} 1',
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

  it.each([
    [{ proces: false }, "proces is not an option (did you mean process?)"],
    [{ registry: {} }, "registry must be a Registry of prom-client"],
  ])("have options that are checked: %j", async (options: object, detail) => {
    await using world = await EngineWorld.open();
    expect(() => createMetrics(world.manager, options)).toThrow(detail);
  });

  it("have figures of the cluster on its nodes only, where each counts its own sessions", async () => {
    await using world = await ClusterWorld.open(SHARED_STORES[0].open);
    const north = await world.started({ name: "north" });
    for (const name of ["a", "b", "c", "d"]) await north.create({ name });
    const south = await world.started({ name: "south" });
    await eventually(() => owned([north, south]).join() === "2,2", "a fair share");
    await eventually(() => south.cluster?.ownSessions().length === 2, "they are read");
    using metrics = createMetrics(south, { process: false });
    const text = await metrics.text();
    expect(text).toContain('zpwoot_sessions{status="disconnected",state="idle"} 2');
    expect(text).toContain('zpwoot_cluster_node_info{node="south"} 1');
    expect(text).toContain("zpwoot_cluster_nodes 2");
    expect(text).toContain("zpwoot_cluster_sessions 2");
    expect(text).toContain("zpwoot_cluster_sessions_unowned 0");
    expect(text).toContain('zpwoot_cluster_moves_total{kind="handover-in"} 2');
    expect(text).toContain('zpwoot_cluster_moves_total{kind="lost"} 0');
    expect(text).toMatch(/^zpwoot_cluster_highest_epoch [1-9]$/m);
    const [, lag] = /^zpwoot_cluster_lag_seconds (\d+(?:\.\d+)?)$/m.exec(text) ?? [];
    expect(Number(lag)).toBeLessThan(TIMES.leaseMs / 1_000);
    expect(text).toMatch(/^zpwoot_cluster_bus_up [01]$/m);
    // A second scrape counts nothing twice.
    expect(await metrics.text()).toContain('zpwoot_cluster_moves_total{kind="handover-in"} 2');
    await using alone = await EngineWorld.open();
    using without = createMetrics(alone.manager);
    expect(await without.text()).not.toContain("zpwoot_cluster");
  });
});
