/** A WhatsApp service and phones for tests: what `zpwoot/testing` gives. */

export { WhatsAppEmulator } from "./emulator.js";
export { adminCalls } from "./admin.js";
export type { AdminOptions } from "./admin.js";
export type { DisconnectInput, EmulatorOptions, PhoneInput } from "./emulator.js";
export type { VirtualPhone, CompanionFacts } from "./phone.js";
export type { SyncAction } from "./app-state/index.js";
export type { ChatEntry, ChatEntryStatus, SendOptions, SentText } from "./chat-entry.js";
export { ManualClock } from "./clock.js";
export type { GroupSettings } from "./group-changes.js";
export type { GroupRole } from "./group.js";
export type { HistoryChat, HistoryInput, HistoryMessage } from "./history.js";
export type { ChatActivity, PresenceInput } from "./presence.js";
export type { StreamErrorSpec } from "./stream-end.js";
export type { GroupMember, VirtualGroup } from "./virtual-group.js";
export type { ServiceBehaviour } from "./behaviour.js";
export { exchanges, phases } from "./faults.js";
export type { FailureSpec, FaultAction, FaultRule, FaultRules, Phase, QueryFilter } from "./faults.js";
export type {
  ConnectionFacts,
  EmulatorEventName,
  EmulatorEvents,
  ReceiptFacts,
  UnknownQuery,
  Violation,
} from "./events.js";
export type { EmulatorListener, WaitOptions } from "./event-hub.js";
