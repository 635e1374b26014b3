/** A WhatsApp service and phones for tests: what `zpwoot/testing` gives. */

export { WhatsAppEmulator } from "./emulator.js";
export { adminCalls } from "./admin.js";
export type { AdminOptions } from "./admin.js";
export type { DisconnectInput, EmulatorOptions, PhoneInput } from "./emulator.js";
export type { VirtualPhone, CompanionFacts } from "./virtual-phone.js";
export type { SyncAction } from "./phone/app-state/index.js";
export type { ChatEntry, ChatEntryStatus, SendOptions, SentText } from "./phone/chat-entry.js";
export { ManualClock } from "./context/clock.js";
export type { GroupSettings } from "./network/group-changes.js";
export type { GroupRole } from "./network/group.js";
export type { HistoryChat, HistoryInput, HistoryMessage } from "./phone/history.js";
export type { ChatActivity, PresenceInput } from "./network/presence.js";
export type { StreamErrorSpec } from "./server/stream-end.js";
export type { GroupMember, VirtualGroup } from "./virtual-group.js";
export type { ServiceBehaviour } from "./context/behaviour.js";
export { exchanges, phases } from "./context/faults.js";
export type {
  FailureSpec,
  FaultAction,
  FaultRule,
  FaultRules,
  Phase,
  QueryFilter,
} from "./context/faults.js";
export type {
  ConnectionFacts,
  EmulatorEventName,
  EmulatorEvents,
  ReceiptFacts,
  UnknownQuery,
  Violation,
} from "./context/events.js";
export type { EmulatorListener, WaitOptions } from "./context/event-hub.js";
