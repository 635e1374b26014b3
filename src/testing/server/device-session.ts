/** The service's side of a linked device that logged in, from `success` to the end of the connection. */

import type { CompanionDevice } from "../network/companion-device.js";
import type { Connection, StanzaHandler } from "./connection.js";
import { serviceJid } from "../wire/jid.js";
import { activityFromDevice, presenceFromDevice } from "../network/presence.js";
import { answerQuery } from "./queries/index.js";
import { errorResult, result, type Service } from "../network/service.js";
import { childOf, node, type BinaryNode } from "../wire/node.js";

/** A logged-in device on its connection. */
export class DeviceSession implements StanzaHandler {
  readonly service: Service;
  readonly connection: Connection;
  readonly device: CompanionDevice;

  constructor(service: Service, connection: Connection, device: CompanionDevice) {
    this.service = service;
    this.connection = connection;
    this.device = device;
    // One connection per device: the newer one wins.
    device.connection?.perform({ streamError: 440 });
    device.connection = connection;
    device.active = false;
    connection.device = device;
    connection.send(this.#success());
    service.hub.emit("login", { connectionId: connection.id, jid: device.jid });
  }

  handle(stanza: BinaryNode): void {
    switch (stanza.tag) {
      case "iq":
        return this.#query(stanza);
      case "message":
        return this.service.post.messageFromDevice(this.device, stanza);
      case "receipt":
        return this.service.post.receiptFromDevice(this.device, stanza);
      case "ack":
        return this.#acknowledged(stanza);
      case "presence":
        return presenceFromDevice(this.service, this.device, stanza);
      case "chatstate":
        return activityFromDevice(this.service, this.device, stanza);
      // Telemetry, or a wish for the next offline batch: nothing depends on it here.
      case "ib":
        return;
      default:
        return this.service.unknown(this.connection, stanza);
    }
  }

  closed(): void {
    if (this.device.connection !== this.connection) return;
    this.device.connection = undefined;
    this.device.active = false;
    this.device.subscriptions.clear();
  }

  /** The device asks for its traffic: sends all that waits, then that this was all. */
  activate(iq: BinaryNode): void {
    this.connection.step("active", {
      go: () => this.#activate(iq),
      refuse: (error) => this.connection.send(errorResult(iq, error, "refused")),
    });
  }

  #activate(iq: BinaryNode): void {
    const { connection, device, service } = this;
    connection.send(result(iq, undefined, { t: String(service.seconds) }));
    const waiting = device.mailbox.stanzas;
    device.active = true;
    if (waiting.length > 0) connection.send(ib("offline_preview", waiting.length));
    waiting.forEach((stanza, index) => {
      connection.send({ ...stanza, attrs: { ...stanza.attrs, offline: String(index) } });
    });
    if (service.behaviour.announceOffline) connection.send(ib("offline", waiting.length));
    const { id: connectionId } = connection;
    service.hub.emit("active", { connectionId, jid: device.jid, offlineCount: waiting.length });
    connection.step("open", { go: () => this.#opened() });
  }

  #opened(): void {
    const { device } = this;
    if (device.wasActive) return;
    device.wasActive = true;
    device.account.firstActive(device);
  }

  #query(iq: BinaryNode): void {
    const { type } = iq.attrs;
    if (type === "result" || type === "error") return;
    const { connection } = this;
    const go = (): void => answerQuery(this, iq);
    const refuse = (error: number): void => connection.send(errorResult(iq, error, "refused"));
    const { xmlns } = iq.attrs;
    const child = childOf(iq)?.tag;
    const query = {
      ...(xmlns && { xmlns }),
      ...(type && { type: type as "get" | "set" }),
      ...(child && { child }),
    };
    const answer = (): void => connection.step("query", { go, refuse, query });
    if (xmlns === "encrypt") return connection.step("pre-keys", { go: answer, refuse });
    answer();
  }

  #acknowledged(ack: BinaryNode): void {
    this.device.mailbox.acknowledge(ack);
    const { id = "", class: kind = "" } = ack.attrs;
    this.service.hub.emit("ack", { jid: this.device.jid, id, class: kind });
  }

  #success(): BinaryNode {
    const { device, service } = this;
    const t = String(service.seconds);
    return node("success", {
      t,
      lid: service.behaviour.announceLid ? device.lid : undefined,
      display_name: device.account.name,
      props: "27",
      abprops: "1",
      location: "emu",
      creation: t,
    });
  }
}

function ib(tag: string, count: number): BinaryNode {
  return node("ib", { from: serviceJid }, [node(tag, { count: String(count) })]);
}
