import { chaosSuite } from "../support/chaos-suite.js";
import { extent } from "../support/extent.js";

chaosSuite("whaileys", extent(5, 1));
