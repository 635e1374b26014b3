/** Linking by pairing code: a client asks for a code for a phone number, and the phone's user types it. */
import { ZpwootError } from "../../../errors.js";
import type { EmulatorContext } from "../../context/emulator-context.js";
import type { WaitOptions } from "../../context/wait.js";
import type { Account } from "../../network/account.js";
import type { CompanionDevice } from "../../network/companion-device.js";
import { generateKeyPair } from "../../signal/index.js";
import { sameBytes } from "../../signal/key-bytes.js";
import { errorOf, resultOf } from "../../wire/iq.js";
import { digitsOf, SERVICE_JID } from "../../wire/jid.js";
import { bytesOf, childOf, node, textOf, type BinaryNode } from "../../wire/node.js";
import {
  openKeyBundle,
  PAIRING_CODE_PATTERN,
  unwrapEphemeral,
  wrapEphemeral,
  WRAPPED_KEY_LENGTH,
} from "./link-code.js";
import type { LinkingClient } from "./linking-client.js";

/** A client that waits for a code to be typed on the phone of a number. */
interface CodeRequest {
  readonly client: LinkingClient;
  readonly wrappedEphemeral: Buffer;
  readonly ref: Uint8Array;
  /** When the code expires, in milliseconds since the epoch. */
  readonly endsAtMs: number;
  /** Set while the phone waits for the companion's key bundle. */
  onFinish?: (finish: { readonly bundle: Buffer; readonly identity: Buffer }) => void;
  onClosed?: () => void;
}

const REF_LENGTH = 32;

/** The pairing-code requests of one emulator, at most one per phone number: a newer one replaces the older. */
export class PairingCodes {
  readonly #context: EmulatorContext;
  readonly #requests = new Map<string, CodeRequest>();

  constructor(context: EmulatorContext) {
    this.#context = context;
  }

  /** Phone numbers for which a client waits. */
  get pendingNumbers(): readonly string[] {
    return [...this.#requests.keys()];
  }

  /** Answers a client's query about linking by code. */
  handle(client: LinkingClient, iq: BinaryNode, child: BinaryNode): void {
    if (child.attrs.stage === "companion_hello") return this.#hello(client, iq, child);
    if (child.attrs.stage === "companion_finish") return this.#finish(client, iq, child);
    client.connection.refuseUnknown(iq);
  }

  /** Drops the request of a client. */
  forget(client: LinkingClient): void {
    for (const [number, request] of this.#requests) {
      if (request.client !== client) continue;
      this.#requests.delete(number);
      request.onClosed?.();
    }
  }

  /** The phone's user types a code; see `VirtualPhone.enterPairingCode`. */
  async enter(account: Account, typed: string, options: WaitOptions): Promise<CompanionDevice> {
    const code = typed.replaceAll(/[\s-]/gu, "").toUpperCase();
    if (!PAIRING_CODE_PATTERN.test(code)) {
      throw new ZpwootError(
        "INVALID_INPUT",
        "A pairing code has 8 of the characters 1-9 and A-Z without I, O and U",
      );
    }
    const request = this.#requests.get(account.phoneNumber);
    if (request === undefined) {
      throw new ZpwootError("INVALID_INPUT", `No client waits for a pairing code of ${account.phoneNumber}`);
    }
    if (this.#context.now() >= request.endsAtMs) {
      throw new ZpwootError(
        "INVALID_INPUT",
        "The pairing code has expired: the client must ask for another one",
      );
    }
    if (this.#context.behaviour.refreshCodes > 0) this.#refresh(request);
    const companionEphemeral = await unwrapEphemeral(code, request.wrappedEphemeral);
    const { random } = this.#context;
    const ephemeral = generateKeyPair(random);
    const wrapped = await wrapEphemeral(code, ephemeral.publicKey, random);
    const finish = await this.#exchange(request, account, wrapped, options);
    const phoneIdentity = account.phone.identity;
    const opened = openKeyBundle({ bundle: finish.bundle, ephemeral, companionEphemeral, phoneIdentity });
    if (opened === undefined)
      throw new ZpwootError("INVALID_INPUT", "The pairing code is not the one the client shows");
    const { identityKey } = request.client.keys;
    if (!sameBytes(opened.companionIdentity, identityKey) || !sameBytes(finish.identity, identityKey)) {
      const problem = "The client finished the pairing code with another identity than it registered";
      request.client.connection.reportViolation(problem);
      throw new ZpwootError("PAIRING_REFUSED", problem);
    }
    return request.client.link(account, opened.advSecret, options);
  }

  #exchange(request: CodeRequest, account: Account, wrapped: Buffer, options: WaitOptions) {
    type Finish = { readonly bundle: Buffer; readonly identity: Buffer };
    return this.#context.events.wait<Finish>(
      "the companion to finish the pairing code",
      options,
      (resolve, reject) => {
        request.onFinish = resolve;
        request.onClosed = () =>
          reject(
            new ZpwootError(
              "PAIRING_REFUSED",
              "The companion closed the connection, or asked for a new code",
            ),
          );
        const { connection } = request.client;
        const attrs = { from: SERVICE_JID, type: "link_code_companion_reg", id: connection.nextQueryId() };
        const hello = node("link_code_companion_reg", { stage: "primary_hello" }, [
          node("link_code_pairing_wrapped_primary_ephemeral_pub", {}, wrapped),
          node("primary_identity_pub", {}, account.phone.identity.publicKey),
          node("link_code_pairing_ref", {}, request.ref),
        ]);
        connection.send(node("notification", { ...attrs, t: String(this.#context.seconds) }, [hello]));
        return () => {
          delete request.onFinish;
          delete request.onClosed;
        };
      },
    );
  }

  /** The service may ask a client to show another code before it accepts one. */
  #refresh({ client: { connection }, ref }: CodeRequest): never {
    this.#context.behaviour.refreshCodes -= 1;
    const attrs = { from: SERVICE_JID, type: "link_code_companion_reg", id: connection.nextQueryId() };
    const child = node("link_code_companion_reg", { stage: "refresh_code" }, [
      node("link_code_pairing_ref", {}, ref),
    ]);
    connection.send(node("notification", { ...attrs, t: String(this.#context.seconds) }, [child]));
    throw new ZpwootError("PAIRING_REFUSED", "The service asked the client for another code");
  }

  #hello(client: LinkingClient, iq: BinaryNode, child: BinaryNode): void {
    const { connection } = client;
    connection.step("companion-hello", {
      proceed: () => this.#answerHello(client, iq, child),
      refuse: (error) => connection.send(errorOf(iq, error, "refused")),
    });
  }

  #answerHello(client: LinkingClient, iq: BinaryNode, child: BinaryNode): void {
    const { connection, keys } = client;
    const wrappedEphemeral = bytesOf(childOf(child, "link_code_pairing_wrapped_companion_ephemeral_pub"));
    const noiseKey = bytesOf(childOf(child, "companion_server_auth_key_pub"));
    const display = textOf(childOf(child, "companion_platform_display"));
    const problem =
      wrappedEphemeral?.length !== WRAPPED_KEY_LENGTH
        ? "A wrapped ephemeral key must be 80 bytes"
        : !sameBytes(noiseKey, keys.noiseKey)
          ? "A pairing code must be asked for with the key of the handshake"
          : displayProblem(display ?? "", this.#context.behaviour.validateDisplay);
    if (problem !== undefined || wrappedEphemeral === undefined) {
      connection.reportViolation(problem ?? "The pairing-code request has no key");
      return connection.send(errorOf(iq, 400, "bad-request"));
    }
    const phoneNumber = digitsOf(child.attrs.jid ?? "");
    this.#requests.get(phoneNumber)?.onClosed?.();
    const ref = this.#context.random(REF_LENGTH);
    const endsAtMs = this.#context.now() + this.#context.behaviour.codeLifetimeMs;
    this.#requests.set(phoneNumber, { client, wrappedEphemeral, ref, endsAtMs });
    const answer = node("link_code_companion_reg", { stage: "companion_hello" }, [
      node("link_code_pairing_ref", {}, ref),
    ]);
    connection.send(resultOf(iq, [answer]));
    this.#context.events.emit("pairing-code-requested", { ...connection.facts, phoneNumber });
  }

  #finish(client: LinkingClient, iq: BinaryNode, child: BinaryNode): void {
    const { connection } = client;
    connection.step("companion-finish", {
      proceed: () => this.#answerFinish(client, iq, child),
      refuse: (error) => connection.send(errorOf(iq, error, "refused")),
    });
  }

  #answerFinish(client: LinkingClient, iq: BinaryNode, child: BinaryNode): void {
    const { connection } = client;
    const request = this.#requests.get(digitsOf(child.attrs.jid ?? ""));
    const bundle = bytesOf(childOf(child, "link_code_pairing_wrapped_key_bundle"));
    const identity = bytesOf(childOf(child, "companion_identity_public"));
    const ref = bytesOf(childOf(child, "link_code_pairing_ref"));
    if (request?.client !== client || bundle === undefined || identity === undefined) {
      connection.reportViolation("The client finished a pairing code it has not asked for");
      return connection.send(errorOf(iq, 400, "bad-request"));
    }
    if (!sameBytes(ref, request.ref)) {
      connection.reportViolation("The client finished a pairing code with another reference");
    }
    connection.send(resultOf(iq));
    request.onFinish?.({ bundle, identity });
  }
}

/** The names that clients of the real service have. */
const BROWSERS =
  /^(Chrome|Edge|Firefox|IE|Opera|Safari|Desktop) \((Windows|Mac OS|Linux|Ubuntu|Android|iOS)\)$/u;

/** What is wrong with the name of a client; undefined when it is right. */
function displayProblem(display: string, strict: boolean): string | undefined {
  if (!/^.+ \(.+\)$/u.test(display)) return "companion_platform_display must be of the form Browser (System)";
  if (strict && !BROWSERS.test(display))
    return "companion_platform_display must name a known browser and system";
  return undefined;
}
