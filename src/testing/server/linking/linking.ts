/** The links in progress of one emulator: by QR code, and by pairing code. */
import type { EmulatorContext } from "../../context/emulator-context.js";
import type { LinkingClient } from "./linking-client.js";
import { PairingCodes } from "./pairing-codes.js";
import { QrLinks } from "./qr-links.js";

/** Both ways to link. */
export class Linking {
  readonly qrLinks: QrLinks;
  readonly pairingCodes: PairingCodes;

  constructor(context: EmulatorContext) {
    this.qrLinks = new QrLinks(context);
    this.pairingCodes = new PairingCodes(context);
  }

  /** Drops everything a client offered: it is linked, or its connection has ended. */
  forget(client: LinkingClient): void {
    this.pairingCodes.forget(client);
    this.qrLinks.forget(client);
  }
}
