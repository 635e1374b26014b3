import { describe, expect, it } from "vitest";
import { createHttpHandler, type QRCodeResponse } from "../../src/http/index.js";
import { EngineWorld } from "../support/engine.js";

async function open() {
  const world = await EngineWorld.open({ whatsapp: { qrTimeoutMs: 700 } });
  const { fetch } = createHttpHandler(world.manager, { apiKeys: "k" });
  const get = (path: string, accept?: string) => {
    const headers = { "x-api-key": "k", ...(accept === undefined ? {} : { accept }) };
    return fetch(new Request(`http://localhost/sessions/${path}`, { headers }));
  };
  return { world, get, [Symbol.asyncDispose]: () => world[Symbol.asyncDispose]() };
}

const json = async (answer: Response) => (await answer.json()) as QRCodeResponse;

describe("the QR code over HTTP", () => {
  it("is an image when that is asked for, by query or by Accept", async () => {
    await using app = await open();
    const { id } = await app.world.connecting();
    const png = await app.get(`${id}/qr?format=png`);
    expect(png.headers.get("content-type")).toBe("image/png");
    expect(png.headers.get("cache-control")).toBe("no-store");
    const bytes = Buffer.from(await png.arrayBuffer());
    expect(bytes.subarray(0, 8).toString("hex")).toBe("89504e470d0a1a0a");
    expect(bytes.readUInt32BE(16)).toBe(512);
    const svg = await app.get(`${id}/qr`, "image/svg+xml");
    expect(await svg.text()).toMatch(/^<svg [^]*<\/svg>\s*$/);
    expect(await (await app.get(`${id}/qr?format=dataurl`)).text()).toMatch(/^data:image\/png;base64,iVBOR/);
    for (const accept of ["application/json", "*/*", "text/html, */*;q=0.8", "image/png, application/json"]) {
      expect((await app.get(`${id}/qr`, accept)).headers.get("content-type"), accept).toMatch(/json/);
    }
  });

  it("is waited for, and then the next one, until the session is connected", async () => {
    await using app = await open();
    const { world } = app;
    const id = await world.created();
    await world.manager.connect(id);
    const first = await json(await app.get(`${id}/qr?wait=10`));
    expect(first).toMatchObject({ id, status: "connecting", seq: 1 });
    const second = await json(await app.get(`${id}/qr?wait=10&seq=1`));
    expect(second.seq).toBe(2);
    expect(second.qrCode).not.toBe(first.qrCode);
    const waiting = app.get(`${id}/qr?wait=20&seq=1000`);
    await world.phone().scan(second.qrCode ?? "");
    expect(await json(await waiting)).toEqual({
      id,
      qrCode: null,
      status: "connected",
      message: "Session is already connected",
    });
  });

  it("is not waited for longer than asked, nor where none can come", async () => {
    await using app = await open();
    const id = await app.world.created();
    expect(await json(await app.get(`${id}/qr?wait=30`))).toMatchObject({
      status: "disconnected",
      qrCode: null,
    });
    const { id: other } = await app.world.connecting("other");
    expect((await json(await app.get(`${other}/qr?wait=0&seq=1000`))).status).toBe("connecting");
    const waiting = app.get(`${other}/qr?wait=30&seq=1000`);
    await app.world.manager.delete(other);
    expect((await waiting).status).toBe(404);
  });

  it("as an image is 404 when there is none, and wrong questions are 400", async () => {
    await using app = await open();
    const id = await app.world.created();
    const none = await app.get(`${id}/qr?format=png`);
    expect(none.status).toBe(404);
    expect(await json(none)).toMatchObject({
      message: "QR code not available. Make sure the session is connecting.",
    });
    for (const query of ["format=gif", "wait=61", "wait=-1", "wait=x", "seq=1.5"]) {
      expect((await app.get(`${id}/qr?${query}`)).status, query).toBe(400);
    }
  });
});
