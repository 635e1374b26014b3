/** What the admin calls operate, without the emulator itself. */
import type { EmulatorListener } from "../context/event-hub.js";
import type { ConnectionFacts, EmulatorEventName, UnknownQuery, Violation } from "../context/events.js";
import type { FaultRules } from "../context/faults.js";
import type { DisconnectInput, PhoneInput } from "../emulator-options.js";
import type { VirtualGroup } from "../virtual-group.js";
import type { VirtualPhone } from "../virtual-phone.js";

/** The part of an emulator that the admin calls operate. Every `WhatsAppEmulator` has it. */
export interface OperatedEmulator {
  readonly url: string;
  readonly connections: readonly ConnectionFacts[];
  readonly violations: readonly Violation[];
  readonly unknownQueries: readonly UnknownQuery[];
  readonly pendingPairingNumbers: readonly string[];
  readonly phones: readonly VirtualPhone[];
  readonly groups: readonly VirtualGroup[];
  readonly faults: Pick<FaultRules, "add">;
  addPhone(input: PhoneInput): VirtualPhone;
  disconnect(jidOrPhone: string, input?: DisconnectInput): number;
  transcript(): string;
  observeTranscript(observer: (line: string) => void): () => void;
  on<Name extends EmulatorEventName>(name: Name, listener: EmulatorListener<Name>): unknown;
  off<Name extends EmulatorEventName>(name: Name, listener: EmulatorListener<Name>): unknown;
}
