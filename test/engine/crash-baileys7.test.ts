import { crashSuite } from "../support/crash-suite.js";

crashSuite("Baileys 7");
