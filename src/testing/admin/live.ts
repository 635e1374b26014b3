/** What happens at the emulator, as server-sent events, for its page. Bounded: a reader that stalls is let go, and connects again. */
import type { ServerResponse } from "node:http";
import { ZpwootError } from "../../errors.js";
import type { ChatEntry } from "../context/chat-entry.js";
import type { EmulatorEventName, EmulatorEvents } from "../context/events.js";
import type { OperatedEmulator } from "./operated.js";

/** Streams at a time. */
const MAX_STREAMS = 32;
/** What a reader may leave unread, in bytes. */
const MAX_UNREAD_BYTES = 8 << 20;
/** Changes within this time are one event. */
const COLLECT_MS = 50;
/** Lines of the transcript in one event. */
const MAX_LINES = 500;
/** A comment this often, so that a connection that was lost is noticed. */
const BEAT_MS = 15_000;

/** Events after which the state is another. */
const STATE_EVENTS: readonly EmulatorEventName[] = [
  ...(["phone-added", "connection.opened", "connection.closed", "registered", "linked", "login"] as const),
  ...(["active", "unlinked", "pairing-code-requested", "group", "protocol-violation"] as const),
  "unknown-query",
];
const MESSAGE_EVENTS = ["message", "message-sent", "message-changed"] as const;

/** The streams of one emulator. */
export class LiveStreams {
  readonly #emulator: OperatedEmulator;
  readonly #state: () => unknown;
  readonly #streams = new Set<ServerResponse>();
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
    if (this.#streams.size >= MAX_STREAMS)
      throw new ZpwootError("INVALID_INPUT", `At most ${MAX_STREAMS} streams at a time; close a page`);
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
    this.#streams.add(response);
    if (this.#streams.size === 1) this.#listen();
    send(response, textOf("state", this.#state()));
    response.once("close", () => {
      this.#streams.delete(response);
      if (this.#streams.size === 0) this.#unlisten();
    });
  }

  /** The state is another. */
  changed(): void {
    this.#stateChanged = true;
    this.#collect();
  }

  #listen(): void {
    const { on, stop } = { on: this.#on.bind(this), stop: this.#stop };
    for (const name of STATE_EVENTS) on(name, () => this.changed());
    for (const name of MESSAGE_EVENTS)
      on(name, ({ phoneNumber, message }: { readonly phoneNumber: string; readonly message: ChatEntry }) =>
        this.#send("message", { phoneNumber, message }),
      );
    on("chat-activity", (activity) => this.#send("activity", activity));
    stop.push(
      this.#emulator.observeTranscript((line) => {
        this.#lines.push(line);
        if (this.#lines.length > MAX_LINES) this.#lines.shift();
        this.#collect();
      }),
    );
    const beat = setInterval(() => this.#write(":\n\n"), BEAT_MS).unref();
    stop.push(() => clearInterval(beat));
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
      if (this.#lines.length > 0) this.#send("stanzas", this.#lines.splice(0));
      if (this.#stateChanged) this.#send("state", this.#state());
      this.#stateChanged = false;
    }, COLLECT_MS).unref();
  }

  #send(name: string, data: unknown): void {
    this.#write(textOf(name, data));
  }

  #write(text: string): void {
    for (const response of this.#streams) send(response, text);
  }
}

function textOf(name: string, data: unknown): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}

function send(response: ServerResponse, text: string): void {
  if (response.writableLength > MAX_UNREAD_BYTES) response.destroy();
  else response.write(text);
}
