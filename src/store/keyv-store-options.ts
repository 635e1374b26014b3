/** What a store over a driver is made of. */
import type { RecordCodec } from "./codec.js";
import type { Driver } from "./drivers/driver.js";
import type { StoreLimits } from "./limits.js";
import type { StoreLogger } from "./outage-log.js";

/** See the head of this file. */
export interface KeyvStoreOptions {
  readonly driver: Driver;
  readonly codec: RecordCodec;
  readonly limits: StoreLimits;
  readonly logger?: StoreLogger | undefined;
  /** Whether a store that is not encrypted may be opened with keys, to encrypt it. Default false. */
  readonly acceptsPlain?: boolean | undefined;
}
