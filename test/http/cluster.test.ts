/** What HTTP shows of a cluster: `GET /cluster`, where a session runs, and the nodes on the overview. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ZpwootClient } from "../../src/client/index.js";
import { createHttpHandler } from "../../src/http/index.js";
import { clusterSchema } from "../../src/http/contract/admin.js";
import type { SessionManager } from "../../src/manager/session-manager.js";
import { ClusterWorld, eventually, owned, SHARED_STORES } from "../cluster/nodes.js";
import { browserIsMissing, openBrowser } from "../support/browser.js";
import { serve } from "./servers.js";

const KEY = "key-of-the-cluster";
const [postgres] = SHARED_STORES;

/** Two nodes, north and south, that have shared four sessions. */
async function twoNodes(world: ClusterWorld): Promise<readonly [SessionManager, SessionManager]> {
  const north = await world.started({ name: "north" });
  for (const name of ["a", "b", "c", "d"]) await north.create({ name });
  const south = await world.started({ name: "south <b>" });
  await eventually(() => owned([north, south]).join() === "2,2", "a fair share");
  return [north, south];
}

const clientOf = (manager: SessionManager, apiKey = KEY): ZpwootClient => {
  const { fetch } = createHttpHandler(manager, { apiKeys: KEY, system: true });
  return new ZpwootClient({ baseUrl: "http://localhost", apiKey, fetch });
};

describe("a cluster over HTTP", { timeout: 60_000 }, () => {
  it("shows its nodes to administrators, from any node", async () => {
    await using world = await ClusterWorld.open(postgres.open);
    const [north, south] = await twoNodes(world);
    await eventually(
      async () => (await clientOf(south).getCluster()).nodes[0]?.left.handovers === 2,
      "the other node has heard of the moves",
    );
    const seen = await clientOf(south).getCluster();
    expect(clusterSchema.parse(seen)).toMatchObject({
      nodeId: south.cluster?.nodeId,
      nodes: [
        {
          id: north.cluster?.nodeId,
          name: "north",
          state: "alive",
          sessions: 2,
          self: false,
          left: { handovers: 2 },
        },
        { name: "south <b>", state: "alive", sessions: 2, self: true, taken: { claims: 0, handovers: 2 } },
      ],
      sessions: { total: 4, owned: 2, unowned: 0 },
    });
    expect((await clientOf(north).getCluster()).nodes.map(({ self }) => self)).toEqual([true, false]);
    for (const role of ["viewer", "operator"] as const) {
      const { key } = await north.apiKeys.create({ name: role, role });
      await expect(clientOf(north, key).getCluster()).rejects.toMatchObject({ status: 403 });
    }
  });

  it("tells operators, not viewers, which node runs a session, and an epoch that grows with each move", async () => {
    await using world = await ClusterWorld.open(postgres.open);
    const north = await world.started({ name: "north" });
    const { id } = await north.create({ name: "a" });
    expect((await clientOf(north).getSession(id)).detail).toMatchObject({ node: "north", epoch: 1 });
    const south = await world.started({ name: "south" });
    await north.cluster?.drain();
    await eventually(() => owned([south]).join() === "1", "the other node has it");
    const { detail } = await clientOf(south).getSession(id);
    expect(detail.epoch).toBeGreaterThan(1);
    const place = { node: "south", epoch: detail.epoch };
    expect(detail).toMatchObject(place);
    expect((await clientOf(south).getSessionStatus(id)).detail).toMatchObject(place);
    expect((await clientOf(south).listSessions()).map(({ detail }) => detail)).toMatchObject([place]);
    const detailFor = async (role: "viewer" | "operator") => {
      const { key } = await south.apiKeys.create({ name: role, role });
      return (await clientOf(south, key).getSession(id)).detail;
    };
    expect(await detailFor("operator")).toMatchObject(place);
    expect(Object.keys(await detailFor("viewer"))).toEqual(["state", "reason"]);
  });
});

describe.skipIf(browserIsMissing())("the overview of a cluster in a browser", { timeout: 90_000 }, () => {
  let browser: Browser;
  beforeAll(async () => void (browser = await openBrowser()));
  afterAll(() => browser?.close());

  async function open(manager: SessionManager, key: string, language: string) {
    const { node } = createHttpHandler(manager, { apiKeys: KEY, system: true });
    const server = await serve((request, response) => void node(request, response));
    const context = await browser.newContext({ locale: language });
    const page = await context.newPage();
    const problems: string[] = [];
    page.on("pageerror", (error) => problems.push(error.message));
    page.on("console", (line) => {
      if (line.type() === "error" && !/40\d/.test(line.text())) problems.push(line.text());
    });
    const asked: string[] = [];
    page.on("request", (request) => asked.push(new URL(request.url()).pathname));
    await page.goto(`http://127.0.0.1:${server.port}/sessions/overview#key=${key}`);
    const rows = () => page.locator("#nodes tr").allInnerTexts();
    const dispose = async (): Promise<void> => {
      await context.close();
      await server.close();
    };
    return { page, problems, asked, rows, [Symbol.asyncDispose]: dispose };
  }

  it("has the nodes, with what each runs, took and gave, and follows them", async () => {
    await using world = await ClusterWorld.open(postgres.open);
    const [north, south] = await twoNodes(world);
    await using app = await open(north, KEY, "en");
    await app.page.getByRole("heading", { name: "Nodes" }).waitFor();
    await expect
      .poll(app.rows, { timeout: 15_000 })
      .toEqual([
        expect.stringMatching(/^north · answers here\talive\t2\t0\t2\t\d s ago\t\d+\.\d+\.\d+/) as string,
        expect.stringMatching(/^south <b>\talive\t2\t2\t0\t\d s ago\t/) as string,
      ]);
    const [own] = north.cluster?.ownSessions() ?? [];
    const row = app.page
      .getByRole("row")
      .filter({ has: app.page.getByText(own?.name ?? "", { exact: true }) });
    await row.getByRole("button", { name: "Details" }).click();
    await app.page.getByText(/^north · 1$/).waitFor();
    await south.cluster?.drain();
    await expect
      .poll(app.rows, { timeout: 15_000 })
      .toEqual([
        expect.stringMatching(/^north · answers here\talive\t4\t2\t2\t/) as string,
        expect.stringMatching(/^south <b>\tgives its sessions away\t0\t2\t2\t/) as string,
      ]);
    await south.stop();
    await expect.poll(async () => (await app.rows()).length, { timeout: 15_000 }).toBe(1);
    await using brazilian = await open(north, KEY, "pt-BR");
    await brazilian.page.getByRole("heading", { name: "Nós" }).waitFor();
    await expect
      .poll(brazilian.rows)
      .toEqual([expect.stringMatching(/^north · responde aqui\tativo\t4\t/) as string]);
    expect([...app.problems, ...brazilian.problems]).toEqual([]);
  });

  it("shows no nodes to who is no administrator, and asks once; on a server without a cluster it does not ask", async () => {
    await using world = await ClusterWorld.open(postgres.open);
    const north = await world.started({ name: "north" });
    await north.create({ name: "seen by viewers" });
    const { key } = await north.apiKeys.create({ name: "viewer", role: "viewer" });
    await using app = await open(north, key, "en");
    await app.page.getByText("seen by viewers").waitFor();
    const lists = (): number => app.asked.filter((path) => path === "/sessions/list").length;
    await expect.poll(lists, { timeout: 15_000 }).toBeGreaterThan(1);
    expect(app.asked.filter((path) => path === "/cluster")).toHaveLength(1);
    expect(await app.page.locator("#cluster").isVisible()).toBe(false);
    expect(app.problems).toEqual([]);
    await north.stop();
    const alone = world.manager();
    await alone.start();
    await using plain = await open(alone, KEY, "en");
    await plain.page.getByText("seen by viewers").waitFor();
    await expect
      .poll(() => plain.asked.filter((path) => path === "/sessions/list").length, { timeout: 15_000 })
      .toBeGreaterThan(1);
    expect(plain.asked).not.toContain("/cluster");
    expect(await plain.page.locator("#cluster").count()).toBe(0);
    expect(plain.problems).toEqual([]);
  });
});
