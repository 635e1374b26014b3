/** Makes an embedded store under a umask that takes no rights away. */
import { openStore } from "../../src/store/open-store.js";

process.umask(0);
const store = openStore(process.argv[2] ?? "");
await store.open();
await store.write("s", new Map([["wa/s/x", 1]]));
await store.close();
