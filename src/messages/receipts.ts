/** What events of the library say of messages that this account sent. */
import type { NamedWhatsAppEvent } from "../api/events.js";

/** `WebMessageInfo.Status` of the libraries. */
const DELIVERED = 3;
const READ = 4;

/** How far a message got. */
export interface Receipt {
  readonly id: string;
  readonly level: "delivered" | "read";
}

/** The receipts in an event; none in most. */
export function receiptsIn(event: NamedWhatsAppEvent): readonly Receipt[] {
  if (event.name === "messages.update")
    return event.data.flatMap(({ key, update }): Receipt[] => {
      const status = Number(update.status ?? 0);
      return key.fromMe === true && key.id != null && status >= DELIVERED
        ? [{ id: key.id, level: status >= READ ? "read" : "delivered" }]
        : [];
    });
  if (event.name === "message-receipt.update")
    return event.data.flatMap(({ key, receipt }): Receipt[] => {
      if (key.fromMe !== true || key.id == null) return [];
      if (receipt.readTimestamp != null) return [{ id: key.id, level: "read" }];
      return receipt.receiptTimestamp == null ? [] : [{ id: key.id, level: "delivered" }];
    });
  return [];
}
