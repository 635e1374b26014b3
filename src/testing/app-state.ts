/** The app state of an account: what its devices agree on about chats and contacts. */

import type { Service } from "./service.js";

/** One account's. */
export class AppState {
  readonly #service: Service;
  /** What its mutations are encrypted with; companions get it from the phone. */
  readonly key: { readonly keyId: Buffer; readonly keyData: Buffer };

  constructor(service: Service) {
    this.#service = service;
    this.key = {
      keyId: Buffer.concat([Buffer.of(0, 0), Buffer.from(service.random(4))]),
      keyData: Buffer.from(service.random(32)),
    };
  }

  get seconds(): number {
    return this.#service.seconds;
  }
}
