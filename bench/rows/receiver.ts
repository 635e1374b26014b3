/** A webhook receiver that acknowledges everything. */
import { once } from "node:events";
import { Worker } from "node:worker_threads";

const SOURCE = `
  const { createServer } = require("node:http");
  const { parentPort } = require("node:worker_threads");
  const server = createServer((request, response) => {
    request.resume();
    request.on("end", () => response.writeHead(204).end());
  });
  server.listen(0, "127.0.0.1", () => parentPort.postMessage(server.address().port));`;

/** Starts one on a thread of its own. Settles with its URL. */
export async function startReceiver(): Promise<{
  readonly url: string;
  readonly end: () => Promise<unknown>;
}> {
  const worker = new Worker(SOURCE, { eval: true });
  const [port] = (await once(worker, "message")) as [number];
  return { url: `http://127.0.0.1:${port}/hook`, end: () => worker.terminate() };
}
