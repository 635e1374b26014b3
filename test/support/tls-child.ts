/** Opens a store, writes and reads a value, and reports the result: `tls-child.ts <store-url>`. */
import { openStore } from "../../src/store/open-store.js";

const [url = ""] = process.argv.slice(2);
const store = openStore(url);
try {
  await store.open();
  await store.write("tls", new Map([["wa/tls/x", "over TLS"]]));
  const read = (await store.read(["wa/tls/x"])).get("wa/tls/x");
  console.log(JSON.stringify({ read }));
} catch (error) {
  console.log(JSON.stringify({ failed: error instanceof Error ? error.message : String(error) }));
} finally {
  await store.close().catch(() => {});
}
