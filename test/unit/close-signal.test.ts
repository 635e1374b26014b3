import { describe, expect, it } from "vitest";
import { closeSignalOf } from "../../src/whatsapp/close-signal.js";

const boom = (message: string, statusCode?: number, data?: unknown): Error =>
  Object.assign(new Error(message), statusCode === undefined ? {} : { output: { statusCode } }, { data });

describe("close signal", () => {
  it("reads a stream error with its conflict", () => {
    const node = {
      tag: "stream:error",
      attrs: { code: "401" },
      content: [{ tag: "conflict", attrs: { type: "device_removed" } }],
    };
    expect(closeSignalOf(boom("Stream Errored (conflict)", 401, node))).toMatchObject({
      kind: "closed",
      code: 401,
      verdict: true,
      conflict: "device_removed",
    });
  });

  it("reads a failure with the end of a ban", () => {
    expect(closeSignalOf(boom("Connection Failure", 402, { reason: "402", expire: "3600" }))).toMatchObject({
      code: 402,
      verdict: true,
      expireSeconds: 3600,
    });
  });

  it("tells the end of the QR codes from a lost network", () => {
    expect(closeSignalOf(boom("QR refs attempts ended", 408)).linkTimeout).toBe(true);
    expect(closeSignalOf(boom("Connection was lost", 408)).linkTimeout).toBeUndefined();
  });

  it("does not take a gateway's 401 for WhatsApp's", () => {
    expect(closeSignalOf(boom("WebSocket Error (Unexpected server response: 401)", 401)).verdict).toBe(false);
  });

  it.each([
    [
      "a stream error without a code",
      boom("Stream Errored (ack)", 500, { attrs: {}, content: [{ tag: "ack" }] }),
    ],
    ["an empty stream error", boom("Stream Errored (unknown)", 500, { tag: "stream:error", attrs: {} })],
    ["a stream error with a word for a code", boom("Stream Errored (x)", NaN, { attrs: { code: "x" } })],
    ["a failure without a reason", boom("Connection Failure", 500, {})],
    ["an untrusted certificate", boom("WebSocket Error (self-signed certificate)", 500)],
    ["a hung upgrade", boom("WebSocket Error (Opening handshake has timed out)", 500)],
  ])("takes the 500 that the library makes of %s for no code, and keeps its text", (_, error) => {
    expect(closeSignalOf(error)).toMatchObject({ code: undefined, verdict: false, kind: "closed" });
    expect(closeSignalOf(error).error).toBe(error.message);
  });

  it("reads the HTTP status of a refused upgrade, redirects too", () => {
    for (const status of [302, 500, 411])
      expect(
        closeSignalOf(boom(`WebSocket Error (Unexpected server response: ${status})`, 500)),
      ).toMatchObject({
        code: status,
        verdict: false,
      });
  });

  it("reads the code from the stanza that ended the stream, of which Baileys 7 passes on a child", () => {
    const child = { tag: "ack", attrs: {} };
    const stanza = { tag: "stream:error", attrs: { code: "500" }, content: [child] };
    expect(closeSignalOf(boom("Stream Errored (ack)", 500, child), stanza)).toMatchObject({
      code: 500,
      verdict: true,
    });
  });

  it("takes the refusal of a client without linked devices for WhatsApp's, not the 411 of a gateway", () => {
    expect(closeSignalOf(boom("Multi-device beta not joined", 411)).verdict).toBe(true);
  });

  it("knows a wrong account signature, whatever code it carries", () => {
    expect(closeSignalOf(boom("Invalid account signature", 500)).badSignature).toBe(true);
  });

  it("calls an error without a code one that escaped inside the library", () => {
    expect(closeSignalOf(new TypeError("x is undefined"))).toMatchObject({ kind: "guarded", verdict: false });
  });

  it.each([
    undefined,
    null,
    "text",
    1006,
    {},
    { output: null, data: 5, message: 7 },
    boom("Stream Errored (x)", 500, { content: "no" }),
  ])("takes %s without throwing", (error) => {
    expect(closeSignalOf(error).kind).toMatch(/closed|guarded/);
  });
});
