/** The options of every manager of the surroundings. */
import type { SessionManagerOptions } from "../../../src/manager/options.js";
import { LIBRARIES } from "../../support/libraries.js";

/** Which engine, and where it connects. */
export interface EngineTarget {
  readonly url: string;
  readonly rootKey: string;
  readonly library: string;
}

/** Short waits; everything that private addresses need is allowed, and the log goes to standard error as by default. */
export function managerOptions({ url, rootKey, library }: EngineTarget): SessionManagerOptions {
  const { socketFactory } = LIBRARIES.find(({ name }) => name === library) ?? LIBRARIES[0];
  return {
    whatsapp: {
      ...{ url, noiseRootKey: rootKey, socketFactory, allowPrivateProxies: true },
      ...{ connectTimeoutMs: 3_000, loginTimeoutMs: 8_000, keepAliveIntervalMs: 1_000 },
    },
    reconnect: { firstDelayMs: 50, maxDelayMs: 300 },
    media: { allowPrivateSources: true, maxBytes: 1_000_000 },
    webhooks: { allowPrivateTargets: true, timeoutMs: 3_000, retryBaseMs: 50, retryCapMs: 300 },
  };
}
