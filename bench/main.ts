/** `npm run bench -- <name>`: ratios measured side by side in one run. */
import { benchHttp } from "./http.js";
import { benchMemory } from "./memory.js";
import { benchStores } from "./stores.js";
import { benchWebhooks } from "./webhooks.js";

const BENCHES: Readonly<Record<string, () => Promise<void>>> = {
  http: benchHttp,
  memory: benchMemory,
  stores: benchStores,
  webhooks: benchWebhooks,
};

const [name = ""] = process.argv.slice(2);
const bench = BENCHES[name];
if (bench === undefined) {
  console.error(`Which one? ${Object.keys(BENCHES).join(", ")}`);
  process.exitCode = 2;
} else {
  await bench();
}
