/** A media host in place of WhatsApp's: an emulator's. Every transfer that would go to WhatsApp's hosts, or to those that it names, goes there. */

const WHATSAPP_HOSTS = /(^|\.)whatsapp\.net$/;

/** Where media is. */
export class MediaHost {
  readonly #url: URL;

  /** An http:// or https:// URL; only its origin counts. */
  constructor(url: string) {
    this.#url = new URL(url);
  }

  /** Name or address, as a URL has it. */
  get hostname(): string {
    return this.#url.hostname;
  }

  /** Its port, also when the URL has none. */
  get port(): number {
    return Number(this.#url.port) || (this.isSecure ? 443 : 80);
  }

  /** Whether it speaks TLS. */
  get isSecure(): boolean {
    return this.#url.protocol === "https:";
  }

  /** The same path at this host. */
  addressOf(pathOrUrl: string | URL): string {
    const { pathname, search } = new URL(pathOrUrl, this.#url);
    return `${this.#url.origin}${pathname}${search}`;
  }

  /** Whether a URL is at this host, or at one of WhatsApp's. */
  isFor(url: URL): boolean {
    return url.origin === this.#url.origin || WHATSAPP_HOSTS.test(url.hostname);
  }
}
