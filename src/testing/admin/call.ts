/** An admin call as its route gets it. */
import type { IncomingMessage } from "node:http";
import type { AdminOptions } from "../emulator-options.js";
import type { VirtualPhone } from "../virtual-phone.js";
import { digitsOf } from "../wire/jid.js";
import type { Bans } from "./bans.js";
import { NotFound, readBytes, readJson } from "./http.js";
import type { LiveStreams } from "./live.js";
import type { OperatedEmulator } from "./operated.js";

/** Largest accepted JSON, in bytes. */
const MAX_JSON_LENGTH = 1 << 20;
/** Largest accepted file, in bytes. */
const MAX_FILE_LENGTH = 16 << 20;

/** What the routes of one emulator share. */
export interface AdminContext {
  readonly emulator: OperatedEmulator;
  readonly options: AdminOptions;
  readonly bans: Bans;
  readonly live: LiveStreams;
}

/** One call. */
export class Call {
  constructor(
    readonly context: AdminContext,
    readonly request: IncomingMessage,
    readonly url: URL,
    /** The values of `:number` and `:id`. */
    readonly params: Readonly<Record<string, string>>,
  ) {}

  get emulator(): OperatedEmulator {
    return this.context.emulator;
  }

  /** The body as JSON. */
  json(): Promise<unknown> {
    return readJson(this.request, MAX_JSON_LENGTH);
  }

  /** The body as bytes. */
  bytes(): Promise<Buffer> {
    return readBytes(this.request, MAX_FILE_LENGTH);
  }

  /** The id of the message in the path. */
  get id(): string {
    return this.params["id"] ?? "";
  }

  /** The phone in the path. Throws {@link NotFound} when there is none. */
  get phone(): VirtualPhone {
    const number = this.params["number"] ?? "";
    this.ensurePhone(number);
    const found = this.emulator.phones.find(({ phoneNumber }) => phoneNumber === digitsOf(number));
    if (found === undefined)
      throw new NotFound(`There is no phone ${number}: add it with POST /admin/phones`);
    return found;
  }

  /** Adds a phone for a number without one, if phones are added on demand; groups and other chats are none. */
  ensurePhone(address: string): void {
    const digits = digitsOf(address);
    const isPhone = !address.includes("@") || address.endsWith("@s.whatsapp.net");
    const { emulator, options } = this.context;
    if (options.addPhonesOnDemand !== true || !isPhone) return;
    if (emulator.phones.some((phone) => phone.phoneNumber === digits)) return;
    emulator.addPhone({ phoneNumber: digits });
  }
}

/** Answers a call; what it returns is the JSON of the answer. */
export type Route = (call: Call) => unknown;
