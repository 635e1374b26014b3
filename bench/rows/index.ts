/** All rows, in the order in which they run and are printed. */
import type { Row } from "../frame/row.js";
import { clusterSend, clusterStatus } from "./cluster-calls.js";
import { clusterMessage } from "./cluster-message.js";
import { clusterRest } from "./cluster-rest.js";
import { clusterTakeover } from "./cluster-takeover.js";
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
  clusterMessage,
  clusterRest,
  clusterStatus,
  clusterSend,
  clusterTakeover,
];
