import { chaosSuite } from "../support/chaos-suite.js";
import { extent } from "../support/extent.js";

// The whole table takes minutes, because Baileys 7 uploads 800 keys with every link: npm run chaos -- --library "Baileys 7"
chaosSuite("Baileys 7", extent(16, 5));
