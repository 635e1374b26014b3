/** The service's side of a linked device that logged in, from `success` to the end of the connection. */
import type { LinkedDevice } from "../network/account.js";
import { callFromDevice } from "../network/call-changes.js";
import { messageFromDevice } from "../network/messages.js";
import type { Network } from "../network/network.js";
import { activityFromDevice, presenceFromDevice } from "../network/presence.js";
import { receiptFromDevice } from "../network/receipts.js";
import { errorOf } from "../wire/iq.js";
import { childOf, node, type BinaryNode } from "../wire/node.js";
import type { Connection, StanzaHandler } from "./connection.js";
import { answerQuery } from "./queries/index.js";

/** A logged-in device on its connection. */
export class DeviceSession implements StanzaHandler {
  readonly #network: Network;
  readonly #connection: Connection;
  readonly #linked: LinkedDevice;

  constructor(network: Network, connection: Connection, linked: LinkedDevice) {
    this.#network = network;
    this.#connection = connection;
    this.#linked = linked;
    const { device } = linked;
    device.connect(connection);
    connection.device = device;
    connection.send(this.#success());
    network.context.events.emit("login", { ...connection.facts, jid: device.jid });
  }

  handle(stanza: BinaryNode): void {
    const { device } = this.#linked;
    switch (stanza.tag) {
      case "iq":
        return this.#query(stanza);
      case "message":
        return messageFromDevice(this.#network, this.#linked, stanza);
      case "receipt":
        return receiptFromDevice(this.#network, this.#linked, stanza);
      case "ack":
        return this.#acknowledged(stanza);
      case "presence":
        return presenceFromDevice(this.#network, device, stanza);
      case "call":
        return callFromDevice(this.#network, this.#linked, stanza);
      case "chatstate":
        return activityFromDevice(this.#network, device, stanza);
      // Telemetry, or a request for the next offline batch: nothing depends on it here.
      case "ib":
        return;
      default:
        return this.#connection.refuseUnknown(stanza);
    }
  }

  closed(): void {
    this.#linked.device.disconnected(this.#connection);
  }

  #query(iq: BinaryNode): void {
    const { type, xmlns } = iq.attrs;
    if (type === "result" || type === "error") return;
    const connection = this.#connection;
    const child = childOf(iq);
    const network = this.#network;
    const proceed = (): void =>
      answerQuery({ ...this.#linked, connection, network, context: network.context, iq, child });
    const refuse = (error: number): void => connection.send(errorOf(iq, error, "refused"));
    const query = {
      ...(xmlns && { xmlns }),
      ...(type && { type: type as "get" | "set" }),
      ...(child && { child: child.tag }),
    };
    const answer = (): void => connection.step("query", { proceed, refuse, query });
    if (xmlns === "encrypt") return connection.step("pre-keys", { proceed: answer, refuse });
    answer();
  }

  #acknowledged(ack: BinaryNode): void {
    const { device } = this.#linked;
    device.offlineQueue.acknowledge(ack);
    const { id = "", class: kind = "" } = ack.attrs;
    this.#network.context.events.emit("ack", { jid: device.jid, id, class: kind });
  }

  #success(): BinaryNode {
    const { account, device } = this.#linked;
    const { behaviour, seconds } = this.#network.context;
    const t = String(seconds);
    return node("success", {
      t,
      lid: behaviour.announceLid ? device.lid : undefined,
      display_name: account.name,
      props: "27",
      abprops: "1",
      location: "emu",
      creation: t,
    });
  }
}
