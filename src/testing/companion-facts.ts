/** A linked device, as a test sees it. */
import type { CompanionDevice } from "./network/companion-device.js";

/** What a test sees of a linked device. */
export interface CompanionFacts {
  /** 1 and up. */
  readonly device: number;
  readonly jid: string;
  /** How the client named itself when it registered, e.g. `Windows`. */
  readonly platform: string;
  /** It is logged in. */
  readonly online: boolean;
  /** It is logged in and asked for its traffic. */
  readonly active: boolean;
  /** One-time pre-keys the service still has of it. */
  readonly preKeyCount: number;
  /** Stanzas it has not acknowledged. */
  readonly pendingCount: number;
}

/** What a test sees of the device, now. */
export function companionFacts(device: CompanionDevice): CompanionFacts {
  return {
    device: device.number,
    jid: device.jid,
    platform: device.platform,
    online: device.connection !== undefined,
    active: device.active,
    preKeyCount: device.preKeyCount,
    pendingCount: device.offlineQueue.size,
  };
}
