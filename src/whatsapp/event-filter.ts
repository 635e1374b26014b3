/** What of the library's events reaches the session: no keys, and nothing that its sender was not entitled to send. */
import type { NamedWhatsAppEvent } from "../api/events.js";
import { redactKeys } from "./redact-keys.js";
import { isForged } from "./self-only-messages.js";

/** Filters the events of one socket. */
export class EventFilter {
  readonly #warn: (text: string, detail: string) => void;
  readonly #warned = new Set<string>();

  /** `warn` writes a log line. Each kind of forgery is reported once per socket, since a stranger could fill the log. */
  constructor(warn: (text: string, detail: string) => void) {
    this.#warn = warn;
  }

  /** Returns what may be passed on, or undefined if nothing may. The library's own objects are not changed. */
  pass(event: NamedWhatsAppEvent): NamedWhatsAppEvent | undefined {
    return redactKeys(event.name === "messages.upsert" ? this.#withoutForged(event) : event);
  }

  #withoutForged(
    event: NamedWhatsAppEvent & { readonly name: "messages.upsert" },
  ): NamedWhatsAppEvent & { readonly name: "messages.upsert" } {
    const messages = event.data.messages.filter((message) => !isForged(message));
    if (messages.length === event.data.messages.length) return event;
    this.#once("refused a message", "only this account's own devices may send this protocol message");
    return { name: event.name, data: { ...event.data, messages } };
  }

  #once(text: string, detail: string): void {
    if (this.#warned.has(detail)) return;
    this.#warned.add(detail);
    this.#warn(text, detail);
  }
}
