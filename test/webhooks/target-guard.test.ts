import type { LookupAddress, LookupOptions } from "node:dns";
import type { LookupFunction } from "node:net";
import { describe, expect, it } from "vitest";
import { guardedLookup, isPublicAddress } from "../../src/egress/target-guard.js";
import { webhookUrlProblem } from "../../src/webhooks/webhook-url.js";
import { HttpTransport, PostError } from "../../src/webhooks/transport.js";
import { Receiver } from "./receiver.js";

/** A resolver that knows one answer. */
function resolvesTo(...addresses: readonly string[]): LookupFunction {
  const found: LookupAddress[] = addresses.map((address) => ({
    address,
    family: address.includes(":") ? 6 : 4,
  }));
  return (_, options: LookupOptions, callback) => {
    if (options.all === true) callback(null, found);
    else callback(null, found[0]?.address ?? "", found[0]?.family);
  };
}

/** What the guarded resolver says. */
function lookedUp(lookup: LookupFunction, options: LookupOptions): Promise<unknown> {
  return new Promise((resolve) => {
    guardedLookup(lookup)("name.example", options, (error, address) => resolve(error ?? address));
  });
}

async function reasonOf(posting: Promise<unknown>): Promise<string> {
  const error: unknown = await posting.then(
    () => new Error("it was posted"),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(PostError);
  return (error as PostError).message;
}

const request = { headers: {}, body: "{}", timeoutMs: 1_000, signal: new AbortController().signal };

describe("an address", () => {
  it.each([
    "0.0.0.0",
    "10.1.2.3",
    "100.64.0.1",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.2.1",
    "192.168.1.1",
    "198.18.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::ffff:127.0.0.1",
    "::ffff:a00:1",
    "::ffff:8.8.8.8",
    "64:ff9b::10.0.0.1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "3fff::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "",
    "example.com",
    "127.1",
  ])("of %s is not public", (address) => expect(isPublicAddress(address)).toBe(false));

  it.each([
    "1.1.1.1",
    "8.8.8.8",
    "100.63.255.255",
    "100.128.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "192.0.1.1",
    "193.0.0.1",
    "223.255.255.255",
    "2606:4700:4700::1111",
    "2a00:1450:4001:80b::200e",
    "64:ff9b::808:808",
  ])("of %s is public", (address) => expect(isPublicAddress(address)).toBe(true));
});

describe("a webhook's URL", () => {
  it.each([
    "http://127.0.0.1/",
    "http://127.1/",
    "http://2130706433/",
    "http://0x7f.0.0.1/",
    "http://017700000001/",
    "http://[::1]/",
    "http://[::ffff:10.0.0.1]/",
    "http://[::ffff:a9fe:a9fe]/",
    "http://169.254.169.254/latest/meta-data",
    "http://localhost/",
    "http://LOCALHOST./",
    "http://api.localhost:8080/",
    "http://user:password@10.0.0.1/",
    "http://①②⑦.0.0.1/",
  ])("of %s is refused, however the address is written", (url) => {
    expect(webhookUrlProblem(url, false)).toBe("webhookUrl must not be a private address");
    expect(webhookUrlProblem(url, true)).toBeUndefined();
  });

  it.each(["https://example.com/hook", "http://8.8.8.8:8080/", "https://localhost.example.com/"])(
    "of %s is good",
    (url) => expect(webhookUrlProblem(url, false)).toBeUndefined(),
  );

  it.each(["ftp://example.com/", "file:///etc/passwd", "javascript:alert(1)", "example.com", ""])(
    "of %j is none, private targets allowed or not",
    (url) => {
      expect(webhookUrlProblem(url, false)).toBe("webhookUrl must be a URL address");
      expect(webhookUrlProblem(url, true)).toBe("webhookUrl must be a URL address");
    },
  );
});

describe("a name", () => {
  it.each([{ all: true }, { all: false }])(
    "that resolves to a private address is refused (%j)",
    async (options) => {
      for (const address of ["127.0.0.1", "::ffff:10.0.0.1", "fd00::1"]) {
        expect(await lookedUp(resolvesTo(address), options)).toMatchObject({ code: "TARGET_REFUSED" });
      }
    },
  );

  it("that resolves to public addresses is connected to at just these", async () => {
    expect(await lookedUp(resolvesTo("8.8.8.8"), { all: false })).toBe("8.8.8.8");
    expect(await lookedUp(resolvesTo("8.8.8.8", "2606:4700:4700::1111"), { all: true })).toEqual([
      { address: "8.8.8.8", family: 4 },
      { address: "2606:4700:4700::1111", family: 6 },
    ]);
  });

  it("with one private address among public ones, or none at all, is refused", async () => {
    for (const lookup of [resolvesTo("8.8.8.8", "10.0.0.1"), resolvesTo()]) {
      expect(await lookedUp(lookup, { all: true })).toMatchObject({ code: "TARGET_REFUSED" });
    }
  });

  it("that resolves into the machine gets no connection, nor is its address told", async () => {
    await using receiver = await Receiver.start();
    const url = `http://rebound.example:${receiver.port}/`;
    const options = { maxResponseBytes: 1_000, lookup: resolvesTo("127.0.0.1") };
    const guarded = new HttpTransport({ ...options, allowPrivateTargets: false });
    const open = new HttpTransport({ ...options, allowPrivateTargets: true });
    expect(await reasonOf(guarded.post({ ...request, url }))).toMatch(
      /^target refused: not a public http\(s\) address/,
    );
    expect(receiver.connections).toBe(0);
    expect(await open.post({ ...request, url })).toMatchObject({ status: 204 });
    guarded.close();
    open.close();
  });

  it("that was public a moment ago is judged anew by what it resolves to now", async () => {
    await using receiver = await Receiver.start();
    const answers = ["203.0.113.1", "127.0.0.1"];
    const asked: string[] = [];
    const lookup: LookupFunction = (name, options, callback) => {
      asked.push(name);
      resolvesTo(answers.shift() ?? "127.0.0.1")(name, options, callback);
    };
    const transport = new HttpTransport({ allowPrivateTargets: false, maxResponseBytes: 1_000, lookup });
    const url = `http://flapping.example:${receiver.port}/`;
    for (let n = 0; n < 2; n += 1)
      expect(await reasonOf(transport.post({ ...request, url }))).toMatch(/^target refused/);
    expect(asked).toHaveLength(2);
    expect(receiver.connections).toBe(0);
    transport.close();
  });
});
