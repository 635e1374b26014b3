/** The port to a client that is not linked yet. `server/registration.ts` has the implementation. */
import type { WaitOptions } from "../../context/wait.js";
import type { Account } from "../../network/account.js";
import type { CompanionDevice, DeviceKeys } from "../../network/companion-device.js";
import type { Connection } from "../connection.js";

/** An unlinked client, as far as linking needs it. */
export interface LinkingClient {
  readonly connection: Connection;
  /** The keys it registered with. */
  readonly keys: DeviceKeys;
  /**
   * Links the client to an account. Settles when the client's signature was verified; rejects with `PAIRING_REFUSED`,
   * `INVALID_INPUT` for a retired secret, `TIMEOUT` or `ABORTED`.
   */
  link(account: Account, advSecret: Uint8Array, options: WaitOptions): Promise<CompanionDevice>;
}
