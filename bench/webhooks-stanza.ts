/**
 * From the stanza of a message to the acknowledged delivery of its event, with nothing left out: WebSocket, decryption, auth state,
 * outbox, signature, request. The emulator that encrypts the messages shares the process, so these figures are a lower bound.
 */
import { SessionManager } from "../src/manager/session-manager.js";
import type { WhatsAppEmulator } from "../src/testing/index.js";
import { type VirtualPhone } from "../src/testing/index.js";

/** What a run needs to know. */
export interface StanzaRun {
  readonly emulator: WhatsAppEmulator;
  readonly storeUrl: string;
  readonly receiverUrl: string;
  readonly sessions: number;
  readonly messages: number;
}

/** Sessions that are linked, and the way to have each receive so many messages. */
export interface StanzaContestant {
  /** Settles when every event of every message is acknowledged. */
  deliverAll(): Promise<void>;
  stop(): Promise<void>;
}

let phones = 0;

/** Links the sessions. */
export async function openStanzaContestant(run: StanzaRun): Promise<StanzaContestant> {
  const manager = new SessionManager({
    store: run.storeUrl,
    logger: false,
    whatsapp: { url: run.emulator.url },
    webhooks: { allowPrivateTargets: true },
  });
  const newPhone = (): VirtualPhone =>
    run.emulator.addPhone({ phoneNumber: `55118${String(++phones).padStart(8, "0")}` });
  const friend = newPhone();
  const linked: VirtualPhone[] = [];
  for (let n = 0; n < run.sessions; n += 1) linked.push(await link(manager, newPhone(), run.receiverUrl));
  const deliverAll = async (): Promise<void> => {
    let left = run.sessions * run.messages;
    await new Promise<void>((resolve) => {
      const count = (): void => {
        left -= 1;
        if (left > 0) return;
        manager.off("webhook.delivered", count);
        resolve();
      };
      manager.on("webhook.delivered", count);
      for (let n = 0; n < run.messages; n += 1) {
        for (const phone of linked) friend.sendText(phone, `message ${n} ${"of some length ".repeat(12)}`);
      }
    });
  };
  return { deliverAll, stop: () => manager.stop() };
}

async function link(manager: SessionManager, phone: VirtualPhone, url: string): Promise<VirtualPhone> {
  const { id } = await manager.create({ name: phone.phoneNumber });
  await manager.update(id, { webhook: { url, events: ["messages.upsert"] } });
  const scanned = new Promise<void>((resolve, reject) => {
    const onQR = ({ sessionId, value }: { sessionId: string; value: string }): void => {
      if (sessionId !== id) return;
      manager.off("session.qr", onQR);
      phone.scan(value).then(() => resolve(), reject);
    };
    manager.on("session.qr", onQR);
  });
  await manager.connect(id);
  await scanned;
  await manager.waitFor(id, "connected");
  return phone;
}
