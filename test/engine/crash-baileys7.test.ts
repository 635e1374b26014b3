import { crashSuite } from "../support/crash-suite.js";

crashSuite({ library: "Baileys 7", inHand: 20 });
