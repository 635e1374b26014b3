/** All rows, in the order in which they run and are printed. */
import type { Row } from "../frame/row.js";
import { memory } from "./memory.js";
import { receiveMany, receiveOne, receiveWebhook } from "./receive.js";
import { sendOne } from "./send.js";

export const ROWS: readonly Row[] = [memory, receiveOne, receiveMany, receiveWebhook, sendOne];
