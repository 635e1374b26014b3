/** What one client goes through, in this order, from an empty folder to the end. */
import { ACCOUNT_STEPS } from "./account-steps.js";
import { DELIVERY_STEPS } from "./delivery-steps.js";
import { END_STEPS } from "./end-steps.js";
import { GROUP_STEPS } from "./group-steps.js";
import { LINK_STEPS } from "./link-steps.js";
import { RECEIVE_STEPS } from "./receive-steps.js";
import { SEND_STEPS } from "./send-steps.js";
import { SYNC_STEPS } from "./sync-steps.js";
import type { Step } from "./world.js";

/** All steps. */
export const STEPS: readonly Step[] = [
  ...LINK_STEPS,
  ...SEND_STEPS,
  ...RECEIVE_STEPS,
  ...DELIVERY_STEPS,
  ...GROUP_STEPS,
  ...ACCOUNT_STEPS,
  ...SYNC_STEPS,
  ...END_STEPS,
];

/** The steps that a library can't go, as it has no method, or no content, for them. */
export const NOT_IN: Readonly<Record<string, readonly string[]>> = {
  whaileys: [
    "pins a message",
    "sends a poll, and the person votes",
    "sends an event",
    "lets admins decide who joins, and decides",
    "takes its picture away",
    "lets the messages of new chats disappear",
    "makes a newsletter, and posts",
    "follows a newsletter, reacts, and leaves it",
    "stars a message",
  ],
  "Baileys 6.17.16": [
    "sends an event",
    "makes a newsletter, and posts",
    "follows a newsletter, reacts, and leaves it",
  ],
  "Baileys 7": [],
};
