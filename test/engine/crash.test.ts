import { crashSuite } from "../support/crash-suite.js";

crashSuite({ library: "whaileys", inHand: 2 });
