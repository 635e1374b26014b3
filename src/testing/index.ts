/** A WhatsApp service and phones for tests, and the store contract: the entry point `zpwoot/testing`. */
export { WhatsAppEmulator } from "./emulator.js";
export type {
  AdminOptions,
  DisconnectInput,
  EmulatorAddress,
  EmulatorOptions,
  LinkableSession,
  LibraryOptions,
  PhoneInput,
} from "./emulator-options.js";
export { ADMIN_CALLS as adminCalls } from "./admin/routes.js";

// Phones and groups.
export type { CompanionFacts } from "./companion-facts.js";
export type { VirtualMediaHost } from "./virtual-media-host.js";
export type { CallFacts, CallStatus } from "./network/calls.js";
export type { BusinessInput } from "./network/profile.js";
export type { VirtualCall } from "./virtual-call.js";
export type { NewsletterPeople, NewsletterPost, VirtualNewsletter } from "./virtual-newsletter.js";
export type { ExpiredStatus, StoredMediaFacts } from "./network/media-store.js";
export type { GroupSettings } from "./network/group-changes.js";
export type { GroupRole } from "./network/group.js";
export type { ChatActivity, PresenceInput } from "./network/presence.js";
export type { SyncAction } from "./phone/app-state/actions.js";
export type { HistoryChat, HistoryInput, HistoryMessage } from "./phone/history.js";
export type { MediaInput } from "./phone/content/media-files.js";
export type { ButtonInput, MessageInput } from "./phone/content/write-content.js";
export type { MessagePattern } from "./phone/message-pattern.js";
export type { SendOptions, SentText } from "./phone/message-sender.js";
export type { WriteOptions } from "./phone/outbox.js";
export type { ChatAddress, VirtualChats } from "./virtual-chats.js";
export type { ForgeOptions, VirtualForger } from "./virtual-forger.js";
export type { GroupMember, GroupParticipant, VirtualGroup } from "./virtual-group.js";
export type { VirtualPhone } from "./virtual-phone.js";
export type { VirtualProfile } from "./virtual-profile.js";

// Time, switches, faults, and events.
export type { ServiceBehaviour } from "./context/behaviour.js";
export type {
  ButtonsContent,
  ChatEntry,
  ChatEntryStatus,
  MediaContent,
  MediaMessageKind,
  MessageButton,
  MessageContent,
  PollVote,
  Quote,
  Reaction,
} from "./context/chat-entry.js";
export { ManualClock } from "./context/clock.js";
export type { EmulatorListener } from "./context/event-hub.js";
export type {
  ConnectionFacts,
  EmulatorEventName,
  EmulatorEvents,
  MessageChange,
  ReceiptFacts,
  UnknownQuery,
  Violation,
} from "./context/events.js";
export { EXCHANGES as exchanges, PHASES as phases } from "./context/fault-actions.js";
export type {
  FailureSpec,
  FaultAction,
  FaultRule,
  Phase,
  QueryFilter,
  StreamErrorSpec,
} from "./context/fault-actions.js";
export type { FaultRules } from "./context/faults.js";
export type { WaitOptions } from "./context/wait.js";
export type { SignalErrorReason } from "./signal/index.js";

// What a storage adapter of your own must do.
export { storeContract } from "./store-contract.js";
export type { ContractAdapter, StoreContractCase, StoreContractOptions } from "./store-contract.js";
