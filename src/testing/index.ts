/** A WhatsApp service and phones for tests: what `zpwoot/testing` gives. */

export { WhatsAppEmulator } from "./emulator.js";
export { adminCalls } from "./admin.js";
export type { AdminOptions } from "./admin.js";
export type { DisconnectInput, EmulatorOptions, PhoneInput } from "./emulator.js";
export type { VirtualPhone, CompanionFacts } from "./phone.js";
export type { ChatEntry, ChatEntryStatus, SentText } from "./chat.js";
export type { ServiceBehaviour } from "./behaviour.js";
export { phases } from "./faults.js";
export type { FailureSpec, FaultAction, FaultRule, FaultRules, Phase } from "./faults.js";
export type {
  ConnectionFacts,
  EmulatorEventName,
  EmulatorEvents,
  ReceiptFacts,
  UnknownQuery,
  Violation,
} from "./events.js";
export type { EmulatorListener, WaitOptions } from "./event-hub.js";
