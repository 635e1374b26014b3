/** Linking by pairing code: clients announce themselves for a phone number, the phone's user types the code. */

import { ZpwootError } from "../../../errors.js";
import type { CompanionDevice } from "../../network/companion-device.js";
import { settle, type WaitOptions } from "../../context/event-hub.js";
import { digitsOf, serviceJid } from "../../wire/jid.js";
import { sameBytes } from "../../signal/key-bytes.js";
import type { Account } from "../../network/account.js";
import type { Registration } from "../registration.js";
import { errorResult, result, type Service } from "../../network/service.js";
import { generateKeyPair } from "../../signal/index.js";
import { bytesOf, childOf, node, textOf, type BinaryNode } from "../../wire/node.js";
import {
  openKeyBundle,
  pairingCodePattern,
  unwrapEphemeral,
  wrapEphemeral,
  wrappedKeyLength,
} from "./link-code.js";

/** A client that waits for a code to be typed on the phone of a number. */
interface CodeRequest {
  readonly registration: Registration;
  readonly wrappedEphemeral: Buffer;
  readonly ref: Uint8Array;
  /** When the code is no longer taken: ms since the epoch. */
  readonly endsAt: number;
  /** Set while the phone waits for the companion's key bundle. */
  onFinish?: (finish: { readonly bundle: Buffer; readonly identity: Buffer }) => void;
  onClosed?: () => void;
}

const refLength = 32;

/** The pairing-code requests of one service, at most one per phone number: a newer one replaces the older. */
export class PairingCodes {
  readonly #service: Service;
  readonly #requests = new Map<string, CodeRequest>();

  constructor(service: Service) {
    this.#service = service;
  }

  /** Phone numbers a client waits for. */
  get pendingNumbers(): readonly string[] {
    return [...this.#requests.keys()];
  }

  /** Takes a client's query about linking by code. */
  handle(registration: Registration, iq: BinaryNode, child: BinaryNode): void {
    if (child.attrs.stage === "companion_hello") return this.#hello(registration, iq, child);
    if (child.attrs.stage === "companion_finish") return this.#finish(registration, iq, child);
    this.#service.unknown(registration.connection, iq);
  }

  /** Drops the request of a client that is linked or gone. */
  forget(registration: Registration): void {
    for (const [number, request] of this.#requests) {
      if (request.registration !== registration) continue;
      this.#requests.delete(number);
      request.onClosed?.();
    }
  }

  /** The phone's user types a code; see `VirtualPhone.enterPairingCode`. */
  async enter(account: Account, typed: string, options: WaitOptions): Promise<CompanionDevice> {
    const code = typed.replaceAll(/[\s-]/gu, "").toUpperCase();
    if (!pairingCodePattern.test(code)) {
      throw new ZpwootError(
        "INVALID_INPUT",
        "A pairing code has 8 of the characters 1-9 and A-Z without I, O and U.",
      );
    }
    const request = this.#requests.get(account.phoneNumber);
    if (request === undefined) {
      throw new ZpwootError("INVALID_INPUT", `No client waits for a pairing code of ${account.phoneNumber}.`);
    }
    if (this.#service.now() >= request.endsAt) {
      throw new ZpwootError(
        "INVALID_INPUT",
        "The pairing code has expired: the client must ask for another one.",
      );
    }
    if (this.#service.behaviour.refreshCodes > 0) this.#refresh(request);
    const companionEphemeral = await unwrapEphemeral(code, request.wrappedEphemeral);
    const { random } = this.#service;
    const ephemeral = generateKeyPair(random);
    const wrapped = await wrapEphemeral(code, ephemeral.publicKey, random);
    const finish = await this.#exchange(request, account, wrapped, options);
    const phoneIdentity = account.identity;
    const opened = openKeyBundle({ bundle: finish.bundle, ephemeral, companionEphemeral, phoneIdentity });
    if (opened === undefined)
      throw new ZpwootError("INVALID_INPUT", "The pairing code is not the one the client shows.");
    const { identityKey } = request.registration.facts.keys;
    if (!sameBytes(opened.companionIdentity, identityKey) || !sameBytes(finish.identity, identityKey)) {
      const problem = "The client finished the pairing code with another identity than it registered.";
      this.#service.violation(request.registration.connection, problem);
      throw new ZpwootError("PAIRING_REFUSED", problem);
    }
    return request.registration.link(account, opened.advSecret, options);
  }

  #exchange(request: CodeRequest, account: Account, wrapped: Buffer, options: WaitOptions) {
    type Finish = { readonly bundle: Buffer; readonly identity: Buffer };
    return settle<Finish>("the companion to finish the pairing code", options, (resolve, reject) => {
      request.onFinish = resolve;
      request.onClosed = () =>
        reject(
          new ZpwootError("PAIRING_REFUSED", "The companion closed the connection, or asked for a new code."),
        );
      const { connection } = request.registration;
      const attrs = { from: serviceJid, type: "link_code_companion_reg", id: connection.nextQueryId() };
      const hello = node("link_code_companion_reg", { stage: "primary_hello" }, [
        node("link_code_pairing_wrapped_primary_ephemeral_pub", {}, wrapped),
        node("primary_identity_pub", {}, account.identity.publicKey),
        node("link_code_pairing_ref", {}, request.ref),
      ]);
      connection.send(node("notification", { ...attrs, t: String(this.#service.seconds) }, [hello]));
      return () => {
        delete request.onFinish;
        delete request.onClosed;
      };
    });
  }

  /** Newer services want some clients to show another code before they take one. */
  #refresh({ registration: { connection }, ref }: CodeRequest): never {
    this.#service.behaviour.refreshCodes -= 1;
    const attrs = { from: serviceJid, type: "link_code_companion_reg", id: connection.nextQueryId() };
    const child = node("link_code_companion_reg", { stage: "refresh_code" }, [
      node("link_code_pairing_ref", {}, ref),
    ]);
    connection.send(node("notification", { ...attrs, t: String(this.#service.seconds) }, [child]));
    throw new ZpwootError("PAIRING_REFUSED", "The service asked the client for another code.");
  }

  #hello(registration: Registration, iq: BinaryNode, child: BinaryNode): void {
    const { connection } = registration;
    connection.step("companion-hello", {
      go: () => this.#answerHello(registration, iq, child),
      refuse: (error) => connection.send(errorResult(iq, error, "refused")),
    });
  }

  #answerHello(registration: Registration, iq: BinaryNode, child: BinaryNode): void {
    const { connection, facts } = registration;
    const wrappedEphemeral = bytesOf(childOf(child, "link_code_pairing_wrapped_companion_ephemeral_pub"));
    const noiseKey = bytesOf(childOf(child, "companion_server_auth_key_pub"));
    const display = textOf(childOf(child, "companion_platform_display"));
    const problem =
      wrappedEphemeral?.length !== wrappedKeyLength
        ? "A wrapped ephemeral key must be 80 bytes."
        : !sameBytes(noiseKey, facts.keys.noiseKey)
          ? "A pairing code must be asked for with the key of the handshake."
          : displayProblem(display ?? "", this.#service.behaviour.validateDisplay);
    if (problem !== undefined || wrappedEphemeral === undefined) {
      this.#service.violation(connection, problem ?? "The pairing-code request has no key.");
      return connection.send(errorResult(iq, 400, "bad-request"));
    }
    const phoneNumber = digitsOf(child.attrs.jid ?? "");
    this.#requests.get(phoneNumber)?.onClosed?.();
    const ref = this.#service.random(refLength);
    const endsAt = this.#service.now() + this.#service.behaviour.codeLifetimeMs;
    this.#requests.set(phoneNumber, { registration, wrappedEphemeral, ref, endsAt });
    const answer = node("link_code_companion_reg", { stage: "companion_hello" }, [
      node("link_code_pairing_ref", {}, ref),
    ]);
    connection.send(result(iq, [answer]));
    this.#service.hub.emit("pairing-code-requested", { ...connection.facts, phoneNumber });
  }

  #finish(registration: Registration, iq: BinaryNode, child: BinaryNode): void {
    const { connection } = registration;
    connection.step("companion-finish", {
      go: () => this.#answerFinish(registration, iq, child),
      refuse: (error) => connection.send(errorResult(iq, error, "refused")),
    });
  }

  #answerFinish(registration: Registration, iq: BinaryNode, child: BinaryNode): void {
    const request = this.#requests.get(digitsOf(child.attrs.jid ?? ""));
    const bundle = bytesOf(childOf(child, "link_code_pairing_wrapped_key_bundle"));
    const identity = bytesOf(childOf(child, "companion_identity_public"));
    const ref = bytesOf(childOf(child, "link_code_pairing_ref"));
    if (request?.registration !== registration || bundle === undefined || identity === undefined) {
      this.#service.violation(
        registration.connection,
        "The client finished a pairing code it has not asked for.",
      );
      return registration.connection.send(errorResult(iq, 400, "bad-request"));
    }
    if (!sameBytes(ref, request.ref)) {
      this.#service.violation(
        registration.connection,
        "The client finished a pairing code with another reference.",
      );
    }
    registration.connection.send(result(iq));
    request.onFinish?.({ bundle, identity });
  }
}

const browsers =
  /^(Chrome|Edge|Firefox|IE|Opera|Safari|Desktop) \((Windows|Mac OS|Linux|Ubuntu|Android|iOS)\)$/u;

/** What is wrong with how a client calls itself; undefined when nothing is. */
function displayProblem(display: string, strict: boolean): string | undefined {
  if (!/^.+ \(.+\)$/u.test(display))
    return "companion_platform_display must be of the form Browser (System).";
  if (strict && !browsers.test(display))
    return "companion_platform_display must name a browser and a system that there are.";
  return undefined;
}
