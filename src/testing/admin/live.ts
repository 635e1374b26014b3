/** What happens at the emulator, as server-sent events, for its page. */
import type { ServerResponse } from "node:http";
import type { ChatEntry } from "../context/chat-entry.js";
import type { EmulatorEventName, EmulatorEvents } from "../context/events.js";
import type { OperatedEmulator } from "./operated.js";
import { EventStreams } from "./streams.js";

/** Changes within this time are one event. */
const COLLECT_MS = 50;
/** Lines of the transcript in one event. */
const MAX_LINES = 500;

/** Events after which the state is another. */
const STATE_EVENTS: readonly EmulatorEventName[] = [
  ...(["phone-added", "connection.opened", "connection.closed", "registered", "linked", "login"] as const),
  ...(["active", "unlinked", "pairing-code-requested", "group", "protocol-violation"] as const),
  "unknown-query",
];
const MESSAGE_EVENTS = ["message", "message-sent", "message-changed"] as const;

/** The live events of one emulator. It is listened to only while somebody reads. */
export class LiveStreams {
  readonly #emulator: OperatedEmulator;
  readonly #state: () => unknown;
  readonly #streams = new EventStreams(() => this.#unlisten());
  readonly #stop: (() => void)[] = [];
  #lines: string[] = [];
  #stateChanged = false;
  #due: NodeJS.Timeout | undefined;

  /** `state` is sent at the start of a stream and after every change. */
  constructor(emulator: OperatedEmulator, state: () => unknown) {
    this.#emulator = emulator;
    this.#state = state;
  }

  /** Opens a stream on a response. Throws `INVALID_INPUT` when there are too many. */
  open(response: ServerResponse): void {
    this.#streams.open(response, "state", this.#state());
    if (this.#streams.size === 1) this.#listen();
  }

  /** The state is another. */
  changed(): void {
    this.#stateChanged = true;
    this.#collect();
  }

  #listen(): void {
    for (const name of STATE_EVENTS) this.#on(name, () => this.changed());
    const onMessage = (event: { readonly phoneNumber: string; readonly message: ChatEntry }): void => {
      const { phoneNumber, message } = event;
      this.#streams.send("message", { phoneNumber, message });
    };
    for (const name of MESSAGE_EVENTS) this.#on(name, onMessage);
    this.#on("chat-activity", (activity) => this.#streams.send("activity", activity));
    const onLine = (line: string): void => {
      this.#lines.push(line);
      if (this.#lines.length > MAX_LINES) this.#lines.shift();
      this.#collect();
    };
    this.#stop.push(this.#emulator.observeTranscript(onLine));
  }

  #on<Name extends EmulatorEventName>(name: Name, listener: (event: EmulatorEvents[Name]) => void): void {
    this.#emulator.on(name, listener);
    this.#stop.push(() => this.#emulator.off(name, listener));
  }

  #unlisten(): void {
    for (const stop of this.#stop.splice(0)) stop();
    clearTimeout(this.#due);
    this.#due = undefined;
    this.#lines = [];
  }

  /** Many stanzas and changes at once are one event each. */
  #collect(): void {
    if (this.#streams.size === 0) return;
    this.#due ??= setTimeout(() => {
      this.#due = undefined;
      if (this.#lines.length > 0) this.#streams.send("stanzas", this.#lines.splice(0));
      if (this.#stateChanged) this.#streams.send("state", this.#state());
      this.#stateChanged = false;
    }, COLLECT_MS).unref();
  }
}
