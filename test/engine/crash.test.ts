import { crashSuite } from "../support/crash-suite.js";

crashSuite("whaileys");
