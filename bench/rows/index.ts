/** All rows, in the order in which they run and are printed. */
import type { Row } from "../frame/row.js";
import { httpCreate, httpList, httpStatus } from "./http.js";
import { memory } from "./memory.js";
import { receiveCalm, receiveMany, receiveOne, receiveWebhook } from "./receive.js";
import { sendOne } from "./send.js";
import { webhooks } from "./webhooks.js";

export const ROWS: readonly Row[] = [
  memory,
  receiveOne,
  receiveMany,
  receiveWebhook,
  receiveCalm,
  sendOne,
  webhooks,
  httpStatus,
  httpList,
  httpCreate,
];
