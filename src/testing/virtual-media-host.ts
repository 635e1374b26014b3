/** The media host, as a test operates it, and the ways to it for clients. */
import type { Agent } from "node:https";
import { DispatchingAgent } from "./client-ways/media-dispatcher.js";
import type { ExpiredStatus, MediaStore, StoredMediaFacts } from "./network/media-store.js";

/** The media host of an emulator: `WhatsAppEmulator.media`. */
export class VirtualMediaHost {
  readonly #store: MediaStore;
  readonly #url: () => string;
  readonly #agent: DispatchingAgent;

  /** @internal */
  constructor(
    store: MediaStore,
    { url, certificate }: { readonly url: () => string; readonly certificate: () => string },
  ) {
    this.#store = store;
    this.#url = url;
    this.#agent = new DispatchingAgent({ origin: () => store.origin, certificate });
  }

  /** `http://<host>:<port>`, without TLS: what a `SessionManager` takes as `whatsapp.mediaUrl`. */
  get url(): string {
    return this.#url();
  }

  /** `https://<host>:<port>`: where the service sends clients. */
  get origin(): string {
    return this.#store.origin;
  }

  /** What a client must trust for {@link origin}, as PEM; also at `<url>/ca.pem`. */
  get certificate(): string {
    return this.#agent.certificate;
  }

  /**
   * Reaches the media host under its own address and under every name of WhatsApp's, without a look-up, and trusts its certificate. For
   * a library's `fetchAgent`, and for axios as `httpsAgent`; `fetch` takes it as its `dispatcher`. Other hosts are reached as always.
   */
  get agent(): Agent {
    return this.#agent;
  }

  /** The same for `fetch`, as its `dispatcher`. */
  get dispatcher(): object {
    return this.#agent;
  }

  /** The stored files, oldest first. */
  get files(): readonly StoredMediaFacts[] {
    return this.#store.files;
  }

  /**
   * Lets a stored file expire, by its path; without one all. Its downloads are answered with the status until a phone has stored it again,
   * which it does when a client asks. Returns the number of files.
   *
   * @example
   * ```ts
   * emulator.media.expire(); // then updateMediaMessage, or manager.downloadMedia, asks the phone
   * ```
   */
  expire(path?: string, status: ExpiredStatus = 410): number {
    return this.#store.expire(path, status);
  }
}
