import { chaosSuite } from "../support/chaos-suite.js";

chaosSuite("whaileys", 1);
